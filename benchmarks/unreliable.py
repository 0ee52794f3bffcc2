"""A world for the write engine to fail in: an Omneo that loses answers, processes that die, and a time that skips."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

import omneo
from benchmarks.skipping_time import real_time
from telemetry import Trace
from writes import Intent, Kind, Outcome, Write, Writes, fingerprint
from writes.intents import Rule, Store

R = TypeVar("R")
P = ParamSpec("P")

CALLER = "service:till"


class Fault(StrEnum):
    """Name what can happen to one write on its way; the words of the sandbox's fault plan where it has them."""

    NONE = "none"
    NEVER_SENT = "never-sent"  # no connection: truthfully not landed
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    LATE = "late"  # hang up now, land later
    STATUS_BEFORE = "500-before"
    STATUS_AFTER = "500-after"
    RATE_LIMITED = "429"
    REFUSED = "422"
    TRUNCATE = "truncate"
    SLOW = "slow"  # lands at once, answers late
    SILENT = "silent"  # lands late in the quarantine, never answers


@dataclass(frozen=True)
class Made:
    """Stand for a benefit, as Omneo answers it."""

    id: int
    external_id: str


@dataclass
class UnreliableOmneo:
    """Take writes, check no uniqueness, and treat each by the next fault drawn. Nothing lands later than `latest_s`."""

    draw: Callable[[str], Fault]  # by external id
    latest_s: float
    random: random.Random
    read_failures: float = 0.0  # the share of reads that fail
    made: list[Made] = field(default_factory=list)
    by_external_id: dict[str, list[Made]] = field(default_factory=dict)
    drawn: Counter[str] = field(default_factory=Counter)
    arrivals: list[tuple[float, str]] = field(default_factory=list)  # when which write was asked for
    arrived: asyncio.Event = field(default_factory=asyncio.Event)  # the first has; what becomes of it is still open
    reads: int = 0
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _handlers: set[asyncio.Task[Made]] = field(default_factory=set)

    async def write(self, external_id: str) -> Made:
        """Take one write. The handler goes on when the client hangs up, as a server does."""
        handler = asyncio.create_task(self._handle(external_id))
        self._handlers.add(handler)
        handler.add_done_callback(self._ended)
        return await asyncio.shield(handler)

    async def find(self, external_id: str) -> Made | None:
        """Answer the first benefit with this external id."""
        self.reads += 1
        await asyncio.sleep(self.random.uniform(0.001, 0.05))
        if self.random.random() < self.read_failures:
            raise omneo.Unavailable(landed=omneo.Landed.NO)
        return next(iter(self.by_external_id.get(external_id, ())), None)

    def most_copies(self) -> int:
        """Count the copies of the external id that was made most often."""
        return max((len(copies) for copies in self.by_external_id.values()), default=0)

    async def _handle(self, external_id: str) -> Made:
        self.arrivals.append((asyncio.get_running_loop().time(), external_id))
        self.arrived.set()
        fault = self.draw(external_id)
        self.drawn[fault] += 1
        await asyncio.sleep(self.random.uniform(0.001, 0.05))
        match fault:
            case Fault.NEVER_SENT:
                raise omneo.Unavailable(landed=omneo.Landed.NO)
            case Fault.RATE_LIMITED:
                raise omneo.RateLimited
            case Fault.REFUSED:
                raise omneo.Refused
            case Fault.LATE:
                asyncio.get_running_loop().call_later(self.random.uniform(0, self.latest_s), self.land, external_id)
            case Fault.SILENT:
                await asyncio.sleep(self.random.uniform(0, self.latest_s))
                self.land(external_id)
                await asyncio.sleep(3600)
            case Fault.DROP_AFTER | Fault.STATUS_AFTER | Fault.TRUNCATE:
                self.land(external_id)
            case Fault.NONE:
                return self.land(external_id)
            case Fault.SLOW:
                made = self.land(external_id)
                await asyncio.sleep(self.random.uniform(0, 2 * self.latest_s))
                return made
        error = omneo.Invalid if fault is Fault.TRUNCATE else omneo.Unavailable
        raise error(landed=omneo.Landed.UNKNOWN)

    def _ended(self, handler: asyncio.Task[Made]) -> None:
        self._handlers.discard(handler)
        if not handler.cancelled():
            handler.exception()  # the client that would have seen it may have hung up

    def land(self, external_id: str) -> Made:
        """Make a benefit, whatever there is already."""
        made = Made(next(self._ids), external_id)
        self.made.append(made)
        self.by_external_id.setdefault(external_id, []).append(made)
        return made


class Replica:
    """Run one engine as a process that can be killed: from then on none of its calls begins, ends or is answered."""

    def __init__(
        self,
        upstream: UnreliableOmneo,
        store: Store,
        *,
        quarantine_s: float,
        seed: int = 0,
        prepare: Callable[[Intent, Trace], Awaitable[str]] | None = None,
        resend: bool = True,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._upstream = upstream
        self.find: Callable[[str], Awaitable[Made | None]] = upstream.find
        self._store = store
        self._is_alive = True
        self.awake = asyncio.Event()  # cleared while the system lets the process sleep
        self.awake.set()
        self._random = random.Random(seed)  # noqa: S311 - a load, not a secret
        self.kind = Kind(
            operation="claim",
            find=self._find,
            reference=lambda made: str(made.id),
            prepare=prepare,
            resend=resend,
        )
        self.looked_for: list[Intent] = []
        # Every process has a clock of its own: no two agree, as after a reboot or on another host.
        base = self._random.uniform(-1e6, 1e6)
        link: Store = _Link(store, self._via)
        self.writes = Writes(link, quarantine_s=quarantine_s, kinds=[self.kind], clock=lambda: loop.time() + base)

    async def perform(self, key: str, target: str = "3", deadline_s: float = 15.0) -> Outcome[Made]:
        """Claim `target` under `key`, as one request would."""
        outcome = await self.writes.perform(self.write(key, target), Trace.begin(deadline_s=deadline_s))
        await self._line()
        return outcome

    def write(self, key: str, target: str = "3") -> Write[Made]:
        """Ask for one claim."""
        return Write(
            kind=self.kind,
            tenant="acme",
            caller=CALLER,
            key=key,
            profile_id="6f1c3f0a-0000-4000-8000-000000000001",
            target=target,
            fingerprint=fingerprint({"target": target}),
            send=self._send,
        )

    def kill(self) -> None:
        """End the process, between any two of its steps and without a chance to clean up."""
        self._is_alive = False

    async def bury(self) -> None:
        """Take the connections of a killed process away, as its system does."""
        with real_time():
            await self._store.aclose()

    async def _send(self, intent: Intent, trace: Trace) -> Made:
        return await self._via(self._upstream.write, intent.external_id)

    async def _find(self, intent: Intent, trace: Trace) -> Made | None:
        self.looked_for.append(intent)
        return await self._via(self.find, intent.external_id)

    async def _via(self, call: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        await self._line()
        try:
            return await call(*args, **kwargs)
        finally:
            await self._line()

    async def _line(self) -> None:
        """Spend a moment on the line, with the process that holds it."""
        await asyncio.sleep(self._random.uniform(0, 0.01))
        await self.awake.wait()
        if not self._is_alive:
            await asyncio.Event().wait()


class _Link:
    """Reach a store over a line that a dead process no longer has; while it is used, time does not skip."""

    def __init__(self, store: Store, via: Callable[..., Awaitable[Any]]) -> None:
        self._store = store
        self._via = via

    async def update(self, subject: Intent, rule: Rule) -> Intent:
        return await self._via(self._real, self._store.update, subject, rule)  # type: ignore[no-any-return]  # as the store's

    async def read(self, external_id: str) -> Intent | None:
        return await self._via(self._real, self._store.read, external_id)  # type: ignore[no-any-return]  # as the store's

    async def open_intents(self) -> list[Intent]:
        return await self._via(self._real, self._store.open_intents)  # type: ignore[no-any-return]  # as the store's

    async def beat(self, owner: str) -> None:
        await self._via(self._real, self._store.beat, owner)

    async def beats(self) -> dict[str, int]:
        return await self._via(self._real, self._store.beats)  # type: ignore[no-any-return]  # as the store's

    async def forget(self, owner: str) -> None:
        await self._via(self._real, self._store.forget, owner)

    async def aclose(self) -> None:
        await self._store.aclose()

    async def _real(self, call: Callable[..., Awaitable[R]], *args: object) -> R:
        with real_time():
            return await call(*args)
