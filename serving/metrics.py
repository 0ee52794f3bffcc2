"""Figures for Prometheus: requests, errors and durations per operation, Omneo calls per route, refusals per limit."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from telemetry import Tally

_NAMED_OPERATIONS = 50
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
_KEYS = (1, 2, 5, 10, 20, 50, 100, 250, 500, 1000)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Count for one application; its own registry, so that several live in one process.

    Finding the counter of a set of labels costs more than counting, so those found are kept: the names of operations
    are bounded by the first fifty, and codes, outcomes, routes and loaders are ours.
    """

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._operations: set[str] = set()
        self._requests = _Counters("gateway_requests", "Requests to /graphql.", ("operation", "outcome"), registry)
        self._seconds = _Histograms(
            "gateway_request_seconds", "Time from the headers to the answer.", ("operation",), _SECONDS, registry
        )
        self._engines = _Counters("gateway_operations", "Operations run, by engine.", ("engine",), registry)
        self._errors = _Counters("gateway_errors", "Errors in answers, by code.", ("code",), registry)
        self._refusals = _Counters(
            "gateway_limit_refusals", "Requests a limit refused, or would have.", ("limit", "mode"), registry
        )
        self._calls = _Counters("gateway_omneo_calls", "First attempts of calls to Omneo.", ("route",), registry)
        self._call_seconds = _Histograms(
            "gateway_omneo_call_seconds", "Time of one attempt of a call to Omneo.", ("route",), _SECONDS, registry
        )
        self._batch_keys = _Histograms(
            "gateway_batch_keys", "Keys that were loaded together.", ("loader",), _KEYS, registry
        )
        self._retries = Counter("gateway_omneo_retries", "Repeats of calls to Omneo.", registry=registry)
        self._cached = Counter("gateway_omneo_cached", "Reads answered without a call of their own.", registry=registry)
        self._disagreements = _Counters(
            "gateway_claimability_disagreements",
            "Claims that Omneo judged otherwise than its rules as the gateway knows them.",
            ("omneo",),
            registry,
        )
        self.in_flight = Gauge("gateway_requests_in_flight", "Requests being answered.", registry=registry)

    def observe(self, operation: str, outcome: str, seconds: float, codes: Sequence[str], tally: Tally) -> None:
        """Count one finished request; of the operations' names, the first fifty seen keep a label of their own."""
        label = self._label(operation)
        self._requests.of(label, outcome).inc()
        self._seconds.of(label).observe(seconds)
        if tally.engine:
            self._engines.of(tally.engine).inc()
        for code in codes:
            self._errors.of(code).inc()
            if "LIMIT" in code:
                self.count_refusal(code)
        for route, calls in tally.routes.items():
            self._calls.of(route).inc(calls)
        for route, took in tally.calls_s:
            self._call_seconds.of(route).observe(took)
        for loader, keys in tally.batches:
            self._batch_keys.of(loader).observe(keys)
        for how in tally.disagreements:
            self._disagreements.of(how).inc()
        if tally.retried:
            self._retries.inc(tally.retried)
        if tally.cached:
            self._cached.inc(tally.cached)

    def count_refusal(self, code: str) -> None:
        """Count one request that a limit refused."""
        self._refusals.of(code, "enforced").inc()

    def count_exceeded(self, codes: Sequence[str]) -> None:
        """Count limits that were exceeded where that is only logged."""
        for code in codes:
            self._refusals.of(code, "logged").inc()

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


class _Counters:
    def __init__(self, name: str, told: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._family = Counter(name, told, labels, registry=registry)
        self._found: dict[tuple[str, ...], Counter] = {}

    def of(self, *labels: str) -> Counter:
        found = self._found.get(labels)
        if found is None:
            found = self._found[labels] = self._family.labels(*labels)
        return found


class _Histograms:
    def __init__(
        self, name: str, told: str, labels: Sequence[str], buckets: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._family = Histogram(name, told, labels, buckets=buckets, registry=registry)
        self._found: dict[tuple[str, ...], Histogram] = {}

    def of(self, *labels: str) -> Histogram:
        found = self._found.get(labels)
        if found is None:
            found = self._found[labels] = self._family.labels(*labels)
        return found
