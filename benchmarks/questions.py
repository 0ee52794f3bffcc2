"""What the contestants are asked: the same documents, whose answers must be the same."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load import post
from benchmarks.servers import TOKEN
from benchmarks.upstream import BENEFITS_EACH, PROFILES, profile_id

_BENEFITS = f"""benefits(first: {BENEFITS_EACH}) {{ nodes {{
  id issuedAt expiresAt isExpired isRedeemable redemptionsRemaining definition {{ id name handle }}
}} }}"""


@dataclass(frozen=True, eq=False)
class Question:
    """One document; where `variables` differ, requests take turns with them."""

    name: str
    title: str
    document: str
    variables: list[dict[str, Any]] = field(default_factory=lambda: [{}])

    def bodies(self) -> list[bytes]:
        """Return what is posted, one body for each set of variables."""
        return [json.dumps({"query": self.document, "variables": each}).encode() for each in self.variables]

    def requests(self) -> list[bytes]:
        """Return the same as it goes over the wire."""
        return [post("/graphql", body, {"authorization": f"Bearer {TOKEN}"}) for body in self.bodies()]


_EACH_PROFILE = [{"id": profile_id(number)} for number in range(PROFILES)]

Q0 = Question("Q0", "`{__typename}`", "{ __typename }")
Q1 = Question(
    "Q1",
    f"{PROFILES} profiles → {BENEFITS_EACH} benefits each → definition",
    f"{{ profiles(first: {PROFILES}) {{ nodes {{ id firstName lastName email {_BENEFITS} }} }} }}",
)
Q1_APART = Question(
    "Q1 apart",
    "the same, but no two clients ask for pages of the same size, so that no two reads are equal",
    f"query Apart($first: Int) {{ profiles(first: {PROFILES}) {{ nodes {{ id firstName lastName email "
    f"{_BENEFITS.replace(str(BENEFITS_EACH), '$first', 1)} }} }} }}",
    [{"first": BENEFITS_EACH + more} for more in range(64)],
)
Q2 = Question(
    "Q2",
    f"the mobile screen: one profile → {BENEFITS_EACH} benefits → definition",
    f"query Screen($id: ID!) {{ profile(id: $id) {{ id firstName lastName email {_BENEFITS} }} }}",
    _EACH_PROFILE,
)
Q3 = Question(
    "Q3",
    "one profile, two fields",
    "query Name($id: ID!) { profile(id: $id) { firstName lastName } }",
    _EACH_PROFILE,
)
QUESTIONS = (Q1, Q1_APART, Q2, Q3, Q0)


def ask(port: int, body: bytes) -> Any:
    """Ask one question and return the data. Raises ValueError for an answer with errors."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 — loopback
        decoded = json.loads(answer.read())
    if "errors" in decoded:
        raise ValueError(decoded["errors"])
    return decoded["data"]
