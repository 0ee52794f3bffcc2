"""Intents in Redis, shared by the gateways of several hosts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

import telemetry
from writes.intents import Intent, Rule, State, StateUnavailable, decode, readable

_CONNECTIONS = 32
_WAIT_S = 10.0  # for a free connection, and for an answer


class RedisStore:
    """Keep intents in one Redis (`writes.intents.Store`).

    No key expires and no lock is taken that could: a change is a transaction that fails if anybody touched the intent
    or its pair in between, and is then tried on what is stored by now. Redis must persist and must not evict.
    """

    def __init__(self, redis: Redis, prefix: str = "gw1:") -> None:
        self._redis = redis
        self._prefix = prefix
        self._open = prefix + "open"
        self._owners = prefix + "owners"

    @classmethod
    async def open(cls, url: str) -> "RedisStore":
        """Connect, and say in the log if this Redis may forget what it was told."""
        pool = BlockingConnectionPool.from_url(
            url, decode_responses=True, max_connections=_CONNECTIONS, timeout=_WAIT_S, socket_timeout=_WAIT_S
        )
        store = cls(Redis.from_pool(pool))
        async with _available():
            info = await store._redis.info()
        if not info.get("aof_enabled") or info.get("maxmemory_policy") != "noeviction":
            telemetry.log(
                "writes.redis_may_forget",
                level="warning",
                aof_enabled=bool(info.get("aof_enabled")),
                maxmemory_policy=info.get("maxmemory_policy"),
            )
        return store

    async def update(self, subject: Intent, rule: Rule) -> Intent:
        record, pair = self._record(subject.external_id), self._pair(subject)

        async def change(pipe: Pipeline) -> Intent:
            stored = _intent(await pipe.get(record))
            holder_id = await pipe.get(pair)
            holder = None if holder_id is None else _intent(await pipe.get(self._record(str(holder_id))))
            pipe.multi()  # type: ignore[no-untyped-call]  # redis-py left it untyped
            after = rule(stored, holder)
            if after is not stored and after is not holder:
                self._write(pipe, after, holder)
            return after

        async with _available():
            after: Intent = await self._redis.transaction(change, record, pair, value_from_callable=True)
        return after

    async def read(self, external_id: str) -> Intent | None:
        async with _available():
            return _intent(await self._redis.get(self._record(external_id)))

    async def open_intents(self) -> list[Intent]:
        async with _available():
            names = [self._record(str(member)) for member in await self._redis.smembers(self._open)]
            records = await self._redis.mget(names) if names else []
        return [intent for intent in readable(records) if intent.state is State.OPEN]

    async def beat(self, owner: str) -> None:
        async with _available():
            await self._redis.hincrby(self._owners, owner, 1)

    async def beats(self) -> dict[str, int]:
        async with _available():
            return {str(owner): int(beats) for owner, beats in (await self._redis.hgetall(self._owners)).items()}

    async def forget(self, owner: str) -> None:
        async with _available():
            await self._redis.hdel(self._owners, owner)

    async def aclose(self) -> None:
        await self._redis.aclose()

    def _write(self, pipe: Pipeline, after: Intent, holder: Intent | None) -> None:
        pipe.set(self._record(after.external_id), msgspec.json.encode(after))
        if after.state is State.OPEN:
            pipe.set(self._pair(after), after.external_id)
            pipe.sadd(self._open, after.external_id)
            return
        pipe.srem(self._open, after.external_id)
        if holder is not None and holder.external_id == after.external_id:
            pipe.delete(self._pair(after))

    def _record(self, external_id: str) -> str:
        return f"{self._prefix}intent:{external_id}"

    def _pair(self, intent: Intent) -> str:
        return f"{self._prefix}pair:{intent.pair}"


def _intent(record: bytes | str | None) -> Intent | None:
    return None if record is None else decode(record)


@asynccontextmanager
async def _available() -> AsyncIterator[None]:
    try:
        yield
    except RedisError as error:
        raise StateUnavailable("Redis cannot be used") from error
