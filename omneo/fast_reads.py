"""Reads over libcurl, an HTTP client in C: the same seam at a twentieth of the cost (ADR 21). Never for writes."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections import deque
from pathlib import Path

import certifi
import pycurl

from omneo.errors import Invalid, Landed, OmneoError, TimedOut, Unavailable
from omneo.transfers import Transfers
from omneo.transport import CONNECT_S, MAX_ANSWER_BYTES, Answer, Request

if sys.platform == "linux":
    from omneo.curl_loop import CurlLoop as SystemTransfers
else:
    from omneo.transfers import PortableTransfers as SystemTransfers

IN_FLIGHT = 96
_CONNECT_MS = int(CONNECT_S * 1000)
_MORE_BYTES = 60  # of a request, besides its URL and our headers
_CLOSED = (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, pycurl.E_GOT_NOTHING)  # what writing to a closed one leads to
_IDLE_S = 30  # a connection that was not used for longer is not used again


class CurlTransport:
    """Send reads from the event loop they are awaited in; libcurl keeps the connections.

    Its own total timeout is the deadline, and bounds connecting and reading alike. A caller that is cancelled breaks
    the exchange off. libcurl is given as many at a time as there may be connections: the others wait in front of it,
    where a thousand cost nothing; inside, each looks whether its time has come whenever another's has.
    """

    def __init__(self, connections: int, trust: Trust, transfers: Transfers) -> None:
        self._transfers = transfers
        transfers.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, connections)
        transfers.setopt(pycurl.M_MAXCONNECTS, connections)
        self._trust = trust
        self._places = connections  # that are free
        self._line: deque[asyncio.Future[None]] = deque()
        self._free: list[_Exchange] = []

    async def send(self, request: Request) -> Answer:
        left_s = request.timeout_s
        if self._places:
            self._places -= 1
        else:
            left_s = await self._stand_in_line(left_s)
        repeats = 0
        try:
            exchange = self._free.pop() if self._free else _Exchange(self._trust)
            exchange.request, exchange.left_s = request, left_s
            while True:
                try:
                    answer = await self._transfers.run(exchange)
                    break
                except OmneoError as error:
                    error.repeats += repeats
                    if not exchange.turns_afresh():
                        raise
                    repeats = error.repeats + 1
        except asyncio.CancelledError:
            self._transfers.break_off(exchange)
            raise
        finally:
            self._leave()
        if repeats:
            answer.repeats += repeats
            exchange.curl.setopt(pycurl.FRESH_CONNECT, 0)
        self._free.append(exchange)
        return answer

    async def _stand_in_line(self, left_s: float) -> float:
        """Wait for another's place; returns how many seconds are left then."""
        loop = asyncio.get_running_loop()
        ends, turn = loop.time() + left_s, loop.create_future()
        self._line.append(turn)
        alarm = loop.call_at(ends, _give_up, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:  # the place had been given already
                self._leave()
            raise
        finally:
            alarm.cancel()
        return ends - loop.time()

    def _leave(self) -> None:
        """Give one's place to the first in line who still waits."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._places += 1

    async def aclose(self) -> None:
        for turn in self._line:
            turn.cancel()
        await self._transfers.aclose()


def _give_up(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimedOut(landed=Landed.NO, detail="no free connection in time"))


class Trust:
    """Find whom to trust for a certificate: the system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured),
    Mozilla's where it has none. libcurl knows only those of the machine it was built on."""

    def __init__(self) -> None:
        paths = ssl.get_default_verify_paths()
        self.folder = paths.capath if paths.capath and any(Path(paths.capath).iterdir()) else None
        self.file = paths.cafile if paths.cafile or self.folder else certifi.where()


class _Exchange:
    """One request and its answer; used again for others after it."""

    __slots__ = ("_body", "_bytes", "_code", "_headers", "_lines", "_timeout_ms", "curl", "left_s", "request")

    request: Request
    left_s: float

    def __init__(self, trust: Trust) -> None:
        self.curl = curl = pycurl.Curl()
        self._body = _Body()  # holds nothing that holds libcurl: an exchange that is dropped is gone at once
        self._headers: dict[str, str] = {}
        self._lines: list[str] = []  # these, as they are sent
        self._bytes = 0  # what is sent, but for some dozen
        self._timeout_ms = 0
        self._code: int | str = 0  # why libcurl gave up last
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, _CONNECT_MS)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.USERAGENT, "")  # the request says it, where it is to be said
        curl.setopt(pycurl.PROXY, "")  # none, whatever the environment says
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.ACCEPT_ENCODING, "gzip")
        curl.setopt(pycurl.MAXAGE_CONN, _IDLE_S)
        curl.setopt(pycurl.WRITEFUNCTION, self._body.take)
        curl.setopt(pycurl.CAINFO, trust.file) if trust.file else curl.unsetopt(pycurl.CAINFO)
        curl.setopt(pycurl.CAPATH, trust.folder) if trust.folder else curl.unsetopt(pycurl.CAPATH)

    def prepare(self) -> None:
        """Say what is sent next, and set what is different from last time."""
        curl, request = self.curl, self.request
        timeout_ms = max(0, int(self.left_s * 1000)) + 1  # 0 would be for ever
        curl.setopt(pycurl.URL, request.url)
        if timeout_ms != self._timeout_ms:
            self._timeout_ms = timeout_ms
            curl.setopt(pycurl.TIMEOUT_MS, timeout_ms)
        if request.headers is not self._headers:
            self._headers = request.headers
            self._lines = [f"{name}: {value}" for name, value in request.headers.items()]
        lines = [*self._lines]
        for name, value in request.marks.items():
            lines.append(f"{name}: {value}")
        self._bytes = sum(map(len, lines)) + len(request.url)
        curl.setopt(pycurl.HTTPHEADER, lines)

    def answer(self) -> Answer:
        """Return what came back."""
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        wait_s = self.curl.getinfo(pycurl.RETRY_AFTER) if status >= 400 else 0
        return Answer(status, self._body.taken(), str(wait_s) if wait_s else None, self._repeats)

    @property
    def _repeats(self) -> int:
        """Tell how often libcurl sent the request again, on another connection: it counts the bytes of all times."""
        return max(0, int(self.curl.getinfo(pycurl.REQUEST_SIZE) / (self._bytes + _MORE_BYTES) - 0.5))

    def turns_afresh(self) -> bool:
        """Tell whether this failed on connections that were kept, and all turned out to be closed; if so, the next
        attempt makes a new one. libcurl tries five of them, and may be given more when a server has closed many: it
        looks which are, but once a second at most."""
        curl = self.curl
        if self._code not in _CLOSED or curl.getinfo(pycurl.NUM_CONNECTS) or curl.getinfo(pycurl.HEADER_SIZE):
            return False
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        self.left_s -= curl.getinfo(pycurl.TOTAL_TIME)
        return True

    def failure(self, gave_up: pycurl.error) -> OmneoError:
        """Return what it means that libcurl gave up."""
        self._code = gave_up.args[0]
        error = self._meaning(self._code)
        error.repeats = self._repeats
        return error

    def _meaning(self, code: int | str) -> OmneoError:
        # libcurl counts the bytes it sent, so that nothing left is known, not guessed.
        landed = Landed.UNKNOWN if self.curl.getinfo(pycurl.REQUEST_SIZE) else Landed.NO
        if code == pycurl.E_OPERATION_TIMEDOUT:
            if landed is Landed.UNKNOWN:
                return TimedOut(landed=landed, detail="no answer in time")
            return TimedOut(landed=landed, detail="no connection in time")
        if code == pycurl.E_WRITE_ERROR:
            return Invalid(landed=landed, detail="answer too large")
        if code == pycurl.E_BAD_CONTENT_ENCODING:
            return Invalid(landed=landed, detail="answer unreadable")
        return Unavailable(landed=landed, detail="no connection" if landed is Landed.NO else "connection lost")


class _Body:
    """Take the pieces of a body, unpacked, but never more than `MAX_ANSWER_BYTES`."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, piece: bytes) -> int | None:
        self._size += len(piece)
        if self._size > MAX_ANSWER_BYTES:
            return -1  # which ends the exchange
        self._pieces.append(piece)
        return None

    def taken(self) -> bytes:
        """Return the body, and make room for the next."""
        body = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return body


def open_reads(*, connections: int = IN_FLIGHT) -> CurlTransport:
    """Open the transport for a process's reads: no redirects, no cookies, nothing from the environment."""
    return CurlTransport(connections, Trust(), SystemTransfers())
