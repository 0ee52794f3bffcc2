"""A gateway process in small, for tests that kill: performs one write, against an Omneo that is a file of lines.

    python writes_worker.py STATE_DB REDIS_URL OMNEO KEY ANSWER_S

A line is a benefit; the answer to a write comes `ANSWER_S` seconds after it landed. Prints the outcome.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from telemetry import Trace
from writes import Intent, Kind, Write, Writes, fingerprint


def made(omneo: Path) -> list[str]:
    """List the benefits there are."""
    return omneo.read_text().split() if omneo.exists() else []


async def perform(state_db: str, redis_url: str, omneo: Path, key: str, answer_s: float) -> None:
    """Perform the write of `key`."""

    async def send(intent: Intent, trace: Trace) -> str:
        with omneo.open("a") as file:
            file.write(f"{intent.external_id}\n")
        await asyncio.sleep(answer_s)
        return intent.external_id

    async def find(intent: Intent, trace: Trace) -> str | None:
        return intent.external_id if intent.external_id in made(omneo) else None

    kind = Kind(operation="claim", find=find, reference=str)
    writes = await Writes.open(state_db=state_db, redis_url=redis_url or None, quarantine_s=2.0, kinds=[kind])
    write = Write(
        kind=kind,
        tenant="acme",
        caller="service:till",
        key=key,
        profile_id="p",
        target=key,
        fingerprint=fingerprint(key),
        send=send,
    )
    outcome = await writes.perform(write, Trace.begin())
    os.write(1, f"{outcome}\n".encode())
    await writes.drain()


if __name__ == "__main__":
    asyncio.run(perform(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], float(sys.argv[5])))
