"""The faults at work: what each action of the plan does to a call (docs/sandbox.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Faults, Rule
from sandbox.server import HANG_UP


class ConnectionDropped(Exception):
    """Stand for a hang-up where there is no socket to close: an application called in process."""


class FaultMiddleware:
    """Act on the plan, on calls of the two APIs alone."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith(("/api/", "/id/api/"))
        rule = self._faults.pick(scope) if is_api else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        match rule.action:
            case "delay":
                await asyncio.sleep(rule.ms / 1000)
                await self._app(scope, receive, send)
            case "status":
                if rule.after:
                    await self._app(scope, receive, _unheard)
                await _answer(send, rule)
            case "drop-before":
                _hang_up(scope)
            case "drop-after":
                await self._app(scope, receive, _unheard)
                _hang_up(scope)
            case "late":
                await self._later(scope, receive, rule.ms / 1000)
                _hang_up(scope)
            case "truncate":
                await self._app(scope, receive, _Halved(send))
                _hang_up(scope)
            case _:
                await self._app(scope, receive, _unheard)
                await _send(send, 200, b'{"data": [{"id": \xff<html>')

    async def _later(self, scope: Scope, receive: Receive, seconds: float) -> None:
        """Read the body while the client is there, and run the handler when it no longer is."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def run() -> None:
            await asyncio.sleep(seconds)
            await self._app(scope, replay, _unheard)

        task = asyncio.create_task(run())
        self._faults.late.add(task)
        task.add_done_callback(self._faults.late.discard)


class _Halved:
    """Announce a whole body and send half of it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False) and self._start is not None:
            await self._send(self._start)
            await self._send(
                {"type": "http.response.body", "body": self._body[: len(self._body) // 2], "more_body": True}
            )


async def _unheard(_message: Message) -> None:
    """Lose an answer."""


async def _answer(send: Send, rule: Rule) -> None:
    extra = [(b"retry-after", str(rule.retry_after).encode())] if rule.retry_after is not None else []
    await _send(send, rule.status, rule.body.encode(), extra)


async def _send(send: Send, status: int, body: bytes, extra: list[tuple[bytes, bytes]] | None = None) -> None:
    is_json = body.startswith((b"{", b"["))
    headers = [
        (b"content-type", b"application/json" if is_json else b"text/html"),
        (b"content-length", str(len(body)).encode()),
        *(extra or []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _hang_up(scope: Scope) -> None:
    close: Callable[[], None] | None = scope.get("extensions", {}).get(HANG_UP)
    if close is None:
        raise ConnectionDropped
    close()
