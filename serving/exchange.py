"""What is told of one request when it is over: a log line and figures, nothing personal, no credential."""

from __future__ import annotations

import time
from functools import partial

import msgspec

import telemetry
from context import Caller
from execution import Operation
from serving.head import Head
from serving.metrics import Metrics
from telemetry import Tally, Trace

_MAX_NAME = 100


class Exchange(msgspec.Struct, gc=False):
    """Gather what the log line and the figures say of one request, and the headers its answer is to carry."""

    trace: Trace
    head: Head
    started: float = msgspec.field(default_factory=time.perf_counter)
    status: int = 500
    is_long: bool = False  # so long that it is read beside the event loop
    caller: Caller | None = None
    operation: Operation | None = None
    document_hash: str | None = None
    outcome: str = "ok"
    codes: list[str] = []
    exceeded: list[str] = []  # limits that were exceeded and only logged
    headers: dict[bytes, bytes] = {}

    def part(self) -> Exchange:
        """Begin the exchange of one operation of a batch: its own calls and outcome, the same request and deadline."""
        trace = Trace(self.trace.request_id, self.trace.traceparent, self.trace.deadline, Tally())
        return Exchange(trace, self.head, is_long=self.is_long, caller=self.caller)

    def end(self, metrics: Metrics) -> None:
        """Note that the request is over, and have it told."""
        telemetry.tell_later(partial(self._record, metrics, time.perf_counter() - self.started))

    def _record(self, metrics: Metrics, seconds: float) -> None:
        """Write the log line and count the request."""
        operation, caller, tally = self.operation, self.caller, self.trace.tally
        name = (operation.name or "anonymous")[:_MAX_NAME] if operation else "none"
        metrics.observe(name, self.outcome, seconds, self.codes, tally)
        told = {
            "request_id": self.trace.request_id,
            "method": self.head.method,
            "status": self.status,
            "outcome": self.outcome,
            "codes": sorted(set(self.codes)) if self.codes else [],
            "operation": name,
            "kind": operation.kind if operation else None,
            "document": self.document_hash,
            "caller_kind": caller.kind if caller else "anonymous",
            "caller": caller.name if caller else None,
            "ms": round(seconds * 1000, 2),
            "engine": tally.engine,
            "predicted": tally.predicted,
            "made": tally.made,
            "retried": tally.retried,
            "cached": tally.cached,
        }
        if self.exceeded:
            metrics.count_exceeded(self.exceeded)
            told["exceeded"] = self.exceeded
        telemetry.log_fields("request", told)
