"""The base of every loader: many keys become one plan, a bad key fails alone, a cancelled caller harms nobody."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from aiodataloader import DataLoader

import omneo

K = TypeVar("K")
V = TypeVar("V")

FAN_OUT = 16  # calls of one batch in flight at a time; the client's own cap holds for the whole process


class BatchLoader(DataLoader[K, V], Generic[K, V]):
    """Gather the keys of one tick, ask for them together, and hand each caller its own value or error.

    One loader serves one request. `fetch` takes the distinct keys and answers with as many values, in their order,
    an `OmneoError` standing for a key that failed. It repairs three edges of aiodataloader: a caller that is
    cancelled cancels only its own wait, a cancelled future does not stay behind for its key, and a cancellation
    inside the batch is an error for everyone who waits instead of a wait without end.
    """

    @abstractmethod
    async def fetch(self, keys: list[K]) -> Sequence[V | omneo.OmneoError]: ...

    async def batch_load_fn(self, keys: list[K]) -> list[V | omneo.OmneoError]:  # type: ignore[override]  # a method here, an attribute there
        try:
            return list(await self.fetch(keys))
        except omneo.OmneoError as error:
            return [error for _ in keys]
        except asyncio.CancelledError:
            return [omneo.Unavailable("The call to Omneo was cancelled.") for _ in keys]

    def load(self, key: K) -> "asyncio.Future[V]":
        known = self._cache.get(key)
        if known is not None and known.cancelled():
            self.clear(key)
        return asyncio.shield(super().load(key))


async def each(
    fetch: Callable[[K], Awaitable[V]], keys: Iterable[K], *, limit: int = FAN_OUT
) -> list[V | omneo.OmneoError]:
    """Ask for every key by itself, at most `limit` at a time; one value or error per key, in key order."""
    gate = asyncio.Semaphore(limit)

    async def one(key: K) -> V | omneo.OmneoError:
        async with gate:
            try:
                return await fetch(key)
            except omneo.OmneoError as error:
                return error

    return await asyncio.gather(*(one(key) for key in keys))


async def or_none(answer: Awaitable[V]) -> V | None:
    """Turn `NotFound` into None: what Omneo does not know is absent, not an error."""
    try:
        return await answer
    except omneo.NotFound:
        return None
