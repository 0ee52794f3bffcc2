"""Two gateway processes over one sandbox process, on real sockets, to be killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import httpx
import msgspec
import pycurl

ROOT = Path(__file__).resolve().parent.parent
SERVICE = "sandbox-service-key"
SERVER = {"Authorization": "Bearer sandbox-token"}

_START_S = 60.0


class NoAnswer(Exception):
    """Say that a gateway did not answer in time, or not in words."""


class Town:
    """Hold the processes. `store` is a file for SQLite or the URL of a Redis; `log` collects what gateways say."""

    def __init__(self, store: str, log: IO[Any], *, quarantine_s: float, deadline_s: float, gateways: int = 2) -> None:
        self.kills = 0
        self.gateways = [f"http://127.0.0.1:{_free_port()}" for _ in range(gateways)]
        self.omneo = f"http://127.0.0.1:{_free_port()}"
        self.http = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=400))
        # Cheap clients: what they cost, on the same cores, is taken from those who are tried.
        self._clients = pycurl.AsyncCurlMulti()
        self._clients.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, 400)
        self._log = log
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environ = {
            "OMNEO_BASE_URL": self.omneo,
            "OMNEO_TOKEN": "sandbox-token",
            "OMNEO_BATCH": "fanout",
            "GATEWAY_ENV": "development",
            "LOG_LEVEL": "error",
            "REQUEST_DEADLINE_S": str(deadline_s),
            "WRITE_QUARANTINE_S": str(quarantine_s),
            "REDIS_URL" if "://" in store else "STATE_DB": store,
        }

    async def __aenter__(self) -> Town:
        port = self.omneo.rpartition(":")[2]
        self._run(self.omneo, ["-m", "sandbox", "--port", port, "--settings", '{"page_max": 1000}'], {})
        await self._await(self.omneo + "/api/health")
        for gateway in self.gateways:
            self._start(gateway)
        await asyncio.gather(*(self._await(gateway + "/healthz") for gateway in self.gateways))
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        await self._clients.aclose()
        await self.http.aclose()

    async def kill(self, number: int, *, how: signal.Signals = signal.SIGKILL, back: bool = True) -> int:
        """End one gateway, with -9 unless told otherwise, and start it again; answer its exit code."""
        gateway = self.gateways[number]
        process = self._processes[gateway]
        process.send_signal(how)
        code = await asyncio.to_thread(process.wait)
        self.kills += 1
        if back:
            self._start(gateway)
            await self._await(gateway + "/healthz")
        return code

    async def ask(self, number: int, query: str, timeout_s: float, **variables: Any) -> dict[str, Any]:
        """Ask one gateway as a service. Raises `NoAnswer`."""
        asked, answer = pycurl.Curl(), BytesIO()
        asked.setopt(pycurl.NOSIGNAL, 1)
        asked.setopt(pycurl.PROXY, "")
        asked.setopt(pycurl.URL, self.gateways[number] + "/graphql")
        asked.setopt(pycurl.HTTPHEADER, [f"authorization: Bearer {SERVICE}", "content-type: application/json"])
        asked.setopt(pycurl.POSTFIELDS, msgspec.json.encode({"query": query, "variables": variables}))
        asked.setopt(pycurl.TIMEOUT_MS, int(timeout_s * 1000))
        asked.setopt(pycurl.WRITEDATA, answer)
        try:
            await self._clients.perform(asked)
            result: dict[str, Any] = msgspec.json.decode(answer.getvalue())
        except (pycurl.error, msgspec.DecodeError) as error:
            raise NoAnswer from error
        return result

    async def rest(self, method: str, path: str, **options: Any) -> Any:
        """Ask the sandbox, past the gateways."""
        answer = await self.http.request(method, self.omneo + path, headers=SERVER, timeout=60, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def listed(self, path: str) -> list[dict[str, Any]]:
        """Read a whole list of the sandbox."""
        rows: list[dict[str, Any]] = []
        number, last = 1, 1
        while number <= last:
            page = await self.rest("GET", f"{path}?sort=id&page[size]=1000&page[number]={number}")
            rows += page["data"]
            number, last = number + 1, page["meta"]["last_page"]
        return rows

    def _start(self, gateway: str) -> None:
        self._run(gateway, ["gateway.py"], self._environ | {"PORT": gateway.rpartition(":")[2]})

    def _run(self, name: str, arguments: list[str], environ: dict[str, str]) -> None:
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, *arguments], cwd=ROOT, env=kept | environ, stdout=subprocess.DEVNULL, stderr=self._log
        )

    async def _await(self, url: str) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + _START_S
        while True:
            try:
                (await self.http.get(url, timeout=2)).raise_for_status()
            except httpx.HTTPError:
                if loop.time() > ends:
                    raise
                await asyncio.sleep(0.05)
            else:
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
