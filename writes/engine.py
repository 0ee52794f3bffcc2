"""The door to safe writes: for one key, through retries, replicas, restarts and lost answers, at most one write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import telemetry
from telemetry import Tally, Trace
from writes.intents import Store
from writes.job import Job
from writes.outcomes import Busy, KeyReused, Kind, OperationState, Outcome, Pending, Write
from writes.process import Process
from writes.recovery import Recovery
from writes.redis_store import RedisStore
from writes.sqlite_store import SqliteStore

T = TypeVar("T")


class Writes:
    """Perform writes safely (ADR 8, 14). One per process; opened before the port, drained after it.

    `quarantine_s` must be longer than Omneo can take to land a write it was sent.
    """

    def __init__(
        self,
        store: Store,
        *,
        quarantine_s: float,
        kinds: Sequence[Kind[Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._process = Process(store, quarantine_s, clock)
        self._jobs: dict[str, Job[Any]] = {}
        self._recovery = Recovery(self._process, {kind.operation: kind for kind in kinds}, self._at_work)
        self._recovery.start()

    @classmethod
    async def open(
        cls, *, state_db: str | None, redis_url: str | None, quarantine_s: float, kinds: Sequence[Kind[Any]]
    ) -> Writes:
        """Open the store, Redis if there is a URL, and begin to finish what earlier processes left open.

        Raises `StateUnavailable`. Without either, intents live in memory and die with the process; the log says so.
        """
        store: Store
        if redis_url is not None:
            store = await RedisStore.open(redis_url)
        else:
            if state_db is None:
                telemetry.log("writes.state_not_durable", level="warning")
            store = await SqliteStore.open(state_db or ":memory:")
        return cls(store, quarantine_s=quarantine_s, kinds=kinds)

    async def perform(self, write: Write[T], trace: Trace) -> Outcome[T]:
        """Perform a write, or join the one under the same key, and answer within the trace's deadline.

        Cancelling this call, or its deadline, leaves a write in flight alone. Raises `StateUnavailable` when nothing
        was sent because the store cannot be used. What the calls cost is added to the trace's tally.
        """
        process, may_have_landed = self._process, False
        deadline = process.clock() + trace.remaining_s()
        while not process.closing.is_set() and (left_s := deadline - process.clock()) > 0:
            job = self._jobs.get(write.external_id) or self._start(write, trace)
            if job.write.fingerprint != write.fingerprint:
                return KeyReused()
            is_over = await self._wait(job, trace, left_s)
            may_have_landed = may_have_landed or job.may_have_landed
            if not is_over:
                break
            outcome = _result(job)
            if outcome is not None:
                return outcome
        return Pending(write.external_id) if may_have_landed else Busy()

    async def operation(self, operation_id: str, caller: str) -> OperationState | None:
        """Tell where a write stands; None if there is none, or it is another caller's."""
        intent = await self._process.store.read(operation_id)
        if intent is None or intent.caller != caller:
            return None
        return OperationState(
            id=intent.external_id,
            operation=intent.operation,
            profile_id=intent.profile_id,
            target=intent.target,
            state=intent.state,
            attempt=intent.attempt,
            reference=intent.reference,
            reason=intent.reason,
            note=intent.note,
        )

    async def drain(self) -> None:
        """Stop: begin nothing more, let every write in flight be answered, and let go of the store.

        Takes one quarantine and a read at most. What is unknown by then stays open for another process or the next
        start, and is found by its operation id.
        """
        self._process.closing.set()
        await asyncio.gather(*(job.task for job in self._jobs.values()), return_exceptions=True)
        await asyncio.gather(*self._process.unsettled.values(), return_exceptions=True)
        await self._recovery.stop()
        await self._process.store.aclose()

    def _at_work(self) -> set[str]:
        return {*self._jobs, *self._process.unsettled}

    def _start(self, write: Write[T], trace: Trace) -> Job[T]:
        job = Job(write, self._process, trace)
        self._jobs[write.external_id] = job
        job.task.add_done_callback(lambda _: self._jobs.pop(write.external_id))
        return job

    async def _wait(self, job: Job[Any], trace: Trace, seconds: float) -> bool:
        """Wait for a job, at most so long, without ever cancelling it; tell whether it is over."""
        job.waiters += 1
        try:
            await asyncio.wait({job.task}, timeout=seconds)
        finally:
            job.waiters -= 1
            if job.request is trace:
                _add_up(job, trace.tally)
        return job.task.done()


def _result(job: Job[T]) -> Outcome[T] | None:
    try:
        return job.task.result()
    except Exception:  # no store, or a bug, which the job has logged
        if job.may_have_landed:
            return Pending(job.write.external_id)
        raise


def _add_up(job: Job[Any], request: Tally) -> None:
    """Add a job's calls to its request's: the first attempt as made, as priced, the rest as repeats."""
    for route, calls in job.tally.routes.items():
        request.routes[route] = request.routes.get(route, 0) + calls
    request.made += job.tally.made
    request.retried += job.tally.retried + job.again.made + job.again.retried
    request.cached += job.tally.cached + job.again.cached
