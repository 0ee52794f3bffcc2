"""Finish what a dead process, or a bug, left open: watch for signs of life, read back, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import telemetry
from telemetry import Trace
from writes.intents import Intent, StateUnavailable
from writes.outcomes import Kind
from writes.process import READ_S, Process

_AT_ONCE = 16  # read-backs, after a crash with many writes in flight


class Recovery:
    """Take over the open intents of a process that gave no sign of life for a whole quarantine.

    The quarantine is measured here, since this process last saw a change; so no two clocks are compared and none can
    jump. Several processes may take over the same intent: reading back does no harm, and the store lets one truth in.
    """

    def __init__(self, process: Process, kinds: Mapping[str, Kind[Any]], at_work: Callable[[], set[str]]) -> None:
        self._process = process
        self._kinds = kinds
        self._at_work = at_work  # the external ids this process has tasks for
        self._seen: dict[tuple[str, str], tuple[object, float]] = {}  # of an intent: what was seen, and since when
        self._interval_s = process.quarantine_s / 20
        self._tasks: list[asyncio.Task[None]] = []
        self._is_over = False

    def start(self) -> None:
        """Begin to give signs of life while there is work, and to look for those of others."""
        self._tasks = [asyncio.create_task(self._repeat(step)) for step in (self.beat, self.sweep)]

    async def stop(self) -> None:
        """End both. What is still open is then for the others, or for the next start."""
        self._is_over = (
            True  # and not by cancelling alone: a client whose own time limit runs out just then swallows it
        )
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StateUnavailable):
            await self._process.store.forget(self._process.owner)

    async def beat(self) -> None:
        """Give a sign of life, if there is work that others might take for abandoned."""
        if self._at_work():
            await self._process.store.beat(self._process.owner)

    async def sweep(self) -> None:
        """Look at every open intent once, and settle those that are abandoned."""
        beats = await self._process.store.beats()
        intents = await self._process.store.open_intents()
        self._look(intents, beats)
        due = [intent for intent in intents if self._is_due(intent)]
        limit = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._finish(intent, limit) for intent in due))
        for owner in {intent.owner for intent in due} - {self._process.owner}:
            await self._process.store.forget(owner)

    def _look(self, intents: list[Intent], beats: Mapping[str, int]) -> None:
        """Note of each intent since when it has been as it is; forget those that are settled."""
        now = self._process.clock()
        seen: dict[tuple[str, str], tuple[object, float]] = {}
        for intent in intents:
            for what, sign in (("life", self._life(intent, beats)), ("let go", (intent.token, intent.is_let_go))):
                key = (intent.external_id, what)
                before = self._seen.get(key)
                seen[key] = before if before is not None and before[0] == sign else (sign, now)
        self._seen = seen

    def _life(self, intent: Intent, beats: Mapping[str, int]) -> object:
        if intent.owner != self._process.owner:
            return intent.token, beats.get(intent.owner)
        # Ours: open without a task where the task failed, or where the store's answer on opening it was lost.
        return intent.token, intent.external_id in self._at_work()

    def _is_due(self, intent: Intent) -> bool:
        """Tell whether nobody else sees to this intent, and nothing of it can still land."""
        if intent.owner == self._process.owner and intent.external_id in self._at_work():
            return False
        now, quarantine_s = self._process.clock(), self._process.quarantine_s
        silent_s = now - self._seen[intent.external_id, "life"][1]
        if intent.is_let_go:
            let_go_s = now - self._seen[intent.external_id, "let go"][1]
            return let_go_s >= quarantine_s and silent_s >= 3 * self._interval_s
        # One interval more: a process may have sent, and died, up to one interval after its last sign of life.
        return silent_s >= quarantine_s + self._interval_s

    async def _finish(self, intent: Intent, limit: asyncio.Semaphore) -> None:
        kind = self._kinds.get(intent.operation)
        if kind is None:
            telemetry.log("writes.unknown_operation", level="error", id=intent.external_id, operation=intent.operation)
            return
        if not intent.is_sent:
            await self._process.settle_not_done(intent, "Abandoned")
            return
        async with limit:
            value, is_believed = await self._process.find(kind, intent, Trace.begin(deadline_s=READ_S))
        if value is not None:
            await self._process.settle_done(kind, intent, value)
        elif is_believed:
            await self._process.settle_not_seen(kind, intent)

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        while not self._is_over:
            try:
                await step()
            except StateUnavailable:
                telemetry.log("writes.state_unavailable", level="warning")
            except Exception as error:  # one bad intent must not end the recovery of all others
                telemetry.log("writes.recovery_failed", level="error", **telemetry.cause(error))
            await asyncio.sleep(self._interval_s)
