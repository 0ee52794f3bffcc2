"""Reading: joined to an equal read, or sent, and repeated after what may pass; one at a time, or many side by side.

What becomes of a read happens in callbacks: there is no task and no coroutine for any, until one is to be repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from omneo.answers import error_of
from omneo.attempt import attempt, count, note
from omneo.credential import Credential
from omneo.errors import OmneoError, RateLimited, TimedOut, Unavailable
from omneo.flights import Flight, Flights, Key
from omneo.retry import repeated
from omneo.transport import Answer, Answered, Begun, Failed, Request, Transport, awaited
from telemetry import Trace

T = TypeVar("T")

FAN_OUT = 32  # reads of one batch under way at a time; the transport's own cap holds for the whole process
_AT_ONCE = 4  # of these are begun in one turn of the event loop, so that other requests have theirs in between
_TRANSIENT = (Unavailable, TimedOut, RateLimited)


class Shared(Protocol):
    """What all readers share: an `Upstream`."""

    reads: Transport
    flights: Flights


class Reader(Protocol):
    """Whoever reads: a `Client`."""

    credential: Credential
    trace: Trace
    is_member: bool
    joins: bool

    @property
    def upstream(self) -> Shared: ...


def read(reader: Reader, name: str, url: str) -> Awaitable[Answer]:
    """Read one URL. `name` is its route, by which it is counted."""

    def begin(answered: Answered, failed: Failed) -> Reading:
        reading = Reading(reader, name, url, answered, failed)
        reading.begin()
        return reading

    return awaited(begin)


async def read_each(
    reader: Reader, name: str, urls: Sequence[str], made: Callable[[Answer], T]
) -> list[T | OmneoError]:
    """Read many URLs, at most `FAN_OUT` at a time; what is `made` of each answer as it comes, or an error, in order."""
    return await _Readings(reader, name, urls, made).run()


class Reading(msgspec.Struct, eq=False):
    """One read. Once begun, `answered` is called with its answer, or `failed` with the error it ends with, in another
    turn of the event loop."""

    reader: Reader
    name: str
    url: str
    answered: Answered
    failed: Failed
    is_of_many: bool = False
    key: Key | None = None  # where others join it, and it has tried to join one
    flight: Flight | None = None
    begun: Begun | None = None
    begun_s: float = 0.0
    is_over: bool = False

    def begin(self) -> None:
        """Join an equal read, or send this one."""
        reader, url, key = self.reader, self.url, self.key
        trace, upstream = reader.trace, reader.upstream
        if key is not None:
            self.flight = upstream.flights.take_off(key, trace.deadline)
        elif reader.joins:
            self.key = key = (reader.credential.hash, url)
            self.flight = upstream.flights.join(key, trace.deadline, self._joined)
            if self.flight is None:
                return
        try:
            left_s = count(trace, self.name)
            request = Request("GET", url, reader.credential.headers, None, left_s, trace)
            self.begun_s = time.perf_counter()
            self.begun = upstream.reads.begin(request, self._received, self._failed, is_of_many=self.is_of_many)
        except Exception as error:
            asyncio.get_running_loop().call_soon(self._fail, error)

    def cancel(self) -> None:
        """Give it up, if it is not over; nobody is told."""
        if self.is_over:
            return
        self.is_over = True
        begun, self.begun = self.begun, None
        if begun is not None:
            begun.cancel()
            if self.begun_s:
                note(self.reader.trace, self.name, self.begun_s)
        self._crash()

    def _joined(self, answer: Answer | None) -> None:
        """Take the answer of an equal read; None where that failed, or was given up, for reasons of its own."""
        if self.is_over:
            return
        if answer is None:
            self.begin()
        else:
            self.reader.trace.tally.cached += 1
            self._end(answer)

    def _received(self, answer: Answer) -> None:
        note(self.reader.trace, self.name, self.begun_s, answer.repeats)
        if answer.status == 200:
            self._end(answer)
            return
        try:
            error = error_of(answer, is_member=self.reader.is_member)
        except Exception as bug:
            self._fail(bug)
            return
        if error is None:
            self._end(answer)
        else:
            self._judge(error)

    def _failed(self, error: BaseException) -> None:
        note(self.reader.trace, self.name, self.begun_s, error.repeats if isinstance(error, OmneoError) else 0)
        self._judge(error)

    def _judge(self, error: BaseException) -> None:
        """Repeat what may pass."""
        if isinstance(error, _TRANSIENT):
            self.begun_s = 0.0  # whose time is noted
            self.begun = asyncio.get_running_loop().create_task(self._repeat(error))
        else:
            self._fail(error)

    async def _repeat(self, failed: OmneoError) -> None:
        self.reader.trace.bind()  # this task is of whichever request was told something in this turn
        try:
            answer = await repeated(self._attempt, failed, self.reader.trace)
        except (Exception, asyncio.CancelledError) as error:
            self._fail(error)
        else:
            self._end(answer)

    def _attempt(self) -> Awaitable[Answer]:
        reader, trace = self.reader, self.reader.trace
        request = Request("GET", self.url, reader.credential.headers, None, trace.remaining_s(), trace)
        return attempt(self.name, reader.upstream.reads, request, trace, is_member=reader.is_member)

    def _end(self, answer: Answer) -> None:
        self.begun = None
        if self.key is not None and self.flight is not None:
            self.reader.upstream.flights.land(self.key, self.flight, answer)
        if not self.is_over:
            self.is_over = True
            try:
                self.answered(answer)
            except asyncio.InvalidStateError:  # whoever waited was cancelled in this very turn
                return

    def _fail(self, error: BaseException) -> None:
        self.begun = None
        self._crash()
        if not self.is_over:
            self.is_over = True
            try:
                self.failed(error)
            except asyncio.InvalidStateError:
                return

    def _crash(self) -> None:
        """Let those who joined know that they have to read for themselves."""
        flight, self.flight = self.flight, None
        if self.key is not None and flight is not None:
            self.reader.upstream.flights.crash(self.key, flight)


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
            self._under_way.clear()
        return self._found

    def _begin_some(self) -> None:
        for _ in range(_AT_ONCE):
            if len(self._under_way) >= FAN_OUT or not self._begin():
                return
        self._loop.call_soon(self._begin_some)

    def _begin(self) -> bool:
        """Begin the next one, if there is one."""
        for place, url in self._following:
            answered, failed = partial(self._answered, place), partial(self._failed, place)
            reading = self._under_way[place] = Reading(self._reader, self._name, url, answered, failed, is_of_many=True)
            reading.begin()
            return True
        return False

    def _answered(self, place: int, answer: Answer) -> None:
        try:
            self._end(place, self._made(answer))
        except Exception as error:
            self._failed(place, error)

    def _failed(self, place: int, error: BaseException) -> None:
        if isinstance(error, OmneoError):
            self._end(place, error)
        elif not self._all.done():  # a bug, or the end of all reading
            self._all.set_exception(error)

    def _end(self, place: int, found: Any) -> None:
        del self._under_way[place]
        self._found[place] = found
        self._left -= 1
        if self._left:
            self._begin()
        elif not self._all.done():
            self._all.set_result(None)
