"""The gateway put together: credentials of development, health, what a request without Omneo looks like."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from http_support import DEVELOPMENT, on_socket
from lines import written
from peer import peer

from config import Settings, SettingsError
from gateway import create_app

PRODUCTION = DEVELOPMENT | {"OMNEO_TOKEN": "a-real-token", "GATEWAY_ENV": "production"}
KEY = {"authorization": "Bearer sandbox-service-key"}
Answerer = Callable[[httpx.Request], httpx.Response]


def well(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="OK")


def gone(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("hidden.internal.example refused")


@asynccontextmanager
async def running(environ: dict[str, str], upstream: Answerer = well) -> AsyncIterator[httpx.AsyncClient]:
    """Run the gateway in process over an Omneo that answers as told."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(upstream)) as http:
        app = create_app(Settings.from_environ(environ), http=http)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                yield client


async def test_development_key_opens_the_sandbox() -> None:
    async with running(DEVELOPMENT) as client:
        answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=KEY)
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_development_key_opens_nothing_in_production() -> None:
    async with running(PRODUCTION) as client:
        answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=KEY)
    assert answer.status_code == 401


def test_development_key_in_a_keys_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    digest = hashlib.sha256(b"sandbox-service-key").hexdigest()
    file.write_text(json.dumps({"keys": [{"name": "till", "sha256": digest, "scopes": []}]}))
    with pytest.raises(SettingsError, match=r"^SERVICE_KEYS_FILE is malformed: it holds the published"):
        create_app(Settings.from_environ(PRODUCTION | {"SERVICE_KEYS_FILE": str(file)}))


def test_keys_file_that_will_not_do_is_a_wrong_setting(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text('{"keys": "none"}')
    with pytest.raises(SettingsError, match=r"^SERVICE_KEYS_FILE is malformed: a list"):
        create_app(Settings.from_environ(PRODUCTION | {"SERVICE_KEYS_FILE": str(file)}))


async def test_health_needs_no_credential_and_tells_when_omneo_is_gone() -> None:
    async with running(PRODUCTION) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz", headers={"x-request-id": "probe-1"})
        assert (ready.status_code, ready.headers["x-request-id"]) == (200, "probe-1")
    async with running(PRODUCTION, gone) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "omneo unreachable"})


async def test_figures_are_counted_per_operation() -> None:
    async with running(DEVELOPMENT) as client:
        await client.post("/graphql", json={"query": "query Names { __typename }"}, headers=KEY)
        text = (await client.get("/metrics")).text
    assert 'gateway_requests_total{operation="Names",outcome="ok"} 1.0' in text


async def test_nothing_of_the_upstream_shows_when_it_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    async with running(DEVELOPMENT, gone) as client:
        answer = await client.post("/graphql", json={"query": "{ profiles { totalCount } }"}, headers=KEY)
    assert answer.json()["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert "hidden.internal" not in answer.text + written(capsys)


async def test_body_that_is_too_large_is_answered_while_it_is_still_sent() -> None:
    """The client reads 413, not a connection reset."""
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sandbox-service-key\r\n"
    head += b"content-type: application/json\r\ncontent-length: 4000000\r\nconnection: close\r\n\r\n"
    async with on_socket(create_app(Settings.from_environ(DEVELOPMENT))) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(head + b" " * 3_000_000)
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_a_health_check_that_drips_is_no_reason_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks whether this is ready is answered within the time Omneo has for it, whatever comes of it."""
    monkeypatch.setattr("gateway._HEALTH_TIMEOUT_S", 0.3)

    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
        for _ in range(40):
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.1)

    async with peer(drips) as omneo_:
        app = create_app(Settings.from_environ(DEVELOPMENT | {"OMNEO_BASE_URL": omneo_.url.removesuffix("/x")}))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
        ):
            async with asyncio.timeout(2):
                answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "omneo unreachable"})
