"""The promise kept by real gateways: two processes over one sandbox, killed, stopped, and lied to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from writes_support import needs_redis, redis_url_fixture

from benchmarks.real_campaign import plain_retry, play
from benchmarks.town import Town

__all__ = ["redis_url_fixture"]  # a fixture, found by its name in this module

ASSIGN = """mutation($input: AssignBenefitInput!) { assignBenefit(input: $input) { __typename
    ... on BenefitAssigned { benefit { id externalId } } ... on BenefitPending { operationId } } }"""
OPERATION = "query($id: ID!) { benefitOperation(id: $id) { state benefit { id } } }"


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)], name="store")
def store_fixture(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give every test both stores, empty."""
    return str(tmp_path / "state.db") if request.param == "sqlite" else request.getfixturevalue("redis_url")


@asynccontextmanager
async def open_town(store: str, folder: Path) -> AsyncIterator[tuple[Town, list[str]]]:
    """Start two gateways over a sandbox; give the ids of its profiles too."""
    with (folder / "gateways.log").open("ab") as log:
        async with asyncio.timeout(180), Town(store, log, quarantine_s=3.0, deadline_s=10.0) as town:
            yield town, [row["id"] for row in await town.listed("/api/v3/profiles")]


async def assign(town: Town, gateway: int, profile_id: str, key: str) -> dict[str, Any]:
    """Assign the first definition and return the result."""
    asked = {"profileId": profile_id, "definition": {"id": "1"}, "idempotencyKey": key}
    answer = await town.ask(gateway, ASSIGN, 20, input=asked)
    assert "errors" not in answer, answer
    result: dict[str, Any] = answer["data"]["assignBenefit"]
    return result


async def fault(town: Town, times: int, **rule: Any) -> None:
    """Have the sandbox treat the next so many assignments by a rule."""
    plan = [{"method": "POST", "path": "/api/v3/benefits", "times": times} | rule]
    await town.rest("PUT", "/_sandbox/faults", json=plan)


async def in_hand(town: Town) -> None:
    """Wait until the sandbox has begun to treat all the writes its plan is for."""
    for _ in range(1500):
        if not any(rule["times"] for rule in (await town.rest("GET", "/_sandbox/faults"))["data"]):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the writes were not sent")


async def made(town: Town) -> list[str]:
    """List the external ids of what the gateways made."""
    rows = await town.listed("/api/v3/benefits")
    return [row["external_id"] for row in rows if str(row["external_id"]).startswith("gw1-")]


async def test_clients_are_answered_alike_through_faults_and_kills(store: str, tmp_path: Path) -> None:
    """The large campaign in small: no key has two benefits, and nothing is reported that is not there."""
    async with asyncio.timeout(240):  # it takes ten seconds; a load that stalls is a failure, not a wait
        report = await play(store, 80, 5, log=tmp_path / "gateways.log", clients=20, kill_every_s=5.0)
    assert report.is_clean, report
    assert report.writes >= 80
    assert '"writes.duplicate"' not in (tmp_path / "gateways.log").read_text()


async def test_plain_retry_makes_duplicates_under_the_same_faults(tmp_path: Path) -> None:
    """A load that did not show them would prove nothing."""
    assert await plain_retry(150, 5, tmp_path / "gateways.log") > 10


async def test_kill_9_between_the_write_and_its_answer(store: str, tmp_path: Path) -> None:
    """The same key at the other gateway answers with the one benefit, and the killed one agrees once it is back."""
    async with open_town(store, tmp_path) as (town, profiles):
        await fault(town, 1, action="delay", ms=1200)
        lost = asyncio.create_task(assign(town, 0, profiles[0], "k"))
        await in_hand(town)
        await town.kill(0)
        await asyncio.gather(lost, return_exceptions=True)
        answer = await assign(town, 1, profiles[0], "k")
        assert answer["__typename"] == "BenefitAssigned"
        assert await assign(town, 0, profiles[0], "k") == answer
        assert await made(town) == [answer["benefit"]["externalId"]]


async def test_stop_answers_the_writes_in_flight(store: str, tmp_path: Path) -> None:
    """SIGTERM: every write is answered, or is found by its operation id at the other gateway; the exit code is 0."""
    async with open_town(store, tmp_path) as (town, profiles):
        await fault(town, 8, action="delay", ms=1200)
        flight = [asyncio.create_task(assign(town, 0, each, "k-" + each)) for each in profiles[:8]]
        await in_hand(town)
        assert await town.kill(0, how=signal.SIGTERM, back=False) == 0
        answers = await asyncio.gather(*flight)
        for answer in answers:
            await _is_true(town, answer)
        assert len(set(await made(town))) == len(await made(town)) == 8


async def test_stop_while_the_outcome_is_unknown(store: str, tmp_path: Path) -> None:
    """SIGTERM during a quarantine: the same, and there is one benefit."""
    async with open_town(store, tmp_path) as (town, profiles):
        await fault(town, 1, action="late", ms=2000)
        flight = asyncio.create_task(assign(town, 0, profiles[0], "k"))
        await in_hand(town)
        assert await town.kill(0, how=signal.SIGTERM, back=False) == 0
        await _is_true(town, await flight)
        assert len(await made(town)) == 1


async def _is_true(town: Town, answer: dict[str, Any]) -> None:
    if answer["__typename"] == "BenefitPending":
        assert await _found(town, answer["operationId"])
    else:
        assert answer["__typename"] == "BenefitAssigned"


async def _found(town: Town, operation_id: str) -> bool:
    for _ in range(200):
        answer = await town.ask(1, OPERATION, 10, id=operation_id)
        operation = answer["data"]["benefitOperation"]
        if operation["state"] != "PENDING":
            return operation["state"] == "DONE" and operation["benefit"] is not None
        await asyncio.sleep(0.1)
    return False
