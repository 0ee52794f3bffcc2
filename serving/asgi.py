"""ASGI in small: read headers and a bounded body, send one answer, refuse with a status and a code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from schema.codes import CODES, extensions

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

DIRECT = "gateway.direct"  # the extension of serving/direct.py, by which our own server is spared the messages


class HttpRefusal(Exception):
    """Refuse a request as a whole: a code, which has a status (schema/codes.py), and a sentence for the client."""

    def __init__(self, code: str, message: str, headers: Iterable[tuple[bytes, bytes]] = (), **more: Any) -> None:
        super().__init__(message)
        self.status = CODES[code].status or 400
        self.code = code
        self.message = message
        self.headers = list(headers)
        self.more = more

    def payload(self) -> dict[str, Any]:
        """Return the refusal as a GraphQL response without data."""
        return {"errors": [{"message": self.message, "extensions": extensions(self.code, **self.more)}]}


class ClientGone(Exception):
    """Say that the client hung up: there is nobody left to answer."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], *, limit: int, timeout_s: float) -> bytes:
    """Return the whole body, at most `limit` bytes, within `timeout_s` seconds.

    Raises HttpRefusal 413 or 408, and ClientGone when the client hangs up halfway.
    """
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > limit:
        raise too_large(limit)
    message = await _next(receive, timeout_s)
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _rest(receive, body, limit, timeout_s)
    if len(body) > limit:
        raise too_large(limit)
    return body


async def _next(receive: Receive, timeout_s: float) -> Message:
    try:
        async with asyncio.timeout(timeout_s):
            message = await receive()
    except TimeoutError:
        raise _too_slow(timeout_s) from None
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def _rest(receive: Receive, body: bytes, limit: int, timeout_s: float) -> bytes:
    parts, size, ends = [body], len(body), asyncio.get_running_loop().time() + timeout_s
    while size <= limit:
        message = await _next(receive, ends - asyncio.get_running_loop().time())
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body"):
            break
    return b"".join(parts)


def too_large(limit: int) -> HttpRefusal:
    """Return the refusal of a body of more than `limit` bytes."""
    # The connection stays open: closing it while the client still sends would lose the answer. The server throws the
    # rest away, and cuts off one that takes too long (serving/protocol.py).
    return HttpRefusal("LIMIT_BODY", f"The body is too large: at most {limit} bytes.")


def _too_slow(timeout_s: float) -> HttpRefusal:
    return HttpRefusal("LIMIT_TIME", "The body did not arrive in time.", [(b"connection", b"close")])


def standing_headers(content_type: bytes) -> Headers:
    """Return what every answer of this type says; nothing the gateway says is to be stored by a cache."""
    return [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"accept, accept-encoding"),
    ]


async def send_answer(
    send: Send, status: int, content_type: bytes, headers: Mapping[bytes, bytes], body: bytes
) -> None:
    """Send one complete answer."""
    said = [*standing_headers(content_type), *headers.items(), (b"content-length", b"%d" % len(body))]
    try:
        await send({"type": "http.response.start", "status": status, "headers": said})
        await send({"type": "http.response.body", "body": body})
    except RuntimeError as error:
        if "closed" in str(error):  # as uvloop says it of a connection that was given up meanwhile
            raise ClientGone from error
        raise
