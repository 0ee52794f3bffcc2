"""The short way between uvicorn and an endpoint: a body that is all there, an answer in one piece.

ASGI passes both as messages through coroutines, and uvicorn writes the head and the body of an answer one after the
other, two system calls and two packets. Offered as an ASGI extension; whoever does not know it, or asks for what it
does not do, goes the usual way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from weakref import ref

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from serving.asgi import DIRECT, Scope, standing_headers
from serving.head import Memory
from serving.outbox import Outbox


class Direct:
    """Take the body of one request, and give its answer. What it does to uvicorn's state is what `receive` and `send`
    of the cycle would have done."""

    __slots__ = ("_cycle", "_outbox", "memory")

    def __init__(self, cycle: RequestResponseCycle, memory: Memory, outbox: Outbox) -> None:
        # The cycle holds the scope, which holds this: held strongly, each request would be left to the collector.
        self._cycle = ref(cycle)
        self._outbox = outbox
        self.memory = memory

    def body(self) -> bytes | None:
        """Return the whole body; None when some of it has not come yet."""
        cycle = self._cycle()
        return None if cycle is None or cycle.more_body or cycle.disconnected else bytes(cycle.body)

    def answer(self, status: int, content_type: bytes, headers: Mapping[bytes, bytes], body: bytes) -> bool:
        """Have an answer written with its length; False when it has to go the usual way: the connection is to be closed
        after it or is gone, or its client is slow to read."""
        cycle = self._cycle()
        if (
            cycle is None
            or cycle.disconnected
            or cycle.response_started
            or not cycle.keep_alive
            or cycle.flow.write_paused
            or b"connection" in headers
        ):
            return False
        answer = [_standing(status, content_type)]
        for name, value in (*cycle.default_headers, *headers.items()):
            answer += (name, b": ", value, b"\r\n")
        answer += (b"content-length: %d\r\n\r\n" % len(body), body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self._outbox.put(cycle.transport, b"".join(answer))
        cycle.message_event.set()
        cycle.on_response()
        return True


@lru_cache(maxsize=64)
def _standing(status: int, content_type: bytes) -> bytes:
    """Write the lines that every answer of this status and type begins with."""
    lines = [b"%b: %b\r\n" % header for header in standing_headers(content_type)]
    return b"".join([STATUS_LINE[status], *lines])


def offer(cycle: RequestResponseCycle, memory: Memory, outbox: Outbox) -> None:
    """Offer the short way, and what its connection remembers, to whoever answers this request."""
    if cycle.scope["method"] != "HEAD":
        cycle.scope["extensions"] = {DIRECT: Direct(cycle, memory, outbox)}  # type: ignore[dict-item]  # an extension of our own


def direct_of(scope: Scope) -> Direct | None:
    """Return the short way where it is on offer."""
    extensions = scope.get("extensions")
    return extensions.get(DIRECT) if extensions else None
