"""Reads over libcurl, an HTTP client in C: the same seam at a twentieth of the cost (ADR 21). Never for writes."""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial

import msgspec
import pycurl

from omneo.curl_handle import Handle, Trust
from omneo.errors import Landed, TimedOut, Unavailable
from omneo.lines import Lines
from omneo.transfers import Transfers
from omneo.transport import Answer, Answered, Failed, Request, awaited
from pace import Pace

if sys.platform == "linux":
    from omneo.curl_loop import CurlLoop as SystemTransfers
else:
    from omneo.transfers import PortableTransfers as SystemTransfers

IN_FLIGHT = 96


class CurlTransport:
    """Send reads from the event loop they are awaited in; libcurl keeps the connections.

    Its own total timeout is the deadline, and bounds connecting and reading alike. A caller that is cancelled breaks
    the exchange off. libcurl is given as many at a time as there may be connections: the others wait in front of it,
    where a thousand cost nothing; inside, each looks whether its time has come whenever another's has. Those that come
    alone and those of many stand in two lines, which are served by turns, and are looked at apart from one another: a
    small query does not wait for large ones.
    """

    def __init__(self, connections: int, trust: Trust, alone: Transfers, of_many: Transfers) -> None:
        self._alone = alone
        self._of_many = of_many
        for transfers in {alone, of_many}:
            transfers.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, connections)
            transfers.setopt(pycurl.M_MAXCONNECTS, connections)
        self._trust = trust
        self._places = connections  # that are free
        self._lines: Lines[_Read] = Lines()
        self._free: list[Handle] = []
        self._is_closed = False

    async def send(self, request: Request) -> Answer:
        return await awaited(partial(self.begin, request))

    def begin(self, request: Request, answered: Answered, failed: Failed, *, is_of_many: bool = False) -> _Read:
        if self._is_closed:
            raise Unavailable(landed=Landed.NO, detail="closed")
        ends = time.monotonic() + request.timeout_s
        read = _Read(self, self._of_many if is_of_many else self._alone, request, answered, failed, ends)
        if self._places:
            self._places -= 1
            self._send(read)
        else:
            self._lines.stand(read, is_of_many=is_of_many)
        return read

    def _send(self, read: _Read) -> None:
        """Take a place."""
        try:
            read.handle = handle = self._free.pop() if self._free else Handle(self._trust)
        except Exception as error:  # libcurl has none to give
            asyncio.get_running_loop().call_soon(read.fail, error)
            asyncio.get_running_loop().call_soon(self.leave, None)
            return
        read.transfers.begin(handle.curl, read)

    def leave(self, handle: Handle | None) -> None:
        """Give a place to the first in line who still waits. A handle is used again; one that failed is not."""
        if handle is not None:
            self._free.append(handle)
        following = None if self._lines.alarm is None else self._lines.next()
        if following is None:
            self._places += 1
        else:
            self._send(following)

    async def aclose(self) -> None:
        self._is_closed = True
        for read in self._lines.close():
            read.fail(asyncio.CancelledError())
        for transfers in {self._alone, self._of_many}:
            await transfers.aclose()


class _Read(msgspec.Struct, eq=False):
    """One read: in line, under way, or over, which is when nobody is to be told of it any more."""

    transport: CurlTransport
    transfers: Transfers
    request: Request
    answered: Answered
    failed: Failed
    ends: float  # of time.monotonic()
    handle: Handle | None = None
    repeats: int = 0
    is_over: bool = False

    def prepare(self) -> None:
        if self.handle is None:
            return
        left_s = self.ends - time.monotonic()
        if left_s <= 0:
            raise self._late()
        self.handle.prepare(self.request, left_s)

    def end(self, error: BaseException | None) -> None:
        handle = self.handle
        if handle is None:
            return
        if error is not None:
            self._end_badly(handle, error)
            return
        answer = handle.answer()
        if self.repeats:
            answer.repeats += self.repeats
            handle.turn_back()
        self.transport.leave(handle)
        self.is_over = True
        try:
            self.answered(answer)
        except asyncio.InvalidStateError:  # whoever waited was cancelled in this very turn
            return

    def _end_badly(self, handle: Handle, error: BaseException) -> None:
        if isinstance(error, pycurl.error):
            error = handle.failure(error)
            error.repeats += self.repeats
            if handle.turn_afresh():
                self.repeats = error.repeats + 1
                self.transfers.begin(handle.curl, self)
                return
        self.transport.leave(None)
        self.fail(error)

    def give_up(self) -> None:
        """Say that it never came to its turn."""
        self.fail(self._late())

    def _late(self) -> TimedOut:
        landed = Landed.UNKNOWN if self.repeats else Landed.NO
        late = TimedOut(landed=landed, detail="no free connection in time")
        late.repeats = max(0, self.repeats - 1)  # of which this one was not sent
        return late

    def fail(self, error: BaseException) -> None:
        """Say that it did not come to an answer, if it is not over."""
        if self.is_over:
            return
        self.is_over = True
        try:
            self.failed(error)
        except asyncio.InvalidStateError:
            return

    def cancel(self) -> None:
        """Have it end without a word, if it has not ended."""
        if self.is_over:
            return
        self.is_over = True
        handle, self.handle = self.handle, None  # which holds what has come so far
        if handle is not None:
            self.transfers.break_off(handle.curl)
            self.transport.leave(None)


def open_reads(pace: Pace | None = None, *, connections: int = IN_FLIGHT) -> CurlTransport:
    """Open the transport for a process's reads: no redirects, no cookies, nothing from the environment."""
    return CurlTransport(connections, Trust(), SystemTransfers(), SystemTransfers(pace))
