"""What is told of one request when it is over: a log line and figures, nothing personal, no credential."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import telemetry
from context import Caller
from execution import Operation
from serving.metrics import Metrics
from serving.negotiation import JSON
from telemetry import Trace


@dataclass(slots=True)
class Exchange:
    """Gather what the log line and the figures say of one request."""

    trace: Trace
    method: str
    started: float = field(default_factory=time.perf_counter)
    media_type: str = JSON
    status: int = 500
    caller: Caller | None = None
    operation: Operation | None = None
    document_hash: str | None = None
    outcome: str = "ok"
    codes: list[str] = field(default_factory=list)

    def record(self, metrics: Metrics) -> None:
        """Write the log line and count the request."""
        seconds = time.perf_counter() - self.started
        operation, caller, tally = self.operation, self.caller, self.trace.tally
        name = (operation.name or "anonymous") if operation else "none"
        metrics.observe(name, self.outcome, seconds, self.codes, tally)
        telemetry.log(
            "request",
            method=self.method,
            status=self.status,
            outcome=self.outcome,
            codes=sorted(set(self.codes)),
            operation=name[:100],
            kind=operation.kind if operation else None,
            document=self.document_hash,
            caller_kind=caller.kind if caller else "anonymous",
            caller=caller.name if caller else None,
            ms=round(seconds * 1000, 2),
            made=tally.made,
            retried=tally.retried,
            cached=tally.cached,
        )
