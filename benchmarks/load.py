"""A closed-loop load: so many connections, each asking the same again as soon as it is answered."""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass, field

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
WAIT_S = 30.0


@dataclass
class Load:
    """Tell what became of a load: how many answers in how many seconds, how long each took, how many were wrong."""

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    wrong: int = 0

    @property
    def answers(self) -> int:
        return len(self.latencies_s)

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds

    def quantile_ms(self, share: float) -> float:
        """Return the latency that this share of the answers stayed under."""
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Write a request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", "accept: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + f"\r\ncontent-length: {len(body)}\r\n\r\n").encode() + body


def run(port: int, requests: list[bytes], *, seconds: float, connections: int, size: int | None = None) -> Load:
    """Load a port of this machine. Each connection asks any of `requests`, the same ones in every run.

    An answer that is not 200, or not of `size` bytes, counts as wrong. Raises TimeoutError when answers stop coming.
    """
    return uvloop.run(measure(port, requests, seconds=seconds, connections=connections, size=size))


async def measure(
    port: int, requests: list[bytes], *, seconds: float, connections: int, size: int | None = None
) -> Load:
    """Do as `run` does, inside a loop that is running."""
    load, loop = Load(), asyncio.get_running_loop()
    begun = time.perf_counter()
    clients = [
        (await loop.create_connection(lambda: _Client(load, requests, begun + seconds, size), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    for offset, client in enumerate(clients):
        client.begin(offset)
    async with asyncio.timeout(seconds + WAIT_S):
        await asyncio.gather(*(client.done for client in clients))
    load.seconds = time.perf_counter() - begun
    return load


class _Client(asyncio.Protocol):
    def __init__(self, load: Load, requests: list[bytes], ends: float, size: int | None) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._requests = requests
        self._ends = ends
        self._size = size
        self._received: list[bytes] = []
        self._choice = random.Random()  # noqa: S311 — which question comes next
        self._missing: int | None = None  # bytes of this answer still to come; None before its head is complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def begin(self, number: int) -> None:
        """Ask for the first time. In turns, clients who wait for the same answer would go on in step for ever."""
        self._choice.seed(number)
        self._ask()

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._choice.choice(self._requests))  # type: ignore[attr-defined]  # it can write

    def data_received(self, data: bytes) -> None:
        if self._missing is None:
            self._received.append(data)
            whole = b"".join(self._received)
            head, end, body = whole.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not end:
                return
            if length is None:
                raise ValueError("an answer without a length")
            if b" 200 " not in head[:16] or (self._size is not None and int(length[1]) != self._size):
                self._load.wrong += 1
            self._missing = int(length[1]) - len(body)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._answered()

    def _answered(self) -> None:
        now = time.perf_counter()
        self._load.latencies_s.append(now - self._sent)
        self._received.clear()
        self._missing = None
        if now < self._ends:
            self._ask()
        else:
            self.done.set_result(None)
            self._transport.close()
