"""The one tenant: its store, settings, clock and events, and how a request reaches it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request

from sandbox.settings import Settings
from sandbox.store import Row, Store
from sandbox.times import written, zone_of

Listener = Callable[[str, Row, str | None], None]

by_server_token: ContextVar[bool] = ContextVar("by_server_token", default=False)
"""Whether what happens now was caused by the server token, which has a namespace; members' tokens have none."""


@dataclass
class Sandbox:
    """Hold the one tenant: `token` is its server token."""

    store: Store
    token: str
    settings: Settings = field(default_factory=Settings)
    listeners: list[Listener] = field(default_factory=list)
    _held: list[tuple[str, Row]] | None = None
    _waiting: set[asyncio.TimerHandle] = field(default_factory=set)

    def now(self) -> datetime:
        """Tell the time, or what the settings say it is."""
        return datetime.fromisoformat(self.settings.clock) if self.settings.clock else datetime.now(UTC)

    def stamp(self) -> str:
        """Write now as `created_at` is written: UTC, without an offset (§9)."""
        return written(self.now().astimezone(UTC))

    def wall(self, zone: str | None) -> str:
        """Write now as wall time in a zone; UTC where there is none, or no such one."""
        return written(self.now().astimezone(zone_of(zone)))

    def emit(self, event: str, payload: Row) -> None:
        """Tell the listeners, such as webhooks, what happened, and the namespace of whoever caused it."""
        if self._held is not None:
            self._held.append((event, payload))
            return
        namespace = self.settings.token_namespace if by_server_token.get() else None
        for listener in self.listeners:
            listener(event, payload, namespace)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make several writes one: all of them land, and are told of, or none. Within another, they are of that one."""
        if self._held is not None:
            yield
            return
        held: list[tuple[str, Row]] = []
        self._held = held
        try:
            with self.store.transaction():
                yield
        finally:
            self._held = None
        for event, payload in held:
            self.emit(event, payload)

    def later(self, delay_ms: float, work: Callable[[], None]) -> None:
        """Do something in a moment, unless the sandbox is closed or reset before."""

        def run() -> None:
            self._waiting.discard(handle)
            work()

        handle = asyncio.get_running_loop().call_later(delay_ms / 1000, run)
        self._waiting.add(handle)

    def forget_later(self) -> None:
        """Give up what was to be done in a moment."""
        for handle in self._waiting:
            handle.cancel()
        self._waiting.clear()


def sandbox_of(request: Request) -> Sandbox:
    """Reach the tenant from a request."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


class _Id(Convertor[int]):
    """Match the digits of an id in a path, and no more of them than any id has."""

    regex = "[0-9]{1,19}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", _Id())
