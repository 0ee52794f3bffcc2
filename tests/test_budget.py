"""Omneo calls per caller and minute: charged before, settled after, told in headers, refused when spent."""

import asyncio
import json
import time
from dataclasses import dataclass

import httpx
import pytest
from endpoint import KEY, MODERN
from house import House, open_house
from http_support import free_port
from lines import written
from starlette.datastructures import Secret
from writes_support import needs_redis, redis_url_fixture  # noqa: F401 — a fixture

from context import Caller
from serving.budget import Budget, Counts, LocalCounts, SharedCounts

PROFILES = "{ profiles(first: 1) { totalCount } }"
LIMITED = {"COST_LIMIT": "5", "CALLS_PER_MINUTE_SERVICE": "5", "CALLS_PER_MINUTE_MEMBER": "6"}


@dataclass
class Clock:
    now: float = 600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
async def within_a_minute() -> None:
    """Budgets begin anew with the minute of the clock; no test is to see that happen by chance."""
    left = 60 - time.time() % 60
    if left < 3:
        await asyncio.sleep(left)


async def ask(house: House, query: str = PROFILES, **headers: str) -> httpx.Response:
    return await house.gateway.post("/graphql", json={"query": query}, headers=KEY | headers)


async def test_answers_say_what_is_left_until_nothing_is() -> None:
    """Then the caller is told when to come back, in a status, a code and a header; nothing is asked of Omneo."""
    async with open_house(LIMITED) as house:
        left = []
        for _ in range(5):
            answer = await ask(house)
            assert answer.status_code == 200
            assert answer.headers["ratelimit-limit"] == "5"
            assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60
            left.append(answer.headers["ratelimit-remaining"])
        assert left == ["4", "3", "2", "1", "0"]
        await house.calls()
        for accept in ({}, MODERN):
            refused = await ask(house, **accept)
            assert refused.status_code == 429
            error = refused.json()["errors"][0]
            assert error["extensions"]["code"] == "RATE_LIMITED"
            assert error["extensions"]["retryable"] is True
            assert error["extensions"]["retryAfter"] == int(refused.headers["retry-after"])
            assert refused.headers["ratelimit-remaining"] == "0"
        assert await house.calls() == []


async def test_callers_have_a_budget_each() -> None:
    """Two members do not spend one another's, nor a service theirs; each has the limit of their kind."""
    async with open_house(LIMITED) as house:
        first, second = [await house.member(each) for each in await house.profile_ids(2)]
        for _ in range(3):
            answer = await ask(house, "{ me { id } }", authorization=f"Bearer {first}")
        assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("6", "3")
        answer = await ask(house, "{ me { id } }", authorization=f"Bearer {second}")
        assert answer.headers["ratelimit-remaining"] == "5"
        assert (await ask(house)).headers["ratelimit-remaining"] == "4"


async def test_budget_can_be_tried_out_by_logging_alone(capsys: pytest.CaptureFixture[str]) -> None:
    async with open_house(LIMITED, LIMITS="log") as house:
        for _ in range(7):
            assert (await ask(house)).status_code == 200
    lines = [json.loads(line) for line in written(capsys).splitlines() if '"event":"request"' in line]
    assert [line.get("exceeded") for line in lines] == [None] * 5 + [["RATE_LIMITED"]] * 2


async def test_without_a_setting_nobody_is_limited(house: House) -> None:
    assert "ratelimit-limit" not in (await ask(house)).headers


SERVICE = Caller("service", "till")


async def charge_and_settle(budget: Budget, clock: Clock) -> None:
    """Charge 10 and use 4, so 6 come back; in the next minute all is whole, and what comes late is not given twice."""
    charge = await budget.charge(SERVICE, 10)
    assert charge is not None
    assert dict(await budget.settle(charge, 4))[b"ratelimit-remaining"] == b"16"
    too_much = await budget.charge(SERVICE, 17)
    assert too_much is not None
    assert too_much.is_too_much
    refusal = await budget.refusal(too_much)
    assert dict(refusal.headers)[b"ratelimit-remaining"] == b"16"
    late = await budget.charge(SERVICE, 16)
    assert late is not None
    assert not late.is_too_much
    clock.now += 60
    await budget.settle(late, 0)
    fresh = await budget.charge(SERVICE, 20)
    assert fresh is not None
    assert not fresh.is_too_much
    more = await budget.charge(SERVICE, 1)
    assert more is not None
    assert more.is_too_much


async def test_what_was_not_used_is_given_back() -> None:
    clock = Clock()
    await charge_and_settle(Budget(LocalCounts(), service=20, clock=clock), clock)


@needs_redis
async def test_budget_is_shared_through_redis(redis_url: str) -> None:
    """Two gateways count one caller's calls together."""
    clock = Clock()
    ours, theirs = SharedCounts.at(redis_url, "acme"), SharedCounts.at(redis_url, "acme")
    other = Budget(SharedCounts.at(redis_url, "other"), service=20, clock=clock)
    await charge_and_settle(Budget(ours, service=20, clock=clock), clock)
    charge = await Budget(theirs, service=30, clock=clock).charge(SERVICE, 5)
    assert charge is not None
    assert charge.spent == 26
    foreign = await other.charge(SERVICE, 5)
    assert foreign is not None
    assert foreign.spent == 5
    for counts in (ours, theirs):
        await counts.aclose()
    await other.aclose()


async def test_budget_is_kept_alone_while_redis_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    """The limit holds per process, the log says so once, and nobody waits long."""
    clock, counts = Clock(), SharedCounts.at(f"redis://127.0.0.1:{free_port()}", "acme")
    await charge_and_settle(Budget(counts, service=20, clock=clock), clock)
    await counts.aclose()
    assert written(capsys).count("budget.not_shared") == 1


async def test_no_credential_is_kept() -> None:
    """A member is counted under a hash of the token."""

    class Seen(LocalCounts):
        keys: list[str] = []

        async def add(self, window: int, key: str, calls: int) -> int:
            self.keys.append(key)
            return await super().add(window, key, calls)

    counts: Counts = Seen()
    await Budget(counts, member=10).charge(Caller("member", "member", token=Secret("a.very-secret.token")), 1)
    assert Seen.keys
    assert "very-secret" not in Seen.keys[0]
