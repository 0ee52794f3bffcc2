"""What all writes of this process share: the store, the clock, and how an attempt is settled or read back."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

import omneo
import telemetry
from telemetry import Trace
from writes.intents import Intent, State, StateUnavailable, Store, done, not_done
from writes.outcomes import Kind

T = TypeVar("T")

READ_S = 5.0  # what one read-back may take, its repeats included


@dataclass
class Process:
    """Stand for this process towards the others that share the store.

    `clock` counts seconds and never jumps; no wall clock is read anywhere in `writes/`. `closing` is set at shutdown:
    nothing is begun any more, and what is unknown is left to another process or the next start.
    """

    store: Store
    quarantine_s: float
    clock: Callable[[], float] = time.monotonic
    owner: str = field(default_factory=lambda: uuid4().hex)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    unsettled: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # what is done, and could not be stored

    async def pause(self, seconds: float) -> None:
        """Sleep, but not on when the process is about to end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.closing.wait()

    async def settle_done(self, kind: Kind[T], attempt: Intent, value: T) -> None:
        """Settle as done. If the store is away that is tried again until it is there: what is known to be made must not
        be looked for, and be gone meanwhile. Should the process end before, it is read back by another."""
        reference = kind.reference(value)
        try:
            await self._store_done(attempt, reference)
        except StateUnavailable:
            telemetry.log("writes.unsettled", level="error", operation=attempt.operation, id=attempt.external_id)
            later = asyncio.create_task(self._store_later(attempt, reference))
            self.unsettled[attempt.external_id] = later
            later.add_done_callback(lambda _: self.unsettled.pop(attempt.external_id, None))

    async def _store_later(self, attempt: Intent, reference: str) -> None:
        for pause in pauses(0.1, 2.0):
            await self.pause(pause)
            try:
                await self._store_done(attempt, reference)
            except StateUnavailable:
                if not self.closing.is_set():
                    continue
            return

    async def _store_done(self, attempt: Intent, reference: str) -> None:
        after = await self.store.update(attempt, done(attempt, reference))
        if after.reference != reference:
            # What this engine exists to prevent: Omneo took longer than the quarantine. It is said aloud.
            telemetry.log("writes.duplicate", level="error", operation=attempt.operation, id=attempt.external_id)

    async def settle_not_done(self, attempt: Intent, reason: str, state: State = State.FAILED) -> Intent:
        """Settle as failed or lapsed, unless the store knows better; answer what is stored now."""
        after = await self.store.update(attempt, not_done(attempt, state, reason))
        telemetry.log("writes.not_done", operation=attempt.operation, id=attempt.external_id, reason=reason)
        return after

    async def settle_not_seen(self, kind: Kind[T], attempt: Intent) -> Intent:
        """Settle an attempt that was read back in vain after its quarantine."""
        return await self.settle_not_done(attempt, "NotSeen", State.FAILED if kind.resend else State.LAPSED)

    async def find(self, kind: Kind[T], intent: Intent, trace: Trace) -> tuple[T | None, bool]:
        """Read back: what Omneo's record shows, and whether its answer can be believed."""
        try:
            return await kind.find(intent, trace), True
        except omneo.OmneoError as error:
            telemetry.log("writes.read_back_failed", id=intent.external_id, error=type(error).__name__)
            return None, False


def pauses(first_s: float, longest_s: float) -> Iterator[float]:
    """Yield growing pauses, spread a little so that those who wait for the same thing do not march in step."""
    pause = min(first_s, longest_s)
    while True:
        yield pause * random.uniform(0.8, 1.2)  # noqa: S311 - a spread, not a secret
        pause = min(pause * 2, longest_s)
