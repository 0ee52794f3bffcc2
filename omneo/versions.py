"""Which copy of a definition is still good: a word for each, that every write changes, here or for all gateways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import uuid4

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

import telemetry
from omneo.board import Board

_CONNECTIONS = 8
_WAIT_S = 1.0


class VersionsUnavailable(Exception):
    """Nobody can tell whether a copy is still good; so none is."""


class Versions(Protocol):
    """Keep a word for each name."""

    async def current(self, names: Sequence[str]) -> list[str]:
        """Tell the words of names; a copy made under others is not good. Raises `VersionsUnavailable`."""

    async def change(self, names: Sequence[str]) -> None:
        """Change the words of names. Does not fail: a copy lives for a minute at most."""

    async def aclose(self) -> None:
        """Let go of connections."""


class OwnVersions:
    """Keep the words on a board, for the workers of the only host."""

    def __init__(self, board: Board | None = None) -> None:
        self._board = board or Board()

    async def current(self, names: Sequence[str]) -> list[str]:
        return [self._board.word(name).hex() for name in names]

    async def change(self, names: Sequence[str]) -> None:
        for name in names:
            self._board.change(name)

    async def aclose(self) -> None:
        return


class SharedVersions:
    """Keep the words in Redis: what one gateway wrote, the others read anew from the very next request on.

    One short question to Redis for each read of the catalogue. Nothing is pushed, so nothing can be missed.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    @classmethod
    def at(cls, url: str, tenant: str) -> SharedVersions:
        """Keep them in the Redis at `url`, apart from other tenants'. Connects when first asked."""
        pool = BlockingConnectionPool.from_url(
            url, decode_responses=True, max_connections=_CONNECTIONS, timeout=_WAIT_S, socket_timeout=_WAIT_S
        )
        return cls(Redis.from_pool(pool), f"gw1:version:{tenant}:")

    async def current(self, names: Sequence[str]) -> list[str]:
        try:
            return [str(word or "") for word in await self._redis.mget([self._prefix + name for name in names])]
        except RedisError as error:
            raise VersionsUnavailable from error

    async def change(self, names: Sequence[str]) -> None:
        try:
            await self._redis.mset({self._prefix + name: uuid4().hex for name in names})
        except RedisError as error:
            telemetry.log("catalogue.change_not_told", level="warning", error=type(error).__name__)

    async def aclose(self) -> None:
        await self._redis.aclose()
