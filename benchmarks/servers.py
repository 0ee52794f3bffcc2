"""The contestants as processes, and what they cost: CPU and memory of a process and its children, from /proc."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
TOKEN = "sandbox-service-key"  # noqa: S105 — public by design, and good for nothing but a sandbox
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Contestant:
    """Say how a server is started; it is told its port and its Omneo by the environment."""

    name: str
    command: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()
    cwd: Path = ROOT


def gateway(name: str, **environ: str) -> Contestant:
    """The gateway as it is deployed, with these settings."""
    return Contestant(name, (sys.executable, "gateway.py"), tuple(environ.items()))


def peers() -> list[Contestant]:
    """The servers of other houses; none where Node or their packages are missing."""
    if shutil.which("node") is None or not (PEERS / "node_modules").is_dir():
        return []
    return [
        Contestant("Mercurius + JIT", ("node", "mercurius.js"), cwd=PEERS),
        Contestant("Apollo Server", ("node", "apollo.js"), cwd=PEERS),
    ]


class Running:
    """A server that has been started and answers."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.port = port
        self._process = process

    def cpu_s(self) -> float:
        """Tell how much CPU the process and its children have used since they were started."""
        ticks = 0
        for pid in self._tree():
            # The command's name may hold blanks and brackets; what follows the last bracket does not.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS

    def memory_mb(self, kind: str = "VmHWM") -> float:
        """Tell the most memory it has had; `VmRSS` for what it has now."""
        total = 0
        for pid in self._tree():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith(kind))
        return total / 1024

    def _tree(self) -> list[int]:
        found, pending = [], [self._process.pid]
        while pending:
            pid = pending.pop()
            found.append(pid)
            pending += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found


@contextmanager
def upstream(*options: str) -> Iterator[int]:
    """Run the Omneo of `benchmarks/upstream.py`; answers its port."""
    port = free_port()
    command = _pinned(1, sys.executable, "-m", "benchmarks.upstream", "--port", str(port), *options)
    with subprocess.Popen(command, cwd=ROOT) as process:  # noqa: S603 — our own command
        try:
            _await(f"http://127.0.0.1:{port}/api/health", process)
            yield port
        finally:
            process.kill()


@contextmanager
def started(contestant: Contestant, omneo_port: int, plan: str = "fanout") -> Iterator[Running]:
    """Start a contestant before an Omneo; it is gone when the block ends. Its log goes nowhere, but is written."""
    port, omneo_url = free_port(), f"http://127.0.0.1:{omneo_port}"
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ |= {"PORT": str(port), "OMNEO_BATCH": plan}
    environ |= {"NODE_ENV": "production", "OMNEO_URL": omneo_url}  # the peers'
    environ |= {"GATEWAY_ENV": "development", "OMNEO_BASE_URL": omneo_url, "OMNEO_TOKEN": "sandbox-token"}  # ours
    process = subprocess.Popen(  # noqa: S603 — our own commands
        _pinned(0, *contestant.command),
        cwd=contestant.cwd,
        env=environ | dict(contestant.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            _await(f"http://127.0.0.1:{port}/graphql?query=%7B__typename%7D", process)
            yield Running(contestant.name, port, process)
        finally:
            process.kill()


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def calls(omneo_port: int) -> int:
    """Ask our Omneo how many calls it has had."""
    with urllib.request.urlopen(f"http://127.0.0.1:{omneo_port}/calls", timeout=5) as answer:
        return int(answer.read())


def _pinned(core: int, *command: str) -> list[str]:
    """Keep the server on one core, the load and its Omneo on the other, so that neither takes from the other."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        return [*command]
    return ["taskset", "-c", str(cores[core]), *command]


def _await(url: str, process: subprocess.Popen[bytes], within_s: float = 60.0) -> None:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended before it answered")
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 — http on loopback
        except urllib.error.HTTPError:
            return  # it answers, if only that it wants to know who asks
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody answers at {url}")
