"""The base of every loader: many keys become one plan, a bad key fails alone, a cancelled caller harms nobody."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Generator, Iterable, MutableMapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from aiodataloader import DataLoader

import omneo
import telemetry

K = TypeVar("K")
V = TypeVar("V")

IDS_PER_CALL = 50  # values in one query string: of UUIDs about 1.9 kB (API.md §4.3)


class BatchLoader(DataLoader[K, V], Generic[K, V]):
    """Gather the keys of one tick, ask for them together, and hand each caller its own value or error.

    One loader serves one request. `fetch` takes the distinct keys and answers with as many values, in their order,
    an `OmneoError` standing for a key that failed. It repairs three edges of aiodataloader: a caller that is
    cancelled cancels only its own wait, a cancelled future does not stay behind for its key, and a cancellation
    inside the batch is an error for everyone who waits instead of a wait without end.

    `load` is for one key, `load_all` for a whole level of a query. Both answer from the same values, so a key is asked
    for once, whichever way it comes.
    """

    def __init__(self) -> None:
        # aiodataloader's own also looks whether its function is a coroutine: longer than a small query's projection.
        self.loop = asyncio.get_running_loop()
        self._cache: MutableMapping[Any, asyncio.Future[V]] = {}
        self._queue = []

    @staticmethod
    def get_cache_key(key: K) -> K:
        return key

    @abstractmethod
    def fetch(self, keys: list[K]) -> Awaitable[Sequence[V | omneo.OmneoError]]: ...

    async def batch_load_fn(self, keys: list[K]) -> list[V | omneo.OmneoError]:  # type: ignore[override]  # a method here, an attribute there
        telemetry.note_batch(type(self).__name__, len(keys))
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
        future = super().load(key)
        waiting = asyncio.shield(future)
        for each in (future, waiting):
            each.add_done_callback(_seen)
        return waiting

    async def load_all(self, keys: Sequence[K]) -> dict[K, V | Exception]:
        """Load many keys by one plan, at once and without a task for any: a value or an error for each.

        Those that are loaded, or being loaded, are not asked for again.
        """
        cache = self._cache
        mine: dict[K, asyncio.Future[V]] = {}
        others: dict[K, asyncio.Future[V]] = {}
        for key in keys:
            known = cache.get(key)
            if known is None or known.cancelled():
                cache[key] = mine[key] = self.loop.create_future()
            elif key not in mine:
                others[key] = known
        answers: dict[K, V | Exception] = {}
        if mine:
            wanted = list(mine)
            found: Sequence[V | Exception] = ()
            telemetry.note_batch(type(self).__name__, len(wanted))
            try:
                found = await self.fetch(wanted)
                if len(found) != len(wanted):  # or a key would be given another's answer, and the last ones none
                    raise ValueError("A batch must answer every key.")
            except omneo.OmneoError as error:
                found = [error for _ in wanted]
            except Exception as error:  # a bug is everyone's error who waits, and is not remembered
                found = [error for _ in wanted]
                for key in wanted:
                    self.clear(key)
            except BaseException:
                found = [omneo.Unavailable("The call to Omneo was cancelled.") for _ in wanted]
                raise
            finally:
                _hand_out(mine, found)
            answers = dict(zip(wanted, found, strict=True))
        for key, future in others.items():
            if not future.done():
                await self._until_done(future)
            answers[key] = _outcome(future)
        return answers

    async def _until_done(self, future: "asyncio.Future[V]") -> None:
        """Wait for what another load brings, without a hand in it: whoever is cancelled here leaves it alone."""
        waiter = self.loop.create_future()
        wake = partial(_wake, waiter)
        future.add_done_callback(wake)
        try:
            await waiter
        finally:
            future.remove_done_callback(wake)


def _hand_out(futures: "dict[K, asyncio.Future[V]]", answers: Sequence[V | Exception]) -> None:
    """Give each who waits their own."""
    for future, answer in zip(futures.values(), answers, strict=True):
        if isinstance(answer, Exception):
            future.set_exception(answer)
            future.exception()  # asked for here, so that asyncio does not report it as lost
        else:
            future.set_result(answer)


def _wake(waiter: "asyncio.Future[None]", _future: "asyncio.Future[Any]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _seen(future: "asyncio.Future[Any]") -> None:
    """Look at an error, so that asyncio does not report it as lost when nobody waits for it any more."""
    if not future.cancelled():
        future.exception()


def _outcome(future: "asyncio.Future[Any]") -> Any:
    if future.cancelled():
        return omneo.Unavailable("The call to Omneo was cancelled.")
    error = future.exception()
    if error is None:
        return future.result()
    return error if isinstance(error, Exception) else omneo.Unavailable("The call to Omneo was cancelled.")


class Load(msgspec.Struct, Generic[K, V]):
    """Say which key of which loader a resolver needs, and what to make of its value.

    The compiled engine gathers the loads of a whole level and asks for them by one plan; elsewhere a load is awaited
    like any coroutine.
    """

    loader: BatchLoader[K, V]
    key: K
    then: Callable[[V], Any] | None = None

    def __await__(self) -> Generator[Any, None, Any]:
        value = yield from self.loader.load(self.key).__await__()
        return value if self.then is None else self.then(value)


async def each(
    fetch: Callable[[K], Awaitable[V]], keys: Iterable[K], *, limit: int = omneo.FAN_OUT
) -> list[V | omneo.OmneoError]:
    """Ask for every key by itself, at most `limit` at a time; one value or error per key, in key order.

    As many tasks as may be at work take the keys one after the other; one key takes none.
    """
    wanted = list(keys)
    if len(wanted) == 1:
        try:
            return [await fetch(wanted[0])]
        except omneo.OmneoError as error:
            return [error]
    answers: list[Any] = [None] * len(wanted)
    left = iter(enumerate(wanted))

    async def work() -> None:
        for place, key in left:
            try:
                answers[place] = await fetch(key)
            except omneo.OmneoError as error:
                answers[place] = error

    await asyncio.gather(*(work() for _ in range(min(limit, len(wanted)))))
    return answers


async def each_or_none(fetch: Callable[[K], Awaitable[V]], keys: Sequence[K]) -> list[V | omneo.OmneoError | None]:
    """Ask as `each` does; None for what Omneo does not know, which is absent, not an error."""
    if len(keys) == 1:
        try:
            return [await fetch(keys[0])]
        except omneo.NotFound:
            return [None]
        except omneo.OmneoError as error:
            return [error]
    return [None if isinstance(answer, omneo.NotFound) else answer for answer in await each(fetch, keys)]
