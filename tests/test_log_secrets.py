"""What a gateway in a process of its own writes while it is busy: JSON lines that tell no secret and nobody's data."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
from http_support import DEVELOPMENT, await_answer, free_port, on_socket, process

from sandbox.app import create_app as create_sandbox
from sandbox.settings import Settings as SandboxSettings

FIELDS = {"request_id", "status", "outcome", "codes", "operation", "document", "caller", "ms", "made", "retried"}
SERVICE, SERVER = "sandbox-service-key", "sandbox-token"
BY_EMAIL = "query ByEmail($e: String!) { findProfile(by: {email: $e}) { id email mobilePhone } }"
LISTED = 'query Listed { profiles(filter: {email: "literal.person@example.com"}) { nodes { email } } }'
BY_IDENTITY = """
    query ByIdentity { findProfile(by: {identity: {handle: "loyalty_card", identifier: "CARD-0042-SECRET"}}) { id } }
"""
CODES = "query Codes { me { email benefits(first: 50) { nodes { redeemCodePos redeemCodeOnline meta } } } }"
ASSIGN = """
    mutation Assign($id: ID!) {
        assignBenefit(input: {
            profileId: $id, definition: {id: "1"}, idempotencyKey: "KEY-SECRET", externalId: "REF-SECRET",
            meta: {note: "NOTE-SECRET"}
        }) { __typename ... on BenefitAssigned { benefit { id redeemCodePos } } }
    }
"""
HOSTILE = (
    b'{"query": "{ me { id } } literal.person@example.com"}',
    b'{"query": "{ findProfile(by: {email: \\"literal.person@example.com\\"}) { nope } }"}',
    b'{"query": "query($id: ID!) { profile(id: $id) { id } }", "variables": {"id": ["literal.person@example.com"]}}',
    b'{"query": "{ me { id } }", "variables": {"x": "literal.person@example.com"',
    b"literal.person@example.com",
)


async def be_busy(gateway: httpx.AsyncClient, omneo: httpx.AsyncClient) -> list[str]:
    """Ask everything that has something personal about it; return what no log line may hold."""
    row: dict[str, Any] = (await omneo.get("/api/v3/profiles?page[size]=1")).json()["data"][0]
    minted = await omneo.post("/id/api/v1/auth/token", json={"id": row["id"]})
    member: str = minted.json()["data"]["token"]
    secrets = [SERVICE, SERVER, member, row["email"], row["mobile_phone"], "literal.person", "SECRET", "eyJ"]

    async def ask(query: str, token: str, **variables: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {token}"}
        answer = await gateway.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        return answer.json()  # type: ignore[no-any-return]

    async def everything() -> None:
        answer = await ask(CODES, member)
        for benefit in ((answer.get("data") or {}).get("me") or {}).get("benefits", {}).get("nodes", []):
            secrets.extend(benefit[code] for code in ("redeemCodePos", "redeemCodeOnline") if benefit[code])
        await ask(BY_EMAIL, SERVICE, e=row["email"])
        await ask(BY_EMAIL, member, e=row["email"])
        for query in (LISTED, BY_IDENTITY):
            await ask(query, SERVICE)
        await ask(ASSIGN, SERVICE, id=row["id"])
        await ask(CODES, f"{member[:-4]}AAAA")
        await gateway.get("/graphql", params={"query": LISTED}, headers={"authorization": f"Bearer {SERVICE}"})
        for body in HOSTILE:
            for token in (SERVICE, member, "unknown-SECRET"):
                headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
                await gateway.post("/graphql", content=body, headers=headers)

    await everything()
    for status, body in (
        (500, row["email"]),
        (200, f"<html>{row['email']}"),
        (422, json.dumps({"message": row["email"]})),
    ):
        fault = {"path": "*", "action": "status", "status": status, "body": body}
        await omneo.put("/_sandbox/faults", json=[fault])
        await everything()
    await omneo.put("/_sandbox/faults", json=[{"path": "*", "action": "truncate"}])
    await everything()
    return secrets


async def test_no_log_line_holds_a_secret_or_anybodys_data(tmp_path: Path) -> None:
    """At the level that tells most; every line is JSON, and every request has one with what it cost and came to."""
    port = free_port()
    async with on_socket(create_sandbox(SandboxSettings())) as (host, omneo_port):
        origin = f"http://{host}:{omneo_port}"
        environ = DEVELOPMENT | {
            "PORT": str(port),
            "OMNEO_BASE_URL": origin,
            "LOG_LEVEL": "debug",
            "REQUEST_DEADLINE_S": "3",
            "WRITE_QUARANTINE_S": "0.1",
            "STATE_DB": str(tmp_path / "state.db"),
        }
        with process(["gateway.py"], environ) as gateway:
            await asyncio.to_thread(await_answer, f"http://127.0.0.1:{port}/healthz")
            async with (
                httpx.AsyncClient(base_url=origin, headers={"authorization": f"Bearer {SERVER}"}, timeout=20) as omneo,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
            ):
                secrets = await be_busy(client, omneo)
            gateway.terminate()
            _, written = await asyncio.to_thread(gateway.communicate, timeout=20)
    assert len(secrets) > 8, "no benefit showed a code"
    assert [secret for secret in secrets if secret in written] == []
    lines = [json.loads(line) for line in written.splitlines()]
    told = [line for line in lines if line["event"] == "request"]
    assert {"ByEmail", "Listed", "Codes", "Assign", "none"} <= {line["operation"] for line in told}
    assert {"member", "service", "anonymous"} == {line["caller_kind"] for line in told}
    for line in told:
        assert {
            "request_id",
            "status",
            "outcome",
            "codes",
            "document",
            "caller",
            "ms",
            "made",
            "retried",
        } <= line.keys()
