"""What `make run` starts: a sandbox Omneo, then the gateway over it; both end together, the gateway first."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
SERVER_TOKEN = "sandbox-token"  # noqa: S105 — published; it opens nothing but this sandbox
SERVICE_KEY = "sandbox-service-key"
FIRST_QUERY = (
    "{ profiles(first: 2) { nodes { id firstName benefits(first: 3) { nodes { id definition { name handle } } } } } }"
)

_START_S = 30.0
_GATEWAY_STOP_S = 25.0
_SANDBOX_STOP_S = 5.0
# What points the gateway at a real tenant elsewhere has no place beside a sandbox.
_NOT_HANDED_DOWN = ("OMNEO_TENANT", "OMNEO_ID_URL", "SERVICE_KEYS_FILE", "JWT_ISSUER", "JWT_AUDIENCE", "JWKS_URL")


class StartFailed(Exception):
    """Say in one line why it does not run."""


class Stopped(Exception):
    """Say that somebody asked for the end while something was still starting."""


class Child:
    """One process of ours; in a group of its own, so that Ctrl-C reaches it only through us and in our order."""

    def __init__(self, name: str, command: list[str], environ: Mapping[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(command, cwd=ROOT, env=dict(environ), start_new_session=True)  # noqa: S603 — our own modules

    def exit_code(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self._process.poll()

    def stop(self, patience_s: float) -> None:
        """Ask it to end, wait, and insist when it does not."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main() -> int:
    """Run both until Ctrl-C, SIGTERM, or the end of either. Returns 0 when asked to end, else 1."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        with tempfile.TemporaryDirectory(prefix="gateway-") as state:
            return _run(stop, Path(state))
    except StartFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except Stopped:
        return 0


def _run(stop: threading.Event, state: Path) -> int:
    port, sandbox_port = _port("PORT", 8000), _port("SANDBOX_PORT", 8001)
    omneo, gateway_url = f"http://{HOST}:{sandbox_port}", f"http://{HOST}:{port}"
    sandbox_environ = os.environ | {"SANDBOX_TOKEN": SERVER_TOKEN}
    sandbox_command = [sys.executable, "-m", "sandbox", "--host", HOST, "--port", str(sandbox_port)]
    children: list[tuple[Child, float]] = []
    try:
        sandbox = Child("sandbox", sandbox_command, sandbox_environ)
        children.append((sandbox, _SANDBOX_STOP_S))
        _await(sandbox, f"{omneo}/api/health", stop)
        gateway = Child("gateway", [sys.executable, "gateway.py"], _gateway_environ(omneo, port, state))
        children.append((gateway, _GATEWAY_STOP_S))
        _await(gateway, f"{gateway_url}/healthz", stop)
        sys.stdout.write(_welcome(gateway_url, omneo, _member_token(omneo)))
        sys.stdout.flush()
        return _watch([sandbox, gateway], stop)
    finally:
        for child, patience_s in reversed(children):
            child.stop(patience_s)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) > 65535:
        raise StartFailed(f"{name} is malformed: a port is wanted, 0 for any free one.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(text)))
        except OSError:
            raise StartFailed(f"Port {text} is in use; choose another: {name}=… make run") from None
        port: int = probe.getsockname()[1]
    return port


def _gateway_environ(omneo: str, port: int, state: Path) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if name not in _NOT_HANDED_DOWN}
    # The sandbox begins anew each time, so what is remembered of its writes must too.
    environ.setdefault("STATE_DB", str(state / "state.db"))
    environ.setdefault("WRITE_QUARANTINE_S", "2")
    return environ | {
        "OMNEO_BASE_URL": omneo,
        "OMNEO_TOKEN": SERVER_TOKEN,
        "GATEWAY_ENV": "development",
        "HOST": HOST,
        "PORT": str(port),
    }


def _await(child: Child, url: str, stop: threading.Event) -> None:
    """Wait until the child answers at the URL. Raises StartFailed when it ends or takes too long, or Stopped."""
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends:
        if stop.is_set():
            raise Stopped
        if child.exit_code() is not None:
            raise StartFailed(f"The {child.name} ended while starting, exit code {child.exit_code()}.")
        try:
            _call(url)
        except OSError:
            stop.wait(0.05)
        else:
            return
    raise StartFailed(f"The {child.name} did not answer within {_START_S:.0f} seconds.")


def _watch(children: list[Child], stop: threading.Event) -> int:
    while not stop.wait(0.2):
        for child in children:
            if child.exit_code() is not None:
                sys.stderr.write(f"The {child.name} ended by itself, exit code {child.exit_code()}; ending the rest.\n")
                return 1
    return 0


def _member_token(omneo: str) -> str:
    """Mint a token for the first member, as a retailer's own server would. Raises StartFailed when it cannot."""
    try:
        profiles = json.loads(_call(f"{omneo}/api/v3/profiles?page[size]=1"))
        answer = json.loads(_call(f"{omneo}/id/api/v1/auth/token", {"id": profiles["data"][0]["id"]}))
        return str(answer["data"]["token"])
    except (OSError, ValueError, LookupError, TypeError):
        raise StartFailed("The sandbox did not mint a member's token.") from None


def _call(url: str, body: Any = None) -> bytes:
    """Ask our own processes, with the sandbox's token; OSError for anything but a 2xx."""
    headers = {"Authorization": f"Bearer {SERVER_TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 — http on loopback, made above
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=5) as answer:
        content: bytes = answer.read()
    return content


def _welcome(gateway: str, omneo: str, member_token: str) -> str:
    body = json.dumps({"query": FIRST_QUERY})
    return f"""
The gateway answers at {gateway}/graphql (open it in a browser for the query page).
Its Omneo is a sandbox at {omneo}; Ctrl-C ends both.

  service token   {SERVICE_KEY}
  member token    {member_token}   (lapses after fifteen minutes, as Omneo's do)

A first query:

curl -s {gateway}/graphql -H 'Authorization: Bearer {SERVICE_KEY}' -H 'Content-Type: application/json' -d '{body}'

"""


if __name__ == "__main__":
    sys.exit(main())
