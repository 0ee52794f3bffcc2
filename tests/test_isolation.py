"""Callers who hammer at once: not one byte of one in the answers of another, whoever hangs up or times out."""

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from house import OMNEO, House
from http_support import DEVELOPMENT, on_socket

from config import Settings
from gateway import create_app
from sandbox.app import create_app as create_sandbox
from sandbox.settings import Settings as SandboxSettings

MINE = """
    query Mine($other: ID!, $theirs: ID!) {
        me { id email balances { pointBalance } benefits(first: 50) { nodes { id profileId profile { email } } } }
        profile(id: $other) { id email }
        benefit(id: $theirs) { id profileId }
    }
"""
SEVERAL = """
    query Several($first: ID!, $second: ID!) {
        a: profile(id: $first) { id email benefits(first: 3) { totalCount } }
        b: profile(id: $second) { id email }
        benefitDefinition(by: {id: "1"}) { id internalNotes }
    }
"""


@dataclass
class Caller:
    """One who asks the same over and over, what the answer is when nobody else asks, and what it must never hold."""

    token: str
    query: str
    variables: dict[str, str]
    foreign: list[str] = field(default_factory=list)
    alone: bytes = b""
    answered: int = 0
    cut_short: int = 0

    @property
    def body(self) -> dict[str, Any]:
        return {"query": self.query, "variables": self.variables}

    async def ask(self, client: httpx.AsyncClient) -> bytes:
        answer = await client.post("/graphql", json=self.body, headers={"authorization": f"Bearer {self.token}"})
        return answer.content

    def judge(self, answer: bytes) -> None:
        """Equal to the answer given alone, or with coded errors where calls failed; never with what is another's."""
        assert [each for each in self.foreign if each.encode() in answer] == []
        if answer != self.alone:
            codes = {error["extensions"]["code"] for error in json.loads(answer)["errors"]}
            assert codes <= {"UPSTREAM_TIMEOUT", "UPSTREAM_UNAVAILABLE", "FORBIDDEN"}, codes
        self.answered += 1


@asynccontextmanager
async def everyone(tmp_path: Path) -> AsyncIterator[tuple[House, httpx.AsyncClient, list[Caller]]]:
    """Serve a gateway on a socket to two members and two services of different scopes."""
    scopes = {"crm-key": ["read-profiles"], "till-key": ["read-profiles", "read-benefits"]}
    keys = [
        {"name": key, "sha256": hashlib.sha256(key.encode()).hexdigest(), "scopes": held}
        for key, held in scopes.items()
    ]
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    sandbox = create_sandbox(SandboxSettings())
    environ = DEVELOPMENT | {"SERVICE_KEYS_FILE": str(file), "REQUEST_DEADLINE_S": "0.5", "OMNEO_BASE_URL": OMNEO}
    async with (
        sandbox.router.lifespan_context(sandbox),
        httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url=OMNEO) as omneo,
        on_socket(create_app(Settings.from_environ(environ), http=omneo)) as (host, port),
        httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=10) as client,
    ):
        house = House(client, omneo)
        yield house, client, await callers(house)


async def callers(house: House) -> list[Caller]:
    first, second = await house.profile_ids(2)
    held = {
        each: (await house.rest("GET", f"/profiles/{each}/benefits?page[size]=100"))["data"] for each in (first, second)
    }
    emails = {each: (await house.rest("GET", f"/profiles/{each}"))["data"]["email"] for each in (first, second)}
    members = [
        Caller(
            await house.member(own),
            MINE,
            {"other": other, "theirs": str(held[other][0]["id"])},
            [other, emails[other], *(f'"id":"{row["id"]}"' for row in held[other])],
        )
        for own, other in ((first, second), (second, first))
    ]
    crm = Caller("crm-key", SEVERAL, {"first": first, "second": second}, ["totalCount", 'internalNotes":"'])
    till = Caller("till-key", SEVERAL, {"first": second, "second": first}, ['internalNotes":"'])
    return [*members, crm, till]


async def hammer(client: httpx.AsyncClient, caller: Caller, until: float, dice: random.Random) -> None:
    """Ask over and over; now and then hang up in the middle."""
    while asyncio.get_running_loop().time() < until:
        asking = asyncio.create_task(caller.ask(client))
        if dice.random() < 0.2:
            await asyncio.sleep(dice.random() * 0.05)
            if asking.cancel():
                caller.cut_short += 1
            await asyncio.gather(asking, return_exceptions=True)
        else:
            caller.judge(await asking)


@pytest.mark.parametrize("troubled", [False, True], ids=["well", "slow and failing"])
async def test_not_one_byte_of_one_is_in_the_answers_of_another(tmp_path: Path, troubled: bool) -> None:
    """Eight at a time, each kind twice, with hang-ups, and with calls that fail or outlast the deadline."""
    dice = random.Random(7)  # noqa: S311 — no secret hangs on it
    async with everyone(tmp_path) as (house, client, asking):
        for caller in asking:
            caller.alone = await caller.ask(client)
            assert (b"errors" in caller.alone) is caller.token.endswith("-key")
            caller.judge(caller.alone)
        if troubled:
            await house.faults(
                {"path": "*", "probability": 0.1, "action": "delay", "ms": 700},
                {"path": "*", "probability": 0.1, "action": "status", "status": 503, "body": "{}"},
            )
        until = asyncio.get_running_loop().time() + 3
        await asyncio.gather(*(hammer(client, caller, until, dice) for caller in asking * 2))
        assert all(caller.answered > 3 and caller.cut_short for caller in asking)
        await house.faults()
        for caller in asking:
            assert await caller.ask(client) == caller.alone
