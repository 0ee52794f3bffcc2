"""What uvicorn alone does not do: cut off headers that are too large or too slow, and clients that never read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

import telemetry
from schema.codes import CODES
from serving.asgi import Headers, HttpRefusal
from serving.direct import offer
from serving.head import Memory
from serving.outbox import Outbox
from serving.patience import Patience

# A proposal to speak another protocol, which whoever does not speak it ignores (RFC 9110, 7.8). To the parser it would
# be the end of HTTP, and a body behind it the next request; so it does not get to see it. Of the same length.
_UPGRADE = re.compile(rb"(?<=\n)upgrade(?=[ \t]*:)", re.IGNORECASE)

_PIPELINED = 50  # requests one connection may have waiting for their turn
_LINGER_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLimits:
    """Hold what a request's head may weigh, and how long it may take to come; `unread_s` is how long a client may read
    nothing of what waits for it."""

    bytes: int = 16 * 1024
    url_bytes: int = 8 * 1024
    seconds: float = 10.0
    unread_s: float = 10.0


class GuardedProtocol(HttpToolsProtocol):
    """Speak HTTP as uvicorn does, with a bound on the size of a request's head and on the time it takes to come.

    The time runs from the connection, or from the first byte after the last answer, to the end of the headers.
    """

    heads = HeadLimits()
    patience = Patience(heads.seconds)  # with heads that come
    reading = Patience(heads.unread_s)  # with clients that are to read
    outbox = Outbox()
    count_refusal: ClassVar[Callable[[str], None] | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = False
        self._is_refused = False
        self._refusal: tuple[str, str] | None = None  # to be said when the requests before are answered
        self._received = 0  # bytes of this head, as far as chunks were all of it
        self._begun = 0  # messages that began in this chunk
        self._chunk = 0  # its size
        self._memory = Memory()
        self._unread = 0  # bytes that waited for the client when it was looked at last

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.patience.begin(self._refuse_time, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self.patience.end(self._refuse_time)
        self.reading.end(self._look_at_unread)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.transport.get_write_buffer_size()
        self.reading.begin(self._look_at_unread, self.loop)

    def resume_writing(self) -> None:
        self.reading.end(self._look_at_unread)
        super().resume_writing()

    def _look_at_unread(self) -> None:
        """Let go of a client that reads nothing: whoever works for it waits until it has read."""
        unread = self.transport.get_write_buffer_size()
        if unread >= self._unread:
            self.transport.abort()
            return
        self._unread = unread
        self.reading.begin(self._look_at_unread, self.loop)

    def data_received(self, data: bytes) -> None:
        if self.outbox.waiting:
            self.outbox.empty()
        if self._is_refused:
            return
        cycle = self.cycle
        # Whether the next byte begins a request.
        was_idle = not self._is_in_head and (cycle is None or (cycle.response_complete and not cycle.more_body))
        self._begun, self._chunk = 0, len(data)
        if b"pgrade" in data:
            data = _UPGRADE.sub(b"ignored", data)
        super().data_received(data)
        if self._is_in_head:
            # All of it is of this head if that began before, or with it. Of one that began somewhere inside, what is
            # not parsed yet is not counted: it is a chunk at most.
            if self._begun == 0 or (self._begun == 1 and was_idle):
                self._received += len(data)
            if self._received > self.heads.bytes:
                self._refuse_size()
        elif self.headers and _size(self.headers) > self.heads.bytes and not self._is_refused:
            self._refuse_trailers()
        if self._is_in_head or not self._is_answering():
            self.patience.begin(self._refuse_time, self.loop)

    def eof_received(self) -> None:
        # The client has said all it wants to; the connection is closed behind this.
        self.outbox.empty()
        super().eof_received()

    def shutdown(self) -> None:
        self.outbox.empty()
        super().shutdown()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True
        self._begun += 1
        self._received = 0

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self.patience.end(self._refuse_time)
        if self._is_refused:
            return
        could_be_too_large = self._received + self._chunk > self.heads.bytes
        if could_be_too_large and len(self.url) + _size(self.headers) > self.heads.bytes:
            self._refuse_size()
            return
        if self.parser.should_upgrade():  # as a head in pieces may still say
            self._refuse("BAD_REQUEST", "This connection cannot be upgraded.")
            return
        if len(self.pipeline) >= _PIPELINED:
            self._refuse("BAD_REQUEST", "Too many requests were sent ahead of their answers.")
            return
        super().on_headers_complete()
        offer(self.cycle, self._memory, self.outbox)
        # What follows a chunked body looks like headers to uvicorn, and could bring a credential past a proxy.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.headers and _size(self.headers) > self.heads.bytes and not self._is_refused:
            self._refuse_trailers()
        if not self._is_refused:
            super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: it was refused."""

    def send_400_response(self, msg: str) -> None:
        self._refuse("BAD_REQUEST", "The request is not valid HTTP/1.1.")

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # close() waits until the client has read everything; one that does not read would hold its answer for ever.
        self.loop.call_later(self.heads.unread_s, self.transport.abort)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_time(self) -> None:
        self.outbox.empty()
        if self._is_answering():
            # The next request's head comes slowly while this one is answered: its turn has not come yet.
            self.patience.begin(self._refuse_time, self.loop)
            return
        if not self._is_in_head:
            # Nothing was asked: there is nothing to answer.
            self.transport.close()
            return
        self._refuse("LIMIT_TIME", "The headers did not arrive in time.")

    def _refuse_size(self) -> None:
        if len(self.url) > self.heads.url_bytes:
            self._refuse("LIMIT_URL", f"The URL is longer than {self.heads.url_bytes} bytes.")
        else:
            message = f"The headers are larger than {self.heads.bytes} bytes."
            self._refuse("LIMIT_HEADERS", message)

    def _refuse_trailers(self) -> None:
        if self._is_answering():
            self._refuse_size()
        else:  # the answer was given before the body had ended; another would be taken for the next request's
            self._is_refused = True
            self.transport.close()

    def _refuse(self, code: str, message: str) -> None:
        self._is_refused = True
        if self.transport.is_closing():
            return
        if self._is_answering():
            cycle = self.cycle
            is_queued = bool(self.pipeline) and self.pipeline[0][0] is cycle
            if is_queued or not cycle.more_body:
                # Requests before the wrong one are answered first; its turn to be refused comes after them.
                if cycle.more_body:
                    self.pipeline.popleft()
                self._refusal = (code, message)
                return
            # It is this request's own body that goes wrong: whoever works on it need not answer any more.
            if cycle.response_started:
                self.transport.close()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self._say(code, message)

    def on_response_complete(self) -> None:
        is_last = not self.pipeline
        super().on_response_complete()
        if is_last and self._refusal is not None:
            self.outbox.empty()
            self._say(*self._refusal)

    def _say(self, code: str, message: str) -> None:
        """Answer with a refusal, and nothing more on this connection."""
        if self.transport.is_closing():
            return
        self._tell(code)
        refusal = HttpRefusal(code, message)
        status, body = HTTPStatus(refusal.status), orjson.dumps(refusal.payload())
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "content-type: application/json; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\n"
            "cache-control: no-store\r\n"
            "connection: close\r\n\r\n".encode("ascii")
            + body
        )
        # Closing while the client still sends would reset the connection, and the answer would be lost with it: so
        # only our half is closed, and what comes is thrown away for a moment.
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.abort)

    def _tell(self, code: str) -> None:
        """Write the log line of a request that never came to be one, and count it."""
        count = type(self).count_refusal
        if count is not None:
            count(code)
        status = CODES[code].status
        telemetry.log("request", status=status, outcome="refused", codes=[code], operation="none", caller=None)


def _size(headers: Headers) -> int:
    return sum([len(name) + len(value) + 4 for name, value in headers])


def guarded(heads: HeadLimits, count_refusal: Callable[[str], None] | None = None) -> type[GuardedProtocol]:
    """Return the protocol with these limits, for uvicorn, which makes its own instances. `count_refusal` is told the
    code of everyone who is cut off."""
    count = None if count_refusal is None else staticmethod(count_refusal)
    waits = {"patience": Patience(heads.seconds), "reading": Patience(heads.unread_s)}
    held = {"heads": heads, "count_refusal": count, "outbox": Outbox(), **waits}
    return type("Guarded", (GuardedProtocol,), held)
