"""Clients, double taps, two replicas, kills, shutdowns and every fault, in any order: at most one write for a key.

The same machine plays against a client that simply tries again, and has to catch it: a net that catches nothing
proves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from writes_support import QUARANTINE_S, Stores, World, needs_redis

import omneo
from benchmarks.redis_server import redis_server
from benchmarks.skipping_time import SkippingLoop
from benchmarks.unreliable import Fault, Made, Replica
from writes import Done, Outcome, Pending

R = TypeVar("R")

DUPLICATE = "one key has two benefits"
KEYS = st.sampled_from("abc")
ONE = st.sampled_from([0, 1])  # which replica
FAULTS = st.lists(st.sampled_from(Fault), min_size=1, max_size=4)


class Campaign(RuleBasedStateMachine):
    """Play against two replicas over one store. Keys a and b are for the same thing, c is for another."""

    place: ClassVar[Path | str | None] = None  # a Redis to share; a fresh SQLite file when None

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(prefix="writes-")
        self._runner = asyncio.Runner(loop_factory=SkippingLoop)
        self._world = self._play(self._start())
        self._replicas = [self._play(self._world.replica()) for _ in range(2)]
        self._answers: dict[str, set[Made]] = {}
        self._pending: set[tuple[str, str]] = set()
        self._taps: set[asyncio.Task[None]] = set()

    @rule(key=KEYS, at=ONE, deadline_s=st.sampled_from([0.2, 5.0, 15.0]))
    def tap(self, key: str, at: int, deadline_s: float) -> None:
        self._play(self._begin(key, at, deadline_s))

    @rule(key=KEYS)
    def double_tap(self, key: str) -> None:
        for at in (0, 1, 0):
            self._play(self._begin(key, at, 15.0))

    @rule(faults=FAULTS)
    def trouble_ahead(self, faults: list[Fault]) -> None:
        self._world.faults.extend(faults)

    @rule(share=st.sampled_from([0.0, 0.5, 1.0]))
    def reads_fail(self, share: float) -> None:
        self._world.omneo.read_failures = share

    @rule(seconds=st.sampled_from([0.005, 0.02, 0.1, 0.7, QUARANTINE_S, 3 * QUARANTINE_S]))
    def time_passes(self, seconds: float) -> None:
        self._play(asyncio.sleep(seconds))

    @rule(at=ONE)
    def kill(self, at: int) -> None:
        self._replicas[at].kill()
        self._replicas[at] = self._play(self._world.replica())

    @rule(at=ONE)
    def shut_down(self, at: int) -> None:
        self._play(self._replicas[at].writes.drain())
        self._replicas[at] = self._play(self._world.replica())

    @invariant()
    def at_most_one(self) -> None:
        assert self._world.omneo.most_copies() <= 1, DUPLICATE

    @invariant()
    def what_was_reported_exists_and_is_the_same_for_all(self) -> None:
        for answers in self._answers.values():
            assert len(answers) <= 1, "two answers for one key"
            assert answers <= set(self._world.omneo.made)

    def teardown(self) -> None:
        try:
            self._play(self._settle())
            self.at_most_one()
            self.what_was_reported_exists_and_is_the_same_for_all()
        finally:
            self._play(self._world.close())
            self._runner.close()
            self._folder.cleanup()

    async def _settle(self) -> None:
        """Let the trouble end: everything is decided a quarantine later, and every key ends with one benefit."""
        self._world.faults.clear()
        self._world.omneo.read_failures = 0.0
        await asyncio.sleep(3 * QUARANTINE_S)  # what was being sent is cut off, then its quarantine
        self.at_most_one()
        assert not await self._world.has_open_intents()
        for key in self._answers:
            await self._tap(key, self._replicas[0], 15.0)
            assert len(self._answers[key]) == 1, "a key that ends without its benefit"

    async def _start(self) -> World:
        return World(Stores(self.place or Path(self._folder.name)))

    async def _begin(self, key: str, at: int, deadline_s: float) -> None:
        task = asyncio.create_task(self._tap(key, self._replicas[at], deadline_s))
        self._taps.add(task)
        await asyncio.sleep(0)

    async def _tap(self, key: str, replica: Replica, deadline_s: float) -> None:
        answers = self._answers.setdefault(key, set())
        outcome = await self._perform(replica, key, deadline_s)
        if isinstance(outcome, Done):
            answers.add(outcome.value)

    async def _perform(self, replica: Replica, key: str, deadline_s: float) -> Outcome[Made]:
        return await replica.perform(key, "4" if key == "c" else "3", deadline_s)

    def _play(self, scene: Awaitable[R]) -> R:
        async def play() -> R:
            return await scene

        return self._runner.run(play())


class PlainRetry(Campaign):
    """The control: on any failure the client sends again, as the field does, until it has its answer."""

    async def _perform(self, replica: Replica, key: str, deadline_s: float) -> Outcome[Made]:
        for answer in self._answers[key]:
            return Done(answer)
        external_id = replica.write(key).external_id
        for _ in range(3):
            try:
                async with asyncio.timeout(deadline_s):
                    return Done(await self._world.omneo.write(external_id))
            except (omneo.OmneoError, TimeoutError):
                continue
        return Pending(external_id)


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_no_order_of_events_makes_a_second_benefit() -> None:
    """Over SQLite."""
    run_state_machine_as_test(Campaign, settings=_settings(30))


@needs_redis
def test_no_order_of_events_makes_a_second_benefit_over_redis() -> None:
    """Over Redis."""
    with redis_server() as url:
        machine = type("RedisCampaign", (Campaign,), {"place": url})
        run_state_machine_as_test(machine, settings=_settings(12))


def test_the_campaign_catches_plain_retry() -> None:
    """The same events find the duplicates of a client that simply tries again."""
    quick = settings(_settings(60), phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError, match=DUPLICATE):
        run_state_machine_as_test(PlainRetry, settings=quick)
