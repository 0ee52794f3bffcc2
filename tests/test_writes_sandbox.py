"""The write engine over the REST client, real sockets, and the sandbox's faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

import omneo
from telemetry import Trace
from writes import Done, Intent, Kind, Outcome, Refused, Write, Writes, fingerprint

PROFILE = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"  # the first of the seed
ASSIGN = {"method": "POST", "path": "/api/v3/benefits", "times": 1}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """Start a sandbox on a free port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0"],
        cwd=Path(__file__).parent.parent,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ({"action": "drop-after"}, 1),
        ({"action": "drop-before"}, 2),
        ({"action": "late", "ms": 400}, 1),
        ({"action": "truncate"}, 1),
        ({"action": "garbage"}, 1),
        ({"action": "status", "status": 500}, 2),
        ({"action": "status", "status": 502, "after": True}, 1),
        ({"action": "delay", "ms": 600}, 1),
    ],
)
async def test_every_fault_ends_with_one_benefit(
    sandbox: str, tmp_path: Path, fault: dict[str, Any], sent: int
) -> None:
    """The caller gets the benefit, whatever became of the first answer, and Omneo holds it once."""
    async with httpx.AsyncClient(base_url=sandbox, headers={"Authorization": "Bearer sandbox-token"}) as control:
        await control.put("/_sandbox/faults", content=json.dumps([ASSIGN | fault]))
        await control.delete("/_sandbox/calls")
        outcome = await assign(sandbox, tmp_path, key=json.dumps(fault, separators=(",", ":")))
        assert isinstance(outcome, Done)
        listed = await control.get("/api/v3/benefits", params={"filter[external_id]": outcome.value.external_id})
        assert [row["id"] for row in listed.json()["data"]] == [outcome.value.id]
        calls = (await control.get("/_sandbox/calls")).json()["data"]
        assert sum(call["method"] == "POST" for call in calls) == sent


async def test_a_rate_limit_is_passed_on_and_nothing_is_read_back(sandbox: str, tmp_path: Path) -> None:
    """429 says for certain that nothing happened."""
    async with httpx.AsyncClient(base_url=sandbox) as control:
        rule = ASSIGN | {"action": "status", "status": 429, "retry_after": 1}
        await control.put("/_sandbox/faults", content=json.dumps([rule]))
        await control.delete("/_sandbox/calls")
        outcome = await assign(sandbox, tmp_path, key="limited")
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.cause, omneo.RateLimited)
        assert [call["status"] for call in (await control.get("/_sandbox/calls")).json()["data"]] == [429]


async def test_an_omneo_that_is_not_there_has_not_written(tmp_path: Path) -> None:
    """A refused connection is a refusal, not a quarantine."""
    outcome = await assign("http://127.0.0.1:9", tmp_path, key="nobody")
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.cause, omneo.Unavailable)


async def assign(url: str, folder: Path, *, key: str) -> Outcome[omneo.Benefit]:
    """Assign the first definition to the first profile, as a gateway does."""
    upstream = omneo.Upstream(
        omneo.open_http(), api_url=f"{url}/api/v3", id_url=f"{url}/id/api/v1", token="sandbox-token"
    )
    kind = Kind(operation="assign", find=partial(find, upstream), reference=lambda benefit: str(benefit.id))
    writes = await Writes.open(state_db=str(folder / "state.db"), redis_url=None, quarantine_s=1.0, kinds=[kind])
    try:
        trace = Trace.begin(deadline_s=10)
        client = upstream.as_service(trace)

        async def send(intent: Intent, trace: Trace) -> omneo.Benefit:
            return await omneo.assign_benefit(
                client.under(trace),
                profile_id=intent.profile_id,
                definition_id=intent.target,
                issued_at="2026-01-01 00:00:00",
                timezone="Australia/Melbourne",
                external_id=intent.external_id,
            )

        write = Write(
            kind=kind,
            tenant="acme",
            caller="service:till",
            key=key,
            profile_id=PROFILE,
            target="1",
            fingerprint=fingerprint([PROFILE, "1"]),
            send=send,
        )
        return await writes.perform(write, trace)
    finally:
        await writes.drain()
        await upstream.aclose()


async def find(upstream: omneo.Upstream, intent: Intent, trace: Trace) -> omneo.Benefit | None:
    """Read back with the server token, from this profile's benefits alone."""
    found = await omneo.find_by_external_id(
        upstream.as_service(trace), intent.external_id, profile_id=intent.profile_id
    )
    return next(iter(found), None)
