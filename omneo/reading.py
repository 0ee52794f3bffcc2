"""Reading: joined to an equal read, or sent, and repeated after what may pass; one at a time, or many side by side.

What becomes of a read happens in callbacks: there is no task and no coroutine for any, until one is to be repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from omneo.answers import error_of
from omneo.attempt import attempt, count, note
from omneo.credential import Credential
from omneo.errors import OmneoError, RateLimited, TimedOut, Unavailable
from omneo.flights import Flight, Flights
from omneo.retry import repeated
from omneo.transport import Answer, Begun, Ended, Outcome, Request, Transport, settle
from telemetry import Trace

T = TypeVar("T")

FAN_OUT = 32  # reads of one batch under way at a time; the transport's own cap holds for the whole process
_AT_ONCE = 8  # of these are begun in one turn of the event loop, so that other requests have theirs in between
_TRANSIENT = (Unavailable, TimedOut, RateLimited)


class Reader(Protocol):
    """Whoever reads: a `Client`."""

    credential: Credential
    trace: Trace
    is_member: bool
    joins: bool

    @property
    def reads(self) -> Transport: ...

    @property
    def flights(self) -> Flights: ...


async def read(reader: Reader, name: str, url: str) -> Answer:
    """Read one URL. `name` is its route, by which it is counted."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    reading = Reading(reader, name, url, partial(settle, answered))
    try:
        return await answered
    except asyncio.CancelledError:
        reading.cancel()
        raise


async def read_each(
    reader: Reader, name: str, urls: Sequence[str], made: Callable[[Answer], T]
) -> list[T | OmneoError]:
    """Read many URLs, at most `FAN_OUT` at a time; what is `made` of each answer as it comes, or an error, in order."""
    return await _Readings(reader, name, urls, made).run()


class Reading:
    """One read under way. `ended` is called with its answer or the error it ends with, in another turn of the event
    loop."""

    __slots__ = ("_begun", "_begun_s", "_ended", "_flight", "_is_repeat", "_name", "_reader", "_url")

    def __init__(self, reader: Reader, name: str, url: str, ended: Ended) -> None:
        self._reader = reader
        self._name = name
        self._url = url
        self._ended: Ended | None = ended
        self._flight: Flight | None = None
        self._begun: Begun | None = None
        self._begun_s = 0.0
        self._is_repeat = False
        if not (reader.joins and reader.flights.join(self._key, reader.trace.deadline, self._joined)):
            self._send()

    @property
    def _key(self) -> tuple[bytes, str]:
        return (self._reader.credential.hash, self._url)

    def cancel(self) -> None:
        """Give it up; nobody is told."""
        self._ended = None
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.cancel()
            if not self._is_repeat:
                note(self._reader.trace, self._name, self._begun_s, None)
        self._land(None)

    def _joined(self, answer: Answer | None) -> None:
        """Take the answer of an equal read; None where that failed, or was given up, for reasons of its own."""
        if self._ended is None:
            return
        if answer is None:
            self._send()
        else:
            self._reader.trace.tally.cached += 1
            self._end(answer)

    def _send(self) -> None:
        reader, trace = self._reader, self._reader.trace
        try:
            left_s = count(trace, self._name)
        except OmneoError as error:
            asyncio.get_running_loop().call_soon(self._end, error)
            return
        if reader.joins:
            self._flight = reader.flights.take_off(self._key, trace.deadline)
        self._begun_s = time.perf_counter()
        self._begun = reader.reads.begin(self._request(left_s), self._answered)

    def _request(self, left_s: float) -> Request:
        return Request("GET", self._url, self._reader.credential.headers, None, left_s, self._reader.trace)

    def _answered(self, outcome: Outcome) -> None:
        self._begun = None
        reader = self._reader
        note(reader.trace, self._name, self._begun_s, outcome)
        if isinstance(outcome, Answer) and outcome.status != 200:
            outcome = error_of(outcome, is_member=reader.is_member) or outcome
        if isinstance(outcome, _TRANSIENT):
            self._is_repeat = True
            self._begun = asyncio.get_running_loop().create_task(self._repeat(outcome))
        else:
            self._end(outcome)

    async def _repeat(self, failed: OmneoError) -> None:
        outcome: Outcome
        try:
            outcome = await repeated(self._attempt, failed, self._reader.trace)
        except Exception as error:
            outcome = error
        self._begun = None
        self._end(outcome)

    def _attempt(self) -> Awaitable[Answer]:
        reader = self._reader
        request = self._request(reader.trace.remaining_s())
        return attempt(self._name, reader.reads, request, reader.trace, is_member=reader.is_member)

    def _end(self, outcome: Outcome) -> None:
        self._land(outcome if isinstance(outcome, Answer) else None)
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(outcome)

    def _land(self, answer: Answer | None) -> None:
        flight, self._flight = self._flight, None
        if flight is not None:
            self._reader.flights.land(self._key, flight, answer)


class _Readings(Generic[T]):
    """Many readings side by side, and what is made of their answers."""

    def __init__(self, reader: Reader, name: str, urls: Sequence[str], made: Callable[[Answer], T]) -> None:
        self._reader = reader
        self._name = name
        self._made = made
        self._left = len(urls)  # to end
        self._following: Iterator[tuple[int, str]] = iter(enumerate(urls))  # to begin
        self._under_way: dict[int, Reading] = {}
        self._found: list[Any] = [None] * len(urls)
        self._loop = asyncio.get_running_loop()
        self._all: asyncio.Future[None] = self._loop.create_future()

    async def run(self) -> list[T | OmneoError]:
        if not self._left:
            return []
        self._begin_some()
        try:
            await self._all
        finally:
            self._following = iter(())
            for reading in self._under_way.values():
                reading.cancel()
        return self._found

    def _begin_some(self) -> None:
        for _ in range(_AT_ONCE):
            if len(self._under_way) >= FAN_OUT or not self._begin():
                return
        self._loop.call_soon(self._begin_some)

    def _begin(self) -> bool:
        """Begin the next one, if there is one."""
        for place, url in self._following:
            self._under_way[place] = Reading(self._reader, self._name, url, partial(self._ended, place))
            return True
        return False

    def _ended(self, place: int, outcome: Outcome) -> None:
        del self._under_way[place]
        try:
            self._found[place] = self._made(outcome) if isinstance(outcome, Answer) else outcome
        except OmneoError as error:
            self._found[place] = error
        except Exception as error:
            outcome = error
        self._left -= 1
        if self._all.done():
            return
        if not isinstance(outcome, Answer | OmneoError):  # a bug, or the end of all reading
            settle(self._all, outcome)
        elif self._left:
            self._begin()
        else:
            self._all.set_result(None)
