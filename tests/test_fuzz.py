"""Anything the schema allows, asked of an Omneo that fails in any way: every error has a code, nothing leaks."""

import asyncio
import contextlib
import io
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import DocumentNode
from house import SERVICE, House, open_house
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from schema import schema
from schema.codes import CODES

SECRET = "Traceback: password=hunter2 at db.internal"
EMAIL = "secret.person@example.com"
PROFILE = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"
TOLD_TO_NOBODY = ("hunter2", "db.internal", "Traceback", "127.0.0.1", "sandbox-token", SERVICE, "eyJ")

NAMES = (
    "welcome-gift",
    EMAIL,
    "Australia/Melbourne",
    "key-1",
    "../../x",
    "\x00",
    "é",
    "\U0001f600",
    "",
    " ",
    "a" * 300,
)
IDS = ("1", "2", "19", "0", "-1", "9" * 20, "..", "me", PROFILE, PROFILE.upper(), "gw1-" + "0" * 40)
MOMENTS = ("2026-03-01T09:30:00+11:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "ID": st.sampled_from(IDS).map(nodes.String),
    "String": st.sampled_from(NAMES).map(nodes.String),
    "Int": st.integers(-1, 12).map(nodes.Int),
    "DateTime": st.sampled_from(MOMENTS).map(nodes.String),
    "Date": st.just("2026-03-01").map(nodes.String),
    "Decimal": st.sampled_from(["1.5", "-0", "1e99"]).map(nodes.String),
    "JSON": st.sampled_from([nodes.Null, nodes.Object([]), nodes.String("x"), nodes.Int(7)]),
}
FAULTS = st.lists(
    st.one_of(
        st.builds(
            lambda status, body: {"action": "status", "status": status, "body": body},
            st.sampled_from([200, 204, 302, 400, 401, 403, 404, 409, 418, 422, 429, 500, 503]),
            st.sampled_from([SECRET, "", "null", "[]", '{"data": null}', '{"data": [{}]}', '{"data": {"id": "x"}}']),
        ),
        st.just({"action": "garbage"}),
    ).flatmap(
        lambda fault: st.sampled_from(["*", "*/benefits*", "*/profiles*", "*/definitions*"]).map(
            lambda path: {"path": path, "probability": 0.5, **fault}
        )
    ),
    max_size=2,
)
OPERATIONS = from_schema(schema.as_str(), custom_scalars=SCALARS, allow_null=False)


class Session:
    """One gateway for all examples of a test, and what it wrote to its log."""

    def __init__(self) -> None:
        self.log = io.StringIO()
        self._runner = asyncio.Runner()
        self._open = contextlib.AsyncExitStack()
        self.house: House = self.run(
            self._open.enter_async_context(
                open_house(REQUEST_DEADLINE_S="0.5", WRITE_QUARANTINE_S="0.01", LIMIT_WRITES="20", LIMIT_DEPTH="30")
            )
        )
        self.member: str = self.run(self.house.member(PROFILE))

    def run(self, work: Any) -> Any:
        with contextlib.redirect_stderr(self.log):
            return self._runner.run(work)

    def close(self) -> None:
        self.run(self._open.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    opened = Session()
    yield opened
    opened.close()


def assert_sound(answer: dict[str, Any]) -> None:
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] in CODES, error
        assert error["extensions"]["code"] != "INTERNAL", error
    upstream = answer.get("extensions", {}).get("upstream", {})
    if "predicted" in upstream:
        assert upstream["made"] <= upstream["predicted"]
    text = json.dumps(answer)
    assert [secret for secret in TOLD_TO_NOBODY if secret in text] == []


def assert_silent(log: str) -> None:
    for line in log.splitlines():
        assert json.loads(line)["level"] in ("info", "warning"), line
    assert [secret for secret in (*TOLD_TO_NOBODY, EMAIL) if secret in log] == []


@pytest.mark.parametrize("caller", ["service", "member"])
@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "40")),
    derandomize="FUZZ_EXAMPLES" not in os.environ,  # the same examples every time, unless somebody goes hunting
    phases=(Phase.generate,),  # to make an example smaller takes minutes, and is of little help with a query
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(document=OPERATIONS, faults=FAULTS)
def test_whatever_is_asked_of_a_failing_omneo_has_coded_errors_and_no_leak(
    session: Session, caller: str, document: DocumentNode | str, faults: list[dict[str, Any]]
) -> None:
    """`made` never exceeds `predicted`; nothing of Omneo's words, hosts or tokens is in an answer or a log line."""
    token = SERVICE if caller == "service" else session.member
    session.log.seek(0)
    session.log.truncate()
    session.run(session.house.faults(*faults))
    answer = session.run(session.house.ask(str(document), token=token))
    assert_sound(answer)
    assert_silent(session.log.getvalue())
