"""What the tests of the write engine share: both stores, and a world whose time skips."""

from __future__ import annotations

import asyncio
import os
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from benchmarks.redis_server import BINARY, redis_server
from benchmarks.skipping_time import SkippingLoop, real_time
from benchmarks.unreliable import Fault, Replica, UnreliableOmneo
from writes.intents import Store
from writes.redis_store import RedisStore
from writes.sqlite_store import SqliteStore

QUARANTINE_S = 2.0
LANDED = [Fault.DROP_AFTER, Fault.LATE, Fault.STATUS_AFTER, Fault.TRUNCATE, Fault.SLOW, Fault.SILENT]
NOT_LANDED = [Fault.DROP_BEFORE, Fault.STATUS_BEFORE]

# In CI the binary has to be there: a test that needs it then fails instead of being left out.
needs_redis = pytest.mark.skipif(
    BINARY is None and "CI" not in os.environ,
    reason="left out: redis-server is not installed, so writes over Redis are not tested",
)


class Stores:
    """Open connections to one and the same store: a SQLite file, or a namespace of its own in a Redis."""

    def __init__(self, place: Path | str) -> None:
        self._place = place
        self._prefix = f"{uuid4().hex}:"

    async def connect(self) -> Store:
        """Connect as another process would."""
        if isinstance(self._place, Path):
            return await SqliteStore.open(str(self._place / "state.db"))
        return RedisStore(Redis.from_url(self._place, decode_responses=True), self._prefix)


class World:
    """Hold one Omneo, one store, and the faults still to come: those in `faults` first, then none."""

    def __init__(self, stores: Stores, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        self.stores = stores
        self.faults = deque(faults)
        self.omneo = UnreliableOmneo(self._draw, QUARANTINE_S * 0.95, random.Random(seed))  # noqa: S311 - a load
        self._connections: list[Store] = []
        self._peephole: Store | None = None

    async def replica(self, **options: Any) -> Replica:
        """Start a gateway process."""
        with real_time():
            store = await self.stores.connect()
        self._connections.append(store)
        return Replica(self.omneo, store, quarantine_s=QUARANTINE_S, seed=len(self._connections), **options)

    async def has_open_intents(self) -> bool:
        """Look into the store, past every process and without its delays."""
        with real_time():
            if self._peephole is None:
                self._peephole = await self.stores.connect()
                self._connections.append(self._peephole)
            return bool(await self._peephole.open_intents())

    async def second_arrived(self) -> bool:
        """Tell whether a second write was sent."""
        return len(self.omneo.arrivals) > 1

    async def close(self) -> None:
        """Let go of every connection, those of killed processes too."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for connection in self._connections:
            with real_time():
                await connection.aclose()

    def _draw(self, external_id: str) -> Fault:
        return self.faults.popleft() if self.faults else Fault.NONE


@pytest.fixture(scope="module", name="redis_url")
def redis_url_fixture() -> Iterator[str]:
    """Start a Redis for the tests of one file."""
    with redis_server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)], name="stores")
def stores_fixture(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    """Give every test both stores, empty."""
    return Stores(tmp_path if request.param == "sqlite" else request.getfixturevalue("redis_url"))


def play(stores: Stores, scenario: Callable[[World], Awaitable[None]], faults: Iterable[Fault] = ()) -> None:
    """Run a scenario in skipping time."""

    async def run() -> None:
        world = World(stores, faults)
        try:
            await scenario(world)
        finally:
            await world.close()

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(run())


def now() -> float:
    """Tell the time of the running loop, in seconds."""
    return asyncio.get_running_loop().time()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for the very moment something holds, in small steps of skipped time."""
    while not await holds():  # noqa: ASYNC110 - steps of skipped time cost nothing, and nobody signals these moments
        await asyncio.sleep(0.0001)
