"""What tests of the HTTP door share: an application on a real socket, in this process or in one of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from serving.protocol import HeadLimits
from serving.server import bind, configure

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT = {
    "OMNEO_BASE_URL": "http://127.0.0.1:9",
    "OMNEO_TOKEN": "sandbox-token",
    "GATEWAY_ENV": "development",
    "OMNEO_BATCH": "fanout",
}


@asynccontextmanager
async def on_socket(app: Any, heads: HeadLimits | None = None) -> AsyncIterator[tuple[str, int]]:
    """Serve an application in this process, on a free port, until the block ends."""
    metrics = getattr(getattr(app, "state", None), "metrics", None)
    count = None if metrics is None else metrics.count_refusal
    server, sock = uvicorn.Server(configure(app, 1.0, heads, count)), bind("127.0.0.1", 0)
    host, port = sock.getsockname()
    serving = asyncio.create_task(server.serve([sock]))
    while not server.started:  # noqa: ASYNC110 — uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield host, port
    finally:
        server.should_exit = True
        await serving


@contextmanager
def process(command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command of the project with these settings and no others; it is gone when the block ends."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
    running = subprocess.Popen(  # noqa: S603 — our own commands
        [sys.executable, *command],
        cwd=ROOT,
        env=kept | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with running:
            yield running
            running.kill()
    finally:
        running.kill()


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def await_answer(url: str, within_s: float = 20.0) -> None:
    """Wait until somebody answers at the URL."""
    ends = time.monotonic() + within_s
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 — http on loopback
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return
