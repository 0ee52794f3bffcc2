"""What grows with what: cost with the size of an answer, a small query's wait beside large ones, memory with time.

    python -m benchmarks.growth [linear] [beside] [memory]

Ratios inside one run, as in benchmarks/speed.py; it judges nothing either.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import uvloop

from benchmarks import load
from benchmarks.questions import Q0, Q1, Q2, Q3, Question
from benchmarks.servers import Running, gateway, started, upstream

_FIELDS = "id issuedAt expiresAt isExpired isRedeemable redemptionsRemaining definition { id name handle }"


def linear() -> None:
    """Ask for 10 to 10,000 benefits: the cost of each should not grow with their number."""
    sizes = ((1, 10), (10, 10), (10, 100), (100, 100))
    with upstream("--profiles", "100", "--benefits-each", "100") as omneo, started(gateway("gateway"), omneo) as server:
        _say("| benefits | CPU for each | answer |", "|---:|---:|---:|")
        for profiles, each in sizes:
            benefits = f"benefits(first: {each}) {{ nodes {{ {_FIELDS} }} }}"
            document = f"{{ profiles(first: {profiles}) {{ nodes {{ id {benefits} }} }} }}"
            cpu_ms, loaded = _cost(server, Question("", "", document), connections=1)
            count = profiles * each
            _say(f"| {count:,} | {1000 * cpu_ms / count:.1f} µs | {loaded.quantile_ms(0.5):.0f} ms |")


def beside() -> None:
    """Ask small queries alone, then beside large ones that never stop: the loop must not stall."""
    _say("| small query | Omneo takes | p99 alone | p99 beside a large one | times |", "|---|---:|---:|---:|---:|")
    for latency_ms in ("0", "20"):
        with upstream("--latency-ms", latency_ms) as omneo, started(gateway("gateway"), omneo) as server:
            _cost(server, Q1, connections=2)
            for small in (Q0, Q3, Q2):
                alone = load.run(server.port, small.requests(), seconds=4, connections=2).quantile_ms(0.99)
                mixed = uvloop.run(_mixed(server.port, small)).quantile_ms(0.99)
                times = f"{mixed / alone:.1f}"
                _say(f"| {small.name} | {latency_ms} ms | {alone:.1f} ms | {mixed:.1f} ms | {times} |")


def memory() -> None:
    """Send 50,000 requests of 500 different documents: memory should be where it was after the first tenth."""
    documents = [_variant(number) for number in range(500)]
    requests = [request for each in documents for request in each.requests()[:1]]
    with upstream() as omneo, started(gateway("gateway"), omneo) as server:
        _say("| requests | memory |", "|---:|---:|")
        sent = 0
        for target in (500, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000):
            while sent < target:
                loaded = load.run(server.port, requests, seconds=1, connections=16)
                if loaded.wrong:
                    raise RuntimeError(f"{loaded.wrong} answers were not 200")
                sent += loaded.answers
            _say(f"| {sent:,} | {server.memory_mb('VmRSS'):.0f} MB |")


def _variant(number: int) -> Question:
    """Write the mobile screen under the n-th of many names, as so many front ends would."""
    document = Q2.document.replace("query Screen", f"query Screen{number}").replace(
        "lastName", f"name{number}: lastName"
    )
    return Question(f"Q2.{number}", "", document, Q2.variables[:1])


async def _mixed(port: int, small: Question) -> load.Load:
    large = load.measure(port, Q1.requests(), seconds=5, connections=1)
    loaded, _ = await asyncio.gather(load.measure(port, small.requests(), seconds=4, connections=2), large)
    return loaded


def _cost(server: Running, question: Question, *, connections: int) -> tuple[float, load.Load]:
    load.run(server.port, question.requests(), seconds=1, connections=connections)
    before = server.cpu_s()
    loaded = load.run(server.port, question.requests(), seconds=4, connections=connections)
    if loaded.wrong:
        raise RuntimeError(f"{loaded.wrong} answers were not 200")
    return 1000 * (server.cpu_s() - before) / loaded.answers, loaded


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    known: dict[str, Callable[[], None]] = {"linear": linear, "beside": beside, "memory": memory}
    for name in sys.argv[1:] or known:
        known[name]()
        _say("")
