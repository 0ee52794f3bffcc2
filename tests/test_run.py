"""Processes and sockets: how the gateway starts, is cut off, drains and ends, and what `make run` does."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_support import DEVELOPMENT, ROOT, await_answer, free_port, on_socket, process

from scripts.credentials import make
from serving.asgi import Receive, Scope, Send, send_answer
from serving.keys import read_keys
from serving.protocol import HeadLimits


async def ready(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer everything, and the lifespan of an application that needs none."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send_answer(send, 200, b"application/json", {}, json.dumps({"path": scope["path"]}).encode())


HURRIED = HeadLimits(seconds=0.2)  # no longer than a test waits


async def talk(address: tuple[str, int], *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """Send pieces over a socket with pauses between them, and return all that comes back."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        return await asyncio.wait_for(reader.read(), 5)
    except (ConnectionResetError, BrokenPipeError):
        return b""
    finally:
        writer.close()


CLOSING = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"


async def test_headers_that_come_slowly_are_cut_off() -> None:
    async with on_socket(ready, HURRIED) as address:
        assert (await talk(address, b"GET / HTTP/1.1\r\n")).startswith(b"HTTP/1.1 408 ")
        assert await talk(address) == b""
        drip = [b"GET / HTTP/1.1\r\n", *(b"x-a: b\r\n" for _ in range(8))]
        assert b" 408 " in await talk(address, *drip, pause_s=0.05)
        assert b" 200 " in await talk(address, CLOSING, b"\r\n", pause_s=0.05)


async def test_second_request_of_a_connection_is_timed_too() -> None:
    async with on_socket(ready, HURRIED) as address:
        answer = await talk(address, b"GET /first HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /second HTTP", pause_s=0.05)
    assert answer.index(b"/first") < answer.index(b" 408 ")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: x\r\nx-a: " + b"a" * 17_000, b" 431 "),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x-a: b\r\n" * 3_000, b" 431 "),
        (b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nhost: x", b" 414 "),
    ],
)
async def test_headers_that_are_too_large_are_cut_off(head: bytes, status: bytes) -> None:
    """In one piece, or in many, and before they are complete."""
    pieces = [head[start : start + 1000] for start in range(0, len(head), 1000)]
    async with on_socket(ready) as address:
        assert status in (await talk(address, head + b"\r\n\r\n")).split(b"\r\n")[0]
        assert b" 431 " in await talk(address, *pieces) or status == b" 414 "
        assert b" 200 " in await talk(address, CLOSING + b"x-a: " + b"a" * 15_000 + b"\r\n\r\n")


def test_wrong_setting_ends_the_start_with_one_line_and_code_2() -> None:
    with process(["gateway.py"], DEVELOPMENT | {"PORT": "many"}) as gateway:
        _, said = gateway.communicate(timeout=20)
        assert (gateway.returncode, said) == (2, "PORT is malformed: a whole number from 0 to 65535 is wanted\n")


def test_state_that_cannot_be_opened_ends_the_start(tmp_path: Path) -> None:
    environ = DEVELOPMENT | {"PORT": "0", "STATE_DB": str(tmp_path / "missing" / "state.db")}
    with process(["gateway.py"], environ) as gateway:
        _, said = gateway.communicate(timeout=20)
    assert gateway.returncode == 2
    assert said.splitlines()[-1] == "STATE_DB cannot be opened"


@pytest.mark.parametrize("command", ["gateway.py", "scripts/run.py"])
def test_port_in_use_is_said_in_one_line(command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with process([command], DEVELOPMENT | {"PORT": port}) as started:
            _, said = started.communicate(timeout=20)
    assert started.returncode == 1
    assert port in said
    assert len(said.splitlines()) == 1


@asynccontextmanager
async def slow_omneo(pause_s: float) -> AsyncIterator[str]:
    """Answer every read with an empty list, after a pause."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(pause_s)
        meta = {"current_page": 1, "from": None, "last_page": 1, "per_page": 20, "to": None, "total": 0}
        body = json.dumps({"data": [], "links": {}, "meta": meta}).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_requests_in_flight_are_answered_before_the_process_ends() -> None:
    port = free_port()
    async with slow_omneo(1.0) as omneo:
        environ = DEVELOPMENT | {"PORT": str(port), "OMNEO_BASE_URL": omneo}
        with process(["gateway.py"], environ) as gateway:
            await asyncio.to_thread(await_answer, f"http://127.0.0.1:{port}/healthz")
            async with httpx.AsyncClient(headers={"authorization": "Bearer sandbox-service-key"}) as client:
                body = {"query": "{ profiles { totalCount } }"}
                asking = asyncio.create_task(client.post(f"http://127.0.0.1:{port}/graphql", json=body))
                await asyncio.sleep(0.4)
                gateway.send_signal(signal.SIGTERM)
                assert (await asking).json() == {"data": {"profiles": {"totalCount": 0}}}
            assert await asyncio.to_thread(gateway.wait, 10) == 0


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def read_until(running: subprocess.Popen[str], start: str) -> list[str]:
    """Read the lines a process prints, up to the one that begins so."""
    assert running.stdout is not None
    lines = [running.stdout.readline()]
    while lines[-1] and not lines[-1].startswith(start):
        lines.append(running.stdout.readline())
    return lines


def paste(curl: str, body: str | None = None) -> Any:
    """Send what a shell would make of a curl line, perhaps with another body; curl itself need not be here."""
    _, _, url, _, authorization, _, content_type, _, data = shlex.split(curl)
    headers = dict(header.split(": ", 1) for header in (authorization, content_type))
    return httpx.post(url, content=body or data, headers=headers, timeout=20).json()


def test_make_run_prints_a_first_query_that_works_and_ends_both() -> None:
    environ = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    with process(["scripts/run.py"], environ) as supervisor:
        lines = read_until(supervisor, "curl ")
        answer = paste(lines[-1])
        assert len(answer["data"]["profiles"]["nodes"]) == 2
        assert answer["data"]["profiles"]["nodes"][0]["benefits"]["nodes"][0]["definition"]["name"]
        member = re.search(r"member token +(\S+)", "".join(lines))
        assert member is not None
        answer = paste(lines[-1].replace("sandbox-service-key", member[1]), '{"query": "{ me { id } }"}')
        assert answer["data"]["me"]["id"]
        both = children(supervisor.pid)
        supervisor.send_signal(signal.SIGINT)
        supervisor.communicate(timeout=20)
        assert supervisor.returncode == 0
    assert len(both) == 2
    assert alive(both) == []


def test_when_one_of_both_dies_the_other_is_ended() -> None:
    environ = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    with process(["scripts/run.py"], environ) as supervisor:
        read_until(supervisor, "curl ")
        both = children(supervisor.pid)
        os.kill(both[0], signal.SIGKILL)
        _, said = supervisor.communicate(timeout=20)
    assert supervisor.returncode == 1
    assert "The sandbox ended by itself, exit code -9; ending the rest." in said
    assert alive(both) == []


def test_compose_credentials_are_made_once_and_hold(tmp_path: Path) -> None:
    make(tmp_path)
    key = (tmp_path / "service-key").read_text()
    assert [entry.name for entry in read_keys(tmp_path / "keys.json").values()] == ["compose"]
    make(tmp_path)
    assert (tmp_path / "service-key").read_text() == key
    assert key not in (tmp_path / "keys.json").read_text()
    assert (tmp_path / "service-key").stat().st_mode & 0o077 == 0


def test_container_holds_every_package_the_gateway_imports() -> None:
    """A layer added to the house and forgotten in the Dockerfile fails here, not in a container."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    for package in ("serving", "execution", "schema", "resolvers", "loaders", "writes", "omneo"):
        assert f"COPY {package} {package}" in dockerfile
        assert f"!{package}\n" in (ROOT / ".dockerignore").read_text()


def test_production_makes_a_file_for_writes_where_it_is_started(tmp_path: Path) -> None:
    """With a tenant and a token alone the promise holds across restarts; nobody else may read the folder."""
    environ = {"OMNEO_BASE_URL": "http://127.0.0.1:9", "OMNEO_TOKEN": "x", "PORT": "0", "OMNEO_BATCH": "fanout"}
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    gateway = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, str(ROOT / "gateway.py")], cwd=tmp_path, env=kept | environ, stderr=subprocess.PIPE
    )
    try:
        state = tmp_path / ".state" / "writes.db"
        for _ in range(600):
            if state.exists():
                break
            time.sleep(0.05)
        assert state.exists()
        assert (state.parent.stat().st_mode & 0o777) == 0o700
    finally:
        gateway.kill()
        gateway.communicate()
