"""The campaign through the real thing: two gateway processes over one sandbox process, real sockets, real faults.

    python -m benchmarks.real_campaign --writes 50000 --store sqlite
    python -m benchmarks.real_campaign --writes 50000 --store redis

Gateways are killed with -9 and started again all the while, answers are lost before and after the write, cut off,
late, or errors; 429 comes in storms. Exit code 1 when a key has two benefits, a reported one does not exist, two
answers for one key differ, a client is left without an answer, something is pending for too long, or the control,
plain retry under the same faults, finds no duplicate. Runs in rounds, each with a fresh sandbox and a fresh store.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.clients import Clients
from benchmarks.redis_server import redis_server
from benchmarks.town import Town
from benchmarks.verdict import Report, counted

QUARANTINE_S = 2.0
DEADLINE_S = 3.0
ROUND = 5000  # writes
CLIENTS = 40  # at a time
KILL_EVERY_S = 30.0
STORM_EVERY_S = 9.0
STORM_S = 1.2

_SHARES = [
    {"action": "drop-before", "probability": 0.07},
    {"action": "drop-after", "probability": 0.16},
    {"action": "late", "ms": 600, "probability": 0.08},
    {"action": "status", "status": 500, "after": True, "probability": 0.07},
    {"action": "status", "status": 503, "probability": 0.06},
    {"action": "truncate", "probability": 0.07},
    {"action": "garbage", "probability": 0.05},
    {"action": "status", "status": 429, "retry_after": 1, "probability": 0.05},
    {"action": "delay", "ms": 250, "probability": 0.06},
]
PLAN: list[dict[str, Any]] = [
    *({"method": method, "path": "/api/v3/*", **share} for method in ("POST", "DELETE") for share in _SHARES),
    {"method": "GET", "path": "/api/v3/*", "action": "status", "status": 503, "probability": 0.03},
]
STORM = {"method": "POST", "path": "/api/v3/*", "action": "status", "status": 429, "probability": 0.9}


async def play(
    store: str, writes: int, seed: int, *, log: Path, clients: int = CLIENTS, kill_every_s: float = KILL_EVERY_S
) -> Report:
    """Play one round over a store and count."""
    began = time.monotonic()
    with log.open("ab") as file:
        async with Town(store, file, quarantine_s=QUARANTINE_S, deadline_s=DEADLINE_S) as town:
            players = await _clients(town, seed)
            async with _trouble(town, seed, kill_every_s):
                gate = asyncio.Semaphore(clients)
                async with asyncio.TaskGroup() as wishes:
                    for number in range(writes):
                        await gate.acquire()
                        task = wishes.create_task(players.wish(f"key-{seed}-{number}"))
                        task.add_done_callback(lambda _: gate.release())
            report = await counted(town, players.told, settle_s=QUARANTINE_S)
    report.keys, report.kills, report.seconds = writes, town.kills, time.monotonic() - began
    return report


async def plain_retry(writes: int, seed: int, log: Path) -> int:
    """Play the control: clients that send again when they have no answer. Returns how many duplicates they made."""
    with log.open("ab") as file:
        async with Town("", file, quarantine_s=QUARANTINE_S, deadline_s=DEADLINE_S, gateways=0) as town:
            profiles = [row["id"] for row in await town.listed("/api/v3/profiles")]
            await town.rest("PUT", "/_sandbox/faults", json=PLAN)
            gate = asyncio.Semaphore(CLIENTS)

            async def wish(number: int) -> None:
                body = {
                    "profile_id": profiles[number % len(profiles)],
                    "benefit_definition_id": "1",
                    "issued_at": "2026-01-01 00:00:00",
                    "timezone": "UTC",
                    "external_id": f"plain-{seed}-{number}",
                }
                async with gate:
                    for _ in range(20):
                        with contextlib.suppress(httpx.HTTPError, ValueError):
                            await town.rest("POST", "/api/v3/benefits", json=body)
                            return

            await asyncio.gather(*(wish(number) for number in range(writes)))
            await town.rest("DELETE", "/_sandbox/faults")
            await asyncio.sleep(1)
            made = Counter(row["external_id"] for row in await town.listed("/api/v3/benefits"))
    return sum(copies - 1 for key, copies in made.items() if key and key.startswith("plain-"))


async def _clients(town: Town, seed: int) -> Clients:
    profiles = [row["id"] for row in await town.listed("/api/v3/profiles")]
    definitions = await town.listed("/api/v3/benefits/definitions")
    unlimited = [
        row["handle"] for row in definitions if not row["total_allocations"] and row["max_global_redemptions"] is None
    ]
    free = {
        row["handle"]
        for row in definitions
        if row["is_claimable"] and row["is_reclaimable"] and row["is_published"] and not row["is_archived"]
        if not row["claim_condition"] and not row["claim_period_start_at"]
    }
    return Clients(town, profiles, unlimited, sorted(free & set(unlimited)), seed)


@contextlib.asynccontextmanager
async def _trouble(town: Town, seed: int, kill_every_s: float) -> AsyncIterator[None]:
    """Set the fault plan, send storms, and kill gateways, until the block ends."""
    await town.rest("PUT", "/_sandbox/faults", json=PLAN)
    chance = random.Random(seed)  # noqa: S311 - a load, not a secret

    async def kills() -> None:
        while True:
            await asyncio.sleep(kill_every_s)
            await town.kill(chance.randrange(2))

    async def storms() -> None:
        while True:
            await asyncio.sleep(STORM_EVERY_S)
            await town.rest("PUT", "/_sandbox/faults", json=[STORM, *PLAN])
            await asyncio.sleep(STORM_S)
            await town.rest("PUT", "/_sandbox/faults", json=PLAN)

    tasks = [asyncio.create_task(kills()), asyncio.create_task(storms())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await town.rest("DELETE", "/_sandbox/faults")


def main() -> int:
    """Play what the command line asks for; answer the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--store", choices=["sqlite", "redis"], default="sqlite")
    asked = parser.parse_args()
    total = Report()
    with TemporaryDirectory(prefix="campaign-") as folder:
        log = Path(folder, "gateways.log")
        for number, start in enumerate(range(0, asked.writes, ROUND)):
            with ExitStack() as stack:
                redis = asked.store == "redis"
                place = stack.enter_context(redis_server()) if redis else str(Path(folder, f"state-{number}.db"))
                size = min(ROUND, asked.writes - start)
                report = asyncio.run(play(place, size, asked.seed + number, log=log, clients=asked.clients))
            total.add(report)
            _say(f"round {number + 1}: {'clean' if report.is_clean else report}; so far {total}")
        control = asyncio.run(plain_retry(min(asked.writes, 2000), asked.seed, log))
        errors = [line for line in log.read_text().splitlines() if '"writes.duplicate"' in line]
    _say(f"safe writes over {asked.store}: {total}")
    _say(f"noticed by the gateways themselves: {json.dumps(errors[:5])}")
    _say(f"control, plain retry: {control} duplicates in {min(asked.writes, 2000)} writes")
    return 0 if total.is_clean and control and not errors else 1


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the result of a command


if __name__ == "__main__":
    sys.exit(main())
