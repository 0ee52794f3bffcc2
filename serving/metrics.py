"""Figures for Prometheus: requests, errors and durations per operation, Omneo calls per route, refusals per code."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from telemetry import Tally

_NAMED_OPERATIONS = 50
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Count for one application; its own registry, so that several live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._operations: set[str] = set()
        self._requests = Counter(
            "gateway_requests", "Requests to /graphql.", ("operation", "outcome"), registry=self._registry
        )
        self._seconds = Histogram(
            "gateway_request_seconds",
            "Time from the headers to the answer.",
            ("operation",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._errors = Counter("gateway_errors", "Errors in answers, by code.", ("code",), registry=self._registry)
        self._calls = Counter(
            "gateway_omneo_calls", "First attempts of calls to Omneo.", ("route",), registry=self._registry
        )
        self._retries = Counter("gateway_omneo_retries", "Repeats of calls to Omneo.", registry=self._registry)
        self._cached = Counter(
            "gateway_omneo_cached", "Reads answered without a call of their own.", registry=self._registry
        )
        self._disagreements = Counter(
            "gateway_claimability_disagreements",
            "Claims that Omneo judged otherwise than its rules as the gateway knows them.",
            ("omneo",),
            registry=self._registry,
        )
        self.in_flight = Gauge("gateway_requests_in_flight", "Requests being answered.", registry=self._registry)

    def observe(self, operation: str, outcome: str, seconds: float, codes: list[str], tally: Tally) -> None:
        """Count one finished request; of the operations' names, the first fifty seen keep a label of their own."""
        label = self._label(operation)
        self._requests.labels(label, outcome).inc()
        self._seconds.labels(label).observe(seconds)
        for code in codes:
            self._errors.labels(code).inc()
        for route, calls in tally.routes.items():
            self._calls.labels(route).inc(calls)
        for how in tally.disagreements:
            self._disagreements.labels(how).inc()
        if tally.retried:
            self._retries.inc(tally.retried)
        if tally.cached:
            self._cached.inc(tally.cached)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def _label(self, operation: str) -> str:
        if operation in self._operations:
            return operation
        if len(self._operations) < _NAMED_OPERATIONS:
            self._operations.add(operation)
            return operation
        return "other"
