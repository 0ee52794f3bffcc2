"""A sandbox in a process of its own, for what needs real sockets."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent
SERVER = {"authorization": "Bearer sandbox-token"}


@dataclass
class Process:
    """A running sandbox: where it listens, and a client of the tenant's. `http` opens a connection for each call."""

    url: str
    http: httpx.Client
    popen: "subprocess.Popen[str]"

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server API what must succeed, and open its envelope."""
        answer = self.http.request(method, f"/api/v3{path}", **({} if body is None else {"json": body}))
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """Set the fault plan, and begin a new journal."""
        self.http.put("/_sandbox/faults", json=list(rules)).raise_for_status()
        self.http.delete("/_sandbox/calls").raise_for_status()

    def settings(self, **changes: Any) -> None:
        """Change the settings."""
        self.http.put("/_sandbox/settings", json=changes).raise_for_status()

    def calls(self) -> list[dict[str, Any]]:
        """Read the journal."""
        read: list[dict[str, Any]] = self.http.get("/_sandbox/calls").json()["data"]
        return read

    def raw(self, request: bytes, timeout_s: float = 10) -> bytes:
        """Send bytes over a socket of one's own. Returns what came until the other side closed it."""
        host, port = self.url.removeprefix("http://").split(":")
        received = b""
        with socket.create_connection((host, int(port)), timeout_s) as sock:
            sock.sendall(request)
            with contextlib.suppress(ConnectionResetError):
                while part := sock.recv(65536):
                    received += part
        return received


@contextlib.contextmanager
def running(*arguments: str, **environ: str) -> Iterator[Process]:
    """Run `python -m sandbox` on a free port until the block ends, then ask it to stop."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", *arguments]
    popen = subprocess.Popen(  # noqa: S603 — our own module
        command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert popen.stdout is not None
    line = popen.stdout.readline()
    assert line.startswith("sandbox on http://"), line + popen.stdout.read()
    url = line.split()[-1]
    limits = httpx.Limits(max_keepalive_connections=0)
    token = environ.get("SANDBOX_TOKEN", "sandbox-token")
    headers = {"authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=url, headers=headers, limits=limits, timeout=20, trust_env=False) as http:
            yield Process(url, http, popen)
    finally:
        popen.terminate()
        output = popen.communicate(timeout=20)[0]
    assert "Traceback" not in output, output


def post(path: str, body: Any) -> bytes:
    """Write a POST to the server API as bytes."""
    content = json.dumps(body).encode()
    head = (
        f"POST /api/v3{path} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer sandbox-token\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
