"""One write, from its first request to its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import uuid4

import omneo
import telemetry
from telemetry import Tally, Trace
from writes.intents import Intent, State, begin, letting_go, sending
from writes.outcomes import Done, Gone, KeyReused, Lapsed, Outcome, Refused, Write
from writes.process import READ_S, Process, pauses

T = TypeVar("T")

PATIENCE_S = 0.5  # how long another process is left alone before its write is read back here


@dataclass(eq=False)
class Job(Generic[T]):
    """Drive one write. It runs in its own task, which no disconnecting client and no deadline cancels.

    `waiters` counts the requests that wait for it: a write nobody waits for is brought to its end, but neither begun
    nor sent again. `may_have_landed` turns true before the first byte can leave. `tally` counts the calls of the first
    attempt, as they were priced; `again` the read-backs and whatever is sent after it.
    """

    write: Write[T]
    process: Process
    request: Trace
    waiters: int = 0
    may_have_landed: bool = False
    attempts: int = 0
    tally: Tally = field(default_factory=Tally)
    again: Tally = field(default_factory=Tally)
    task: asyncio.Task[Outcome[T] | None] = field(init=False)

    def __post_init__(self) -> None:
        self.task = asyncio.create_task(self._run())
        self.task.add_done_callback(_log_failure)

    @property
    def is_wanted(self) -> bool:
        """Tell whether anything may still be begun."""
        return self.waiters > 0 and not self.process.closing.is_set()

    async def _run(self) -> Outcome[T] | None:
        """Go on until there is an outcome, or nobody waits for one (None)."""
        waits = pauses(0.02, 0.5)
        while self.is_wanted:
            outcome = await self._turn(waits)
            if outcome is not None:
                return outcome
        return None

    async def _turn(self, waits: Iterator[float]) -> Outcome[T] | None:
        """Open an attempt, or go by what stands in its way. None means: look again."""
        wanted, begun = self._intent(), self.process.clock()
        found = await self.process.store.update(wanted, begin(wanted))
        if found.external_id != wanted.external_id:
            await self.process.pause(next(waits))  # another key is writing to the same thing
            return None
        if found.fingerprint != wanted.fingerprint:
            return KeyReused()
        if found.is_attempt(wanted):
            return await self._attempt(found, begun)
        if found.state is State.LAPSED:
            return Lapsed()
        self.may_have_landed = True
        return await (self._show(found) if found.state is State.DONE else self._watch(found))

    async def _attempt(self, intent: Intent, begun: float) -> Outcome[T] | None:
        """Prepare, make sure that this is still the attempt that may send, and send."""
        kind, note = self.write.kind, intent.note
        self.attempts += 1
        if kind.prepare is not None:
            try:
                note = await kind.prepare(intent, self._trace(READ_S, self._attempted))
            except omneo.OmneoError as error:
                await self.process.settle_not_done(intent, type(error).__name__)
                return Refused(error)
        # A process that slept may have been given up by the others, who will then not see what it sends.
        if kind.prepare is not None or self.process.clock() - begun > self.process.quarantine_s / 4:
            held = await self.process.store.update(intent, sending(intent, note))
            if not held.is_attempt(intent):
                return None
            intent = held
        if not self.is_wanted:
            await self.process.settle_not_done(intent, "Abandoned")
            return None
        return await self._send(intent)

    async def _send(self, intent: Intent) -> Outcome[T] | None:
        self.may_have_landed = True
        limit_s = self.process.quarantine_s
        try:
            async with asyncio.timeout(limit_s):
                value = await self.write.send(intent, self._trace(limit_s, self._attempted))
        except omneo.OmneoError as error:
            if error.landed is omneo.Landed.NO:
                return await self._refused(intent, error)
            telemetry.log("writes.unknown", id=intent.external_id, error=type(error).__name__)
        except Exception as error:  # our own time limit, or a bug: neither says what Omneo did
            telemetry.log("writes.unknown", level="warning", id=intent.external_id, **telemetry.cause(error))
        else:
            return await self._done(intent, value)
        return await self._reconcile(intent)

    async def _refused(self, intent: Intent, error: omneo.OmneoError) -> Outcome[T]:
        """Believe a refusal; but after an earlier attempt, look whether that one is what stands in the way."""
        if intent.attempt > 1:
            value, _ = await self._find(intent)
            if value is not None:
                return await self._done(intent, value)
        await self.process.settle_not_done(intent, type(error).__name__)
        return Refused(error)

    async def _reconcile(self, intent: Intent) -> Outcome[T] | None:
        """Read back until the write shows, or until one read after the quarantine proves that it did not happen."""
        over = self.process.clock() + self.process.quarantine_s
        waits = pauses(0.05, self.process.quarantine_s / 4)
        is_known = False
        while True:
            left_s = over - self.process.clock()
            value, is_believed = await self._find(intent)
            if value is not None:
                return await self._done(intent, value)
            if not is_known:
                is_known = True
                await self.process.store.update(intent, letting_go(intent))
            if is_believed and left_s <= 0:
                after = await self.process.settle_not_seen(self.write.kind, intent)
                return Lapsed() if after.state is State.LAPSED else None
            if self.process.closing.is_set():
                return None
            await self.process.pause(min(next(waits), left_s) if left_s > 0 else next(waits))

    async def _watch(self, intent: Intent) -> Outcome[T] | None:
        """Wait for the process that holds the write, and read back for it if it takes long: it may be dead."""
        started, patience_s = self.process.clock(), PATIENCE_S
        waits = pauses(0.02, 0.25)
        while self.is_wanted:
            await self.process.pause(next(waits))
            now = await self.process.store.read(intent.external_id)
            if now is None or not now.is_attempt(intent):
                return None
            if now.is_sent and self.process.clock() - started > patience_s:
                patience_s *= 2
                value, _ = await self._find(now)
                if value is not None:
                    return await self._done(now, value)
        return None

    async def _show(self, intent: Intent) -> Outcome[T] | None:
        """Answer a write that is done from Omneo's record."""
        waits = pauses(0.05, 1.0)
        while self.is_wanted:
            value, is_believed = await self._find(intent)
            if value is not None:
                return Done(value)
            if is_believed:
                return Gone(intent.reference)
            await self.process.pause(next(waits))
        return None

    async def _done(self, intent: Intent, value: T) -> Outcome[T]:
        await self.process.settle_done(self.write.kind, intent, value)
        return Done(value)

    async def _find(self, intent: Intent) -> tuple[T | None, bool]:
        return await self.process.find(self.write.kind, intent, self._trace(READ_S, self.again))

    @property
    def _attempted(self) -> Tally:
        return self.tally if self.attempts == 1 else self.again

    def _trace(self, seconds: float, tally: Tally) -> Trace:
        """Trace a call that may outlive its request and is not bound by the request's budget."""
        return self.request.apart(seconds, tally)

    def _intent(self) -> Intent:
        write = self.write
        return Intent(
            external_id=write.external_id,
            operation=write.kind.operation,
            tenant=write.tenant,
            caller=write.caller,
            profile_id=write.profile_id,
            target=write.target,
            fingerprint=write.fingerprint,
            owner=self.process.owner,
            token=uuid4().hex,
            is_sent=write.kind.prepare is None,
            note=write.note,
        )


def _log_failure(task: asyncio.Task[Any]) -> None:
    """Say that a job failed: perhaps nobody waits for it any more. Its intent is left to the recovery."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        telemetry.log("writes.failed", level="error", **telemetry.cause(error))
