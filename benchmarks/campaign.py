"""The large campaign: very many faulted writes by clients who retry and double tap, at two gateways that get killed.

    python -m benchmarks.campaign --writes 100000 --store sqlite
    python -m benchmarks.campaign --writes 100000 --store redis

Every key meets a fault at least once. Exit code 1 when a key has two benefits, a reported one does not exist, two
answers for one key differ, something stays pending for too long, or the control, plain retry under the same faults,
finds nothing.
Time skips, so quarantines cost nothing; the stores are real.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import omneo
import telemetry
from benchmarks.redis_server import redis_server
from benchmarks.skipping_time import SkippingLoop, real_time
from benchmarks.unreliable import CALLER, Fault, Made, Replica, UnreliableOmneo
from writes import Done, Pending, State
from writes.intents import Store
from writes.redis_store import RedisStore
from writes.sqlite_store import SqliteStore

QUARANTINE_S = 2.0
CLIENTS = 200  # at a time
KILL_EVERY = 500  # writes
TAPS = (1, 1, 1, 2, 3)  # how often a client taps at once
FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


@dataclass
class Report:
    """Say what happened to `writes` keys."""

    writes: int
    duplicates: int = 0
    phantoms: int = 0  # reported, and not there
    disagreements: int = 0  # two answers for one key
    unanswered: int = 0
    longest_pending_s: float = 0.0
    kills: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Tell whether the promise was kept.

        Pending for longest is what was being sent, for up to a quarantine, when its process was killed: a quarantine
        follows, and what it takes to notice a death.
        """
        broken = self.duplicates + self.phantoms + self.disagreements + self.unanswered
        return broken == 0 and self.longest_pending_s <= QUARANTINE_S * 2.5


class Campaign:
    """Play `writes` clients against two replicas over one store; the same seed plays the same load."""

    def __init__(self, connect: Callable[[], Awaitable[Store]], writes: int, seed: int, kill_every: int) -> None:
        self.report = Report(writes)
        self._connect = connect
        self._kill_every = kill_every
        self._random = random.Random(seed)  # noqa: S311 - a load, not a secret
        self._drawn: set[str] = set()
        self.omneo = UnreliableOmneo(self._draw, QUARANTINE_S * 0.95, self._random, read_failures=0.05)
        self._answers: dict[str, set[Made]] = {}
        self._replicas: list[Replica] = []
        self._killed: list[Replica] = []

    async def run(self) -> Report:
        """Play to the end, then count."""
        self._replicas = [await self._replica(), await self._replica()]
        gate = asyncio.Semaphore(CLIENTS)
        async with asyncio.TaskGroup() as clients:
            for number in range(self.report.writes):
                await gate.acquire()
                if number % self._kill_every == self._kill_every - 1:
                    await self._kill()
                clients.create_task(self._client(number)).add_done_callback(lambda _: gate.release())
        self._count()
        return self.report

    async def close(self) -> None:
        """End every task, those of the killed too, and let go of the store."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for replica in self._replicas:
            await replica.bury()

    async def _client(self, number: int) -> None:
        """Tap, perhaps more than once, and go on until there is an answer."""
        key = f"key-{number}"
        answers = self._answers.setdefault(key, set())
        taps = (self._until_answered(key, f"{number % 1000}") for _ in range(self._random.choice(TAPS)))
        for made in await asyncio.gather(*taps):
            if made is None:
                self.report.unanswered += 1
            else:
                answers.add(made)

    async def _until_answered(self, key: str, target: str) -> Made | None:
        for _ in range(60):
            replica = self._random.choice(self._replicas)
            deadline_s = self._random.choice((0.3, 3.0, 15.0))
            try:
                async with asyncio.timeout(deadline_s + 1):  # the gateway may have been killed
                    outcome = await replica.perform(key, target, deadline_s)
            except TimeoutError:
                self.report.outcomes["no answer"] += 1
                continue
            self.report.outcomes[type(outcome).__name__] += 1
            if isinstance(outcome, Done):
                return outcome.value
            if isinstance(outcome, Pending):
                await self._pending(outcome.operation_id)
            await asyncio.sleep(0.2)
        return None

    async def _pending(self, operation_id: str) -> None:
        """Ask what became of it until that is known, at whichever gateway lives; another tap may try anew meanwhile."""
        loop = asyncio.get_running_loop()
        began, attempt = loop.time(), None
        while True:
            replica = self._random.choice(self._replicas)
            try:
                async with asyncio.timeout(1):
                    state = await replica.writes.operation(operation_id, CALLER)
            except TimeoutError:
                continue
            if state is not None and (state.state is not State.OPEN or attempt not in (None, state.attempt)):
                break
            attempt = attempt or (state and state.attempt)
            await asyncio.sleep(0.05)
        self.report.longest_pending_s = max(self.report.longest_pending_s, loop.time() - began)

    async def _kill(self) -> None:
        victim = self._random.randrange(2)
        self._replicas[victim].kill()
        await self._replicas[victim].bury()
        self._killed.append(self._replicas[victim])  # its tasks hang for good
        self._replicas[victim] = await self._replica()
        self.report.kills += 1

    async def _replica(self) -> Replica:
        with real_time():
            store = await self._connect()
        return Replica(self.omneo, store, quarantine_s=QUARANTINE_S, seed=self._random.randrange(1 << 30))

    def _draw(self, external_id: str) -> Fault:
        """Fault every first attempt, and every other one after it."""
        is_first = external_id not in self._drawn
        self._drawn.add(external_id)
        return self._random.choice(FAULTS) if is_first or self._random.random() < 0.5 else Fault.NONE

    def _count(self) -> None:
        there = set(self.omneo.made)
        self.report.faults = self.omneo.drawn
        self.report.duplicates = sum(len(copies) - 1 for copies in self.omneo.by_external_id.values())
        self.report.disagreements = sum(len(answers) > 1 for answers in self._answers.values())
        self.report.phantoms = sum(not answers <= there for answers in self._answers.values())


class PlainRetry(Campaign):
    """The control: a client that sends again when it has no answer, as the field does."""

    async def _until_answered(self, key: str, target: str) -> Made | None:
        external_id = self._replicas[0].write(key, target).external_id
        for _ in range(60):
            try:
                async with asyncio.timeout(QUARANTINE_S):
                    return await self.omneo.write(external_id)
            except (omneo.OmneoError, TimeoutError):
                await asyncio.sleep(0.2)
        return None


def play(kind: type[Campaign], place: str, writes: int, seed: int, kill_every: int = KILL_EVERY) -> Report:
    """Play a campaign over the SQLite file, or the Redis, at `place`."""

    async def connect() -> Store:
        return await (RedisStore.open(place) if "://" in place else SqliteStore.open(place))

    async def run() -> Report:
        campaign = kind(connect, writes, seed, kill_every)
        try:
            return await campaign.run()
        finally:
            await campaign.close()

    began = time.monotonic()
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        report = runner.run(run())
    report.seconds = time.monotonic() - began
    return report


def main() -> int:
    """Play what the command line asks for; answer the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=["sqlite", "redis"], default="sqlite")
    asked = parser.parse_args()
    telemetry.configure_logging("error")
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="campaign-"))
        place = stack.enter_context(redis_server()) if asked.store == "redis" else str(Path(folder, "state.db"))
        report = play(Campaign, place, asked.writes, asked.seed)
        control = play(PlainRetry, str(Path(folder, "control.db")), min(asked.writes, 2000), asked.seed)
    print(f"safe writes over {asked.store}: {report}")  # noqa: T201 - the result of a command
    print(f"control, plain retry: {control.duplicates} duplicates in {control.writes} writes")  # noqa: T201 - the same
    return 0 if report.is_clean and control.duplicates else 1


if __name__ == "__main__":
    sys.exit(main())
