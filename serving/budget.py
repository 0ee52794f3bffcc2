"""Omneo calls per caller and minute: charged with what an operation may cost, given back what it did not use."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

import telemetry
from context import Caller
from serving.asgi import Headers, HttpRefusal

_WINDOW_S = 60
_REDIS_TIMEOUT_S = 0.5
_CONNECTIONS = 16


class Counts(Protocol):
    """Count what callers spent in a window, which is a minute of the clock."""

    async def add(self, window: int, key: str, calls: int) -> int:
        """Add calls to what a caller spent in a window, and return the sum."""
        ...

    async def aclose(self) -> None:
        """Let go of what counting holds open."""
        ...


class LocalCounts:
    """Count in this process: all callers of the minute, and none of the minutes before."""

    def __init__(self) -> None:
        self._window = 0
        self._spent: dict[str, int] = {}

    async def add(self, window: int, key: str, calls: int) -> int:
        if window != self._window:
            self._window, self._spent = window, {}
        spent = self._spent[key] = self._spent.get(key, 0) + calls
        return spent

    async def aclose(self) -> None:
        self._spent = {}


class SharedCounts:
    """Count in Redis, for all processes and hosts; by ourselves for as long as it cannot be reached."""

    def __init__(self, redis: Redis, tenant: str) -> None:
        self._redis = redis
        self._prefix = f"gw:budget:{tenant}"
        self._alone = LocalCounts()
        self._silent_until = 0.0

    @classmethod
    def at(cls, url: str, tenant: str) -> SharedCounts:
        """Count at this URL; nothing is connected before the first count."""
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_REDIS_TIMEOUT_S,
            socket_timeout=_REDIS_TIMEOUT_S,
            socket_connect_timeout=_REDIS_TIMEOUT_S,
        )
        return cls(Redis.from_pool(pool), tenant)

    async def add(self, window: int, key: str, calls: int) -> int:
        alone = await self._alone.add(window, key, calls)
        name = f"{self._prefix}:{window}:{key}"
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.incrby(name, calls)
                pipe.expire(name, 2 * _WINDOW_S)
                spent, _ = await pipe.execute()
        except (RedisError, OSError) as error:
            self._complain(error)
            return alone
        return int(spent)

    async def aclose(self) -> None:
        await self._redis.aclose()

    def _complain(self, error: Exception) -> None:
        if time.monotonic() > self._silent_until:
            self._silent_until = time.monotonic() + _WINDOW_S
            telemetry.log("budget.not_shared", level="warning", error=type(error).__name__)


@dataclass(frozen=True, slots=True)
class Charge:
    """Hold what one operation was charged: `spent` counts all of the caller's minute, this charge included."""

    window: int
    key: str
    limit: int
    cost: int
    spent: int

    @property
    def is_too_much(self) -> bool:
        return self.spent > self.limit

    def headers(self, now: float, *, returned: int = 0) -> Headers:
        """Say what the caller may spend per minute, what is left of it, and in how many seconds it is whole again."""
        left = max(0, self.limit - self.spent + returned)
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % left),
            (b"ratelimit-reset", b"%d" % self.reset_s(now)),
        ]

    def reset_s(self, now: float) -> int:
        return max(1, math.ceil((self.window + 1) * _WINDOW_S - now))


class Budget:
    """Charge callers. `member` and `service` are calls per minute for each caller of that kind, 0 for no limit."""

    def __init__(
        self, counts: Counts, *, member: int = 0, service: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self._counts = counts
        self._limits = {"member": member, "service": service}
        self._clock = clock

    def limits(self, caller: Caller) -> bool:
        """Tell whether there is a limit for this caller."""
        return self._limits[caller.kind] > 0

    async def charge(self, caller: Caller, cost: int) -> Charge:
        """Charge a caller with a limit for what an operation may cost."""
        limit = self._limits[caller.kind]
        window, key = int(self._clock() // _WINDOW_S), _key(caller)
        return Charge(window, key, limit, cost, await self._counts.add(window, key, cost))

    async def aclose(self) -> None:
        await self._counts.aclose()

    async def settle(self, charge: Charge, made: int) -> Headers:
        """Give back what was not used, or take what was used beyond it; return the headers that tell what is left."""
        now, returned = self._clock(), charge.cost - made
        if returned and charge.window == int(now // _WINDOW_S):
            await self._counts.add(charge.window, charge.key, -returned)
        return charge.headers(now, returned=returned)

    async def refusal(self, charge: Charge) -> HttpRefusal:
        """Take a charge back that was too much, and return what the client is told."""
        wait = charge.reset_s(self._clock())
        headers = await self.settle(charge, 0)
        message = f"This needs {charge.cost} Omneo calls, more than are left of your {charge.limit} a minute. "
        return HttpRefusal(
            "RATE_LIMITED",
            f"{message}Repeat in {wait} s, or ask for less.",
            [*headers, (b"retry-after", b"%d" % wait)],
            retryAfter=wait,
        )


def _key(caller: Caller) -> str:
    """Name a caller without keeping a credential: a service by its name, a member by their token's hash."""
    if caller.token is None:
        return f"service:{caller.name}"
    return f"member:{hashlib.sha256(str(caller.token).encode()).hexdigest()}"
