"""The journal: every API call, in the order they ended."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT = 200_000


Call = tuple[str, str, str, int | None, float]
_NAMES = ("method", "path", "query", "status", "ms")


@dataclass
class Journal:
    """Keep the latest calls; no headers and no bodies, so no tokens and nobody's data but what is in a path."""

    _calls: deque[Call] = field(default_factory=lambda: deque(maxlen=KEPT))

    def note(self, method: str, path: str, query: str, status: int | None, ms: float) -> None:
        """Add a call; the oldest goes when there are too many."""
        self._calls.append((method, path, query, status, ms))

    def clear(self) -> None:
        """Begin a new journal."""
        self._calls.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Write the calls down, the oldest first."""
        return [dict(zip(_NAMES, call, strict=True)) for call in self._calls]


class JournalMiddleware:
    """Note each call of the two APIs: method, path, query as sent, status (None when it was dropped), milliseconds."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(("/api/v3/", "/id/api/v1/")):
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), None

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        finally:
            query = scope["query_string"].decode("latin-1")
            ms = round((time.perf_counter() - started) * 1000, 3)
            self._journal.note(scope["method"], path, query, status, ms)
