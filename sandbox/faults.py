"""The fault plan: what shall go wrong, where, and how often."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.problems import invalid
from sandbox.server import HANG_UP

ACTIONS = ("delay", "status", "drop-before", "drop-after", "late", "truncate", "garbage")


class ConnectionDropped(Exception):
    """Stand for a hang-up where there is no socket to close: an application called in process."""


@dataclass
class Rule:
    """One rule: which calls it is for, how often it acts, and what it does."""

    path: str
    action: str
    method: str | None = None
    probability: float = 1.0
    times: int | None = None
    ms: float = 0
    status: int = 503
    body: str = ""
    retry_after: int | None = None
    after: bool = False

    def fits(self, scope: Scope) -> bool:
        """Tell whether the rule is for this call; `*` in a path matches slashes too."""
        return self.method in (None, scope["method"]) and fnmatchcase(scope["path"], self.path)


@dataclass
class Faults:
    """Hold the plan. `chance` is seeded, so that a run can be repeated."""

    rules: list[Rule] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 — faults, not secrets
    late: set[asyncio.Task[None]] = field(default_factory=set)

    def plan(self, rules: object) -> None:
        """Replace the plan by what was sent. Raises a 422 that names the rule and what is wrong with it."""
        if not isinstance(rules, list):
            raise invalid({"rules": ["A list of rules."]})
        self.rules = [_rule(index, each) for index, each in enumerate(rules)]
        self.chance = random.Random(1)  # noqa: S311 — as above

    def pick(self, scope: Scope) -> Rule | None:
        """Find the first rule that applies to a call, and count it."""
        for rule in self.rules:
            if rule.times == 0 or not rule.fits(scope) or self.chance.random() >= rule.probability:
                continue
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None

    async def aclose(self) -> None:
        """Give up writes that were to land later."""
        for task in self.late:
            task.cancel()
        await asyncio.gather(*self.late, return_exceptions=True)


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


def _rule(index: int, sent: Any) -> Rule:
    def wrong(name: str, text: str) -> Exception:
        return invalid({f"{index}.{name}": [text]})

    if not isinstance(sent, dict):
        raise wrong("rule", "An object.")
    known = set(Rule.__dataclass_fields__)
    for name in sent:
        if name not in known:
            raise wrong(name, f"There is no such key; there are {', '.join(sorted(known))}.")
    if not isinstance(sent.get("path"), str):
        raise wrong("path", "A glob over the whole path, such as /api/v3/*.")
    if sent.get("action") not in ACTIONS:
        raise wrong("action", f"One of {', '.join(ACTIONS)}.")
    body = sent.get("body", "")
    rule = Rule(**{**sent, "body": body if isinstance(body, str) else json.dumps(body)})
    if not isinstance(rule.probability, int | float) or not 0 <= rule.probability <= 1:
        raise wrong("probability", "A number from 0 to 1.")
    if rule.times is not None and (not isinstance(rule.times, int) or rule.times < 0):
        raise wrong("times", "A whole number from 0.")
    if not isinstance(rule.ms, int | float) or rule.ms < 0:
        raise wrong("ms", "Milliseconds, from 0.")
    if not isinstance(rule.status, int) or not 200 <= rule.status <= 599:
        raise wrong("status", "A status from 200 to 599.")
    rule.method = rule.method.upper() if isinstance(rule.method, str) else None
    return rule
