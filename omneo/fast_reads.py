"""Reads over libcurl, an HTTP client in C: the same seam at a twentieth of the cost (ADR 21). Never for writes."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from functools import partial

import pycurl

from omneo.curl_handle import Handle, Trust
from omneo.errors import Landed, OmneoError, TimedOut
from omneo.transfers import Transfers
from omneo.transport import Answer, Ended, Outcome, Request, settle

if sys.platform == "linux":
    from omneo.curl_loop import CurlLoop as SystemTransfers
else:
    from omneo.transfers import PortableTransfers as SystemTransfers

IN_FLIGHT = 96
_LOOK_S = 0.05  # how often those in line are looked through for who has waited too long


class CurlTransport:
    """Send reads from the event loop they are awaited in; libcurl keeps the connections.

    Its own total timeout is the deadline, and bounds connecting and reading alike. A caller that is cancelled breaks
    the exchange off. libcurl is given as many at a time as there may be connections: the others wait in front of it,
    where a thousand cost nothing; inside, each looks whether its time has come whenever another's has.
    """

    def __init__(self, connections: int, trust: Trust, transfers: Transfers) -> None:
        self.transfers = transfers
        transfers.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, connections)
        transfers.setopt(pycurl.M_MAXCONNECTS, connections)
        self._trust = trust
        self._places = connections  # that are free
        self._line: deque[_Read] = deque()
        self._looking: asyncio.TimerHandle | None = None
        self._free: list[Handle] = []

    async def send(self, request: Request) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        read = self.begin(request, partial(settle, answered))
        try:
            return await answered
        except asyncio.CancelledError:
            read.cancel()
            raise

    def begin(self, request: Request, ended: Ended) -> _Read:
        read = _Read(self, request, ended)
        if self._places:
            self._places -= 1
            self._send(read, request.timeout_s)
        else:
            self._stand_in_line(read)
        return read

    def _send(self, read: _Read, left_s: float) -> None:
        read.take(self._free.pop() if self._free else Handle(self._trust), left_s)
        self.transfers.begin(read)

    def _stand_in_line(self, read: _Read) -> None:
        loop = asyncio.get_running_loop()
        read.ends = loop.time() + read.request.timeout_s
        self._line.append(read)
        if self._looking is None:
            self._looking = loop.call_later(_LOOK_S, self._look_along, loop)

    def _look_along(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell those in line whose time is over."""
        now, line = loop.time(), self._line
        self._line = deque([read for read in line if read.ended is not None and read.ends > now])
        self._looking = loop.call_later(_LOOK_S, self._look_along, loop) if self._line else None
        for read in line:
            if read.ends <= now:
                read.tell(TimedOut(landed=Landed.NO, detail="no free connection in time"))

    def leave(self, handle: Handle | None) -> None:
        """Give a place to the first in line who still waits. Its handle is used again; one that failed is not."""
        if handle is not None:
            self._free.append(handle)
        while self._line:
            following = self._line.popleft()
            if following.ended is not None:
                self._send(following, following.ends - asyncio.get_running_loop().time())
                return
        self._places += 1

    async def aclose(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        line, self._line = self._line, deque()
        for read in line:
            read.tell(asyncio.CancelledError())
        await self.transfers.aclose()


class _Read:
    """One read: in line, under way, or over, which is when nobody is to be told of it any more."""

    __slots__ = ("_handle", "_left_s", "_repeats", "_transport", "curl", "ended", "ends", "request")

    curl: pycurl.Curl

    def __init__(self, transport: CurlTransport, request: Request, ended: Ended) -> None:
        self.request = request
        self.ended: Ended | None = ended
        self.ends = 0.0  # of one in line, in the event loop's time
        self._transport = transport
        self._handle: Handle | None = None
        self._left_s = 0.0
        self._repeats = 0

    def take(self, handle: Handle, left_s: float) -> None:
        """Go over this handle, within so many seconds."""
        self._handle, self.curl, self._left_s = handle, handle.curl, left_s

    def prepare(self) -> None:
        if self._handle is not None:
            self._handle.prepare(self.request, self._left_s)

    def end(self, error: BaseException | None) -> None:
        handle = self._handle
        if handle is None:
            return
        outcome: Outcome
        if error is None:
            outcome = handle.answer()
            if self._repeats:
                outcome.repeats += self._repeats
                handle.turn_back()
            self._transport.leave(handle)
        else:
            outcome = handle.failure(error) if isinstance(error, pycurl.error) else error
            if isinstance(outcome, OmneoError):
                outcome.repeats += self._repeats
                took_s = handle.turn_afresh()
                if took_s is not None:
                    self._repeats = outcome.repeats + 1
                    self._left_s -= took_s
                    self._transport.transfers.begin(self)
                    return
            self._transport.leave(None)
        self.tell(outcome)

    def tell(self, outcome: Outcome) -> None:
        ended, self.ended = self.ended, None
        if ended is not None:
            ended(outcome)

    def cancel(self) -> None:
        """Have it end without a word."""
        if self.ended is not None:
            self.ended = None
            if self._handle is not None:
                self._transport.transfers.break_off(self)
                self._transport.leave(None)


def open_reads(*, connections: int = IN_FLIGHT) -> CurlTransport:
    """Open the transport for a process's reads: no redirects, no cookies, nothing from the environment."""
    return CurlTransport(connections, Trust(), SystemTransfers())
