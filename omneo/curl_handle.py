"""A handle of libcurl's: one read at a time, its answer, and the truth about its failure (ADR 21)."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi
import pycurl

from omneo.errors import Invalid, Landed, OmneoError, TimedOut, Unavailable
from omneo.transport import CONNECT_S, MAX_ANSWER_BYTES, Answer, Request

_CONNECT_MS = int(CONNECT_S * 1000)
_MORE_BYTES = 60  # of a request, besides its URL and our headers
_CLOSED = (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, pycurl.E_GOT_NOTHING)  # what writing to a closed one leads to
_IDLE_S = 30  # a connection that was not used for longer is not used again


class Trust:
    """Find whom to trust for a certificate: the system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured),
    Mozilla's where it has none. libcurl knows only those of the machine it was built on."""

    def __init__(self) -> None:
        paths = ssl.get_default_verify_paths()
        self.folder = paths.capath if paths.capath and any(Path(paths.capath).iterdir()) else None
        self.file = paths.cafile if paths.cafile or self.folder else certifi.where()


class Handle:
    """A handle of libcurl's, for one read at a time; used again for others after it."""

    __slots__ = ("_body", "_bytes", "_code", "_headers", "_lines", "_timeout_ms", "curl")

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

    def prepare(self, request: Request, left_s: float) -> None:
        """Say what is sent next, and set what is different from last time."""
        curl = self.curl
        timeout_ms = max(0, int(left_s * 1000)) + 1  # 0 would be for ever
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

    def turn_afresh(self) -> bool:
        """Have the next attempt make a new connection, if this one failed on connections that were kept, and all turned
        out to be closed; returns whether that is so. libcurl tries five of them, and may be given more when a server
        has closed many: it looks which are, but once a second at most."""
        curl = self.curl
        if self._code not in _CLOSED or curl.getinfo(pycurl.NUM_CONNECTS) or curl.getinfo(pycurl.HEADER_SIZE):
            return False
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        return True

    def turn_back(self) -> None:
        """Take connections that were kept again."""
        self.curl.setopt(pycurl.FRESH_CONNECT, 0)

    def failure(self, gave_up: pycurl.error) -> OmneoError:
        """Return what it means that libcurl gave up."""
        self._code = gave_up.args[0]
        error = self._meaning(self._code)
        error.repeats = self._repeats
        error.__cause__ = gave_up
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
