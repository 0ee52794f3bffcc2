"""The speed of the gateway beside its peers', in one run: CPU, throughput, latency, calls, memory, as ratios.

    make bench
    python -m benchmarks.speed [--quick] [--keep] [--only Q2 …]

Every contestant is a process of its own, started as it is deployed: the gateway with authentication, limits, price and
logs on; its peers with nothing but their query. All answer the same documents from the same Omneo with the same calls,
and are first held to the same answers. Rounds alternate between them, so that a busy machine is busy for all; the
median round counts. Nothing here judges: a time that is asserted is a test that flickers.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks import load, report
from benchmarks.questions import Q1, Q1_APART, Q2, Q3, QUESTIONS, Question, ask
from benchmarks.servers import Running, calls, gateway, peers, started, upstream


@dataclass(frozen=True)
class Setting:
    """Name the circumstances of a run: how Omneo answers, how benefits of many profiles are read, who asks."""

    name: str
    latency_ms: int
    plan: str
    connections: int
    questions: tuple[Question, ...]


@dataclass
class Figures:
    """Gather what was measured of one contestant, one question, one setting."""

    cpu_ms: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    calls: int = 0  # of one request alone
    calls_loaded: list[float] = field(default_factory=list)  # of each of many, some of which may share a read
    memory_mb: float = 0.0

    def cpu(self) -> float:
        return statistics.median(self.cpu_ms)


SETTINGS = (
    Setting("Omneo answers at once, a call per profile", 0, "fanout", 64, QUESTIONS),
    Setting("Omneo answers at once, one list for all profiles", 0, "filter", 64, (Q1, Q1_APART)),
    Setting("Omneo takes 20 ms, a call per profile", 20, "fanout", 8, (Q1, Q2, Q3)),
)


@dataclass(frozen=True)
class Pace:
    """Say how long to measure."""

    rounds: int = 3
    seconds: float = 2.5
    warm_up_s: float = 1.5


def main(arguments: list[str] | None = None) -> int:
    """Measure all settings, print the tables. Returns 1 when answers differ, so that nothing wrong is compared."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes, for a first impression")
    parser.add_argument("--keep", action="store_true", help="write the tables and the plot into docs/performance.md")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="Q", help="these questions, at once, a call per profile"
    )
    given = parser.parse_args(arguments)
    pace = Pace(rounds=1, seconds=1.0, warm_up_s=0.5) if given.quick else Pace()
    settings: tuple[Setting, ...] = SETTINGS
    if given.only:
        chosen = tuple(question for question in QUESTIONS if question.name in given.only)
        settings = (Setting(SETTINGS[0].name, 0, "fanout", 64, chosen),)
    try:
        results = {setting: measure(setting, pace) for setting in settings}
    except Different as difference:
        sys.stderr.write(f"{difference}\n")
        return 1
    sys.stdout.write(report.tables(results) + "\n")
    if given.keep:
        report.keep(results)
    return 0


class Different(Exception):
    """Say that two contestants answer the same question differently, so there is nothing to compare."""


def measure(setting: Setting, pace: Pace) -> dict[Question, dict[str, Figures]]:
    """Start everybody, hold them to the same answers, and load one after the other."""
    contestants = [gateway("gateway"), gateway("gateway, stock engine", ENGINE="stock"), *peers()]
    with ExitStack() as stack:
        omneo = stack.enter_context(upstream("--latency-ms", str(setting.latency_ms)))
        servers = [stack.enter_context(started(each, omneo, setting.plan)) for each in contestants]
        results = {}
        for question in setting.questions:
            results[question] = {server.name: Figures(calls=_calls(server, question, omneo)) for server in servers}
            check(question, servers)
            for server in servers:
                load.run(server.port, question.requests(), seconds=pace.warm_up_s, connections=setting.connections)
            for _ in range(pace.rounds):
                for server in servers:
                    _round(results[question][server.name], server, omneo, question, setting, pace)
            sys.stderr.write(f"{setting.name}: {question.name} measured\n")
        return results


def check(question: Question, servers: list[Running]) -> None:
    """Ask every contestant everything and compare. Raises `Different`."""
    for body in question.bodies():
        expected = ask(servers[0].port, body)
        for server in servers[1:]:
            if ask(server.port, body) != expected:
                raise Different(f"{server.name} answers {question.name} otherwise than {servers[0].name}")


def _calls(server: Running, question: Question, omneo: int) -> int:
    ask(server.port, question.bodies()[0])
    before = calls(omneo)
    ask(server.port, question.bodies()[0])
    return calls(omneo) - before


def _round(figures: Figures, server: Running, omneo: int, question: Question, setting: Setting, pace: Pace) -> None:
    before, calls_before = server.cpu_s(), calls(omneo)
    loaded = load.run(server.port, question.requests(), seconds=pace.seconds, connections=setting.connections)
    if loaded.wrong:
        raise Different(
            f"{server.name} answered {loaded.wrong} of {loaded.answers} requests for {question.name} wrongly"
        )
    figures.cpu_ms.append(1000 * (server.cpu_s() - before) / loaded.answers)
    figures.calls_loaded.append((calls(omneo) - calls_before) / loaded.answers)
    figures.per_second.append(loaded.per_second)
    figures.p50_ms.append(loaded.quantile_ms(0.5))
    figures.p99_ms.append(loaded.quantile_ms(0.99))
    figures.memory_mb = server.memory_mb()


if __name__ == "__main__":
    sys.exit(main())
