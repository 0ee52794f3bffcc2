"""A Redis of our own, started from the system's redis-server and ended with the test or the load that wanted it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

BINARY = shutil.which("redis-server")


@contextmanager
def redis_server() -> Iterator[str]:
    """Start a Redis on a Unix socket, persisting as the engine asks of it; answer its URL."""
    if BINARY is None:
        raise FileNotFoundError("redis-server is not installed (Debian: apt-get install redis-server)")
    with TemporaryDirectory(prefix="redis-") as folder:
        socket = Path(folder, "redis.sock")
        options = ["--port", "0", "--unixsocket", str(socket), "--dir", folder, "--save", "", "--appendonly", "yes"]
        server = subprocess.Popen([BINARY, *options], stdout=subprocess.DEVNULL)  # noqa: S603 - ours, no input
        try:
            _await(socket, server)
            yield f"unix://{socket}"
        finally:
            server.terminate()
            server.wait()


def _await(socket: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        if socket.exists():
            return
        if server.poll() is not None:
            raise RuntimeError(f"redis-server ended with {server.returncode}")
        time.sleep(0.01)
    raise TimeoutError("redis-server did not open its socket")
