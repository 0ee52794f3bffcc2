"""Figures for Prometheus: requests, errors and durations per operation, Omneo calls per route, refusals per limit."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from telemetry import Tally

_NAMED_OPERATIONS = 50
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
_KEYS = (1, 2, 5, 10, 20, 50, 100, 250, 500, 1000)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Row = tuple[tuple[str, ...], list[float]]  # the values of some labels, and what is counted under them


class Numbers(msgspec.Struct):
    """Hold what one process has counted, as it is told to another; `rows` by the names of the figures."""

    in_flight: int
    rows: dict[str, list[Row]]


class Metrics(Collector):
    """Count for one application; its own registry, so that several live in one process.

    Counted in plain numbers, by one event loop, and made Prometheus' only when they are asked for: a request touches
    ten figures, and a lock for each took a tenth of a small query's time. The names of operations are bounded by the
    first fifty of each process; codes, outcomes, routes and loaders are ours.
    """

    def __init__(self) -> None:
        self.in_flight = 0  # requests being answered
        self._operations: set[str] = set()
        self._answered = _Spread(_SECONDS)  # under operation, outcome and engine
        self._errors = _Counts("gateway_errors", "Errors in answers, by code.", "code")
        self._refusals = _Counts("gateway_limit_refusals", "Requests a limit refused, or would have.", "limit", "mode")
        self._calls = _Counts("gateway_omneo_calls", "First attempts of calls to Omneo.", "route")
        self._call_seconds = _Spread(_SECONDS)
        self._batch_keys = _Spread(_KEYS)
        self._retries = _Counts("gateway_omneo_retries", "Repeats of calls to Omneo.")
        self._cached = _Counts("gateway_omneo_cached", "Reads answered without a call of their own.")
        self._disagreements = _Counts(
            "gateway_claimability_disagreements",
            "Claims that Omneo judged otherwise than its rules as the gateway knows them.",
            "omneo",
        )
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def observe(self, operation: str, outcome: str, seconds: float, codes: Sequence[str], tally: Tally) -> None:
        """Count one finished request; of the operations' names, the first fifty seen keep a label of their own."""
        label = operation if operation in self._operations else self._label(operation)
        self._answered.add((label, outcome, tally.engine), seconds)
        if codes:
            self._observe_errors(codes)
        for route, calls in tally.routes.items():
            self._calls.add((route,), calls)
        for route, took in tally.calls_s:
            self._call_seconds.add((route,), took)
        for loader, keys in tally.batches:
            self._batch_keys.add((loader,), keys)
        for how in tally.disagreements:
            self._disagreements.add((how,))
        if tally.retried:
            self._retries.add((), tally.retried)
        if tally.cached:
            self._cached.add((), tally.cached)

    def _observe_errors(self, codes: Sequence[str]) -> None:
        for code in codes:
            self._errors.add((code,))
        for code in set(codes):
            if "LIMIT" in code and not code.startswith("UPSTREAM_"):  # Omneo's limits are not ours
                self.count_refusal(code)

    def count_refusal(self, code: str) -> None:
        """Count one request that a limit refused."""
        self._refusals.add((code, "enforced"))

    def count_exceeded(self, codes: Sequence[str]) -> None:
        """Count limits that were exceeded where that is only logged."""
        for code in codes:
            self._refusals.add((code, "logged"))

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def numbers(self) -> Numbers:
        """Return what was counted so far."""
        return Numbers(self.in_flight, {name: each.rows() for name, each in self._counted()})

    def add(self, numbers: Numbers) -> None:
        """Add what was counted elsewhere."""
        self.in_flight += numbers.in_flight
        for name, each in self._counted():
            for labels, row in numbers.rows[name]:
                each.add_row(labels, row)
        self._operations |= {operation for operation, *_ in self._answered.labels()}

    def collect(self) -> Iterator[Metric]:
        """Hand the figures to prometheus_client."""
        yield self._answered.counter("gateway_requests", "Requests to /graphql.", operation=0, outcome=1)
        told = "Time from the headers to the answer."
        yield self._answered.histogram("gateway_request_seconds", told, operation=0)
        yield self._answered.counter("gateway_operations", "Operations run, by engine.", engine=2)
        told = "Time of one attempt of a call to Omneo."
        yield self._call_seconds.histogram("gateway_omneo_call_seconds", told, route=0)
        yield self._batch_keys.histogram("gateway_batch_keys", "Keys that were loaded together.", loader=0)
        for _, counts in self._counted():
            if isinstance(counts, _Counts):
                yield counts.family()
        yield GaugeMetricFamily("gateway_requests_in_flight", "Requests being answered.", self.in_flight)

    def _counted(self) -> list[tuple[str, _Counts | _Spread]]:
        return [(name, each) for name, each in vars(self).items() if isinstance(each, _Counts | _Spread)]

    def _label(self, operation: str) -> str:
        if len(self._operations) < _NAMED_OPERATIONS:
            self._operations.add(operation)
            return operation
        return "other"


class _Counts:
    """Count under each set of labels."""

    def __init__(self, name: str, told: str, *labels: str) -> None:
        self._name, self._told, self._labels = name, told, labels
        self._sums: dict[tuple[str, ...], int] = {} if labels else {(): 0}

    def add(self, labels: tuple[str, ...], count: int = 1) -> None:
        self._sums[labels] = self._sums.get(labels, 0) + count

    def rows(self) -> list[Row]:
        return [(labels, [total]) for labels, total in self._sums.items()]

    def add_row(self, labels: tuple[str, ...], row: Sequence[float]) -> None:
        self.add(labels, int(row[0]))

    def family(self) -> Metric:
        family = CounterMetricFamily(self._name, self._told, labels=self._labels)
        for labels, total in self._sums.items():
            family.add_metric(labels, total)
        return family


class _Spread:
    """Sort values under each set of labels into buckets, each up to and including its bound; the last has none.

    What is told of them names the labels by their places; values that differ in others are told together, those whose
    named label is empty not at all.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._rows: dict[tuple[str, ...], list[float]] = {}  # how many are in each bucket, then the sum of all

    def add(self, labels: tuple[str, ...], value: float) -> None:
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0.0] * (len(self._bounds) + 2)
        row[bisect_left(self._bounds, value)] += 1
        row[-1] += value

    def rows(self) -> list[Row]:
        return [*self._rows.items()]

    def add_row(self, labels: tuple[str, ...], row: Sequence[float]) -> None:
        self._rows[labels] = _sum(self._rows.get(labels), row)

    def labels(self) -> list[tuple[str, ...]]:
        return [*self._rows]

    def counter(self, name: str, told: str, **places: int) -> Metric:
        family = CounterMetricFamily(name, told, labels=[*places])
        for labels, row in self._together(places).items():
            family.add_metric(labels, sum(row[:-1]))
        return family

    def histogram(self, name: str, told: str, **places: int) -> Metric:
        family = HistogramMetricFamily(name, told, labels=[*places])
        bounds = [str(float(bound)) for bound in self._bounds] + ["+Inf"]
        for labels, row in self._together(places).items():
            up_to = itertools.accumulate(row[:-1])
            family.add_metric(labels, list(zip(bounds, up_to, strict=True)), row[-1])
        return family

    def _together(self, places: dict[str, int]) -> dict[tuple[str, ...], list[float]]:
        """Add up the rows that are alike in these labels."""
        sums: dict[tuple[str, ...], list[float]] = {}
        for labels, row in self._rows.items():
            named = tuple(labels[place] for place in places.values())
            if all(named):
                sums[named] = _sum(sums.get(named), row)
        return sums


def _sum(known: Sequence[float] | None, row: Sequence[float]) -> list[float]:
    return [*row] if known is None else [one + other for one, other in zip(known, row, strict=True)]
