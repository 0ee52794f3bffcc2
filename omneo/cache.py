"""The one thing shared between requests: benefit definitions, which are the tenant's settings and nobody's data."""

from collections.abc import Awaitable, Callable
from typing import Any

from async_lru import alru_cache

from omneo.benefit_definition import (
    BenefitDefinition,
    EmbeddedBenefitDefinition,
    fetch_definition,
    fetch_definition_by_handle,
)
from omneo.client import Client
from omneo.errors import BudgetSpent, TimedOut
from omneo.versions import OwnVersions, Versions, VersionsUnavailable

Fetch = Callable[[Client, str], Awaitable[BenefitDefinition]]


class Catalogue:
    """Remember definitions by id and by handle for `ttl_s` seconds (and up to a tenth more, so they do not all lapse
    at once), or until a write changes one: `versions` are shared by the gateways that share a Redis (ADR 17).

    Callers who ask for the same definition at the same time share one call. Failures are not remembered, nor is
    `NotFound`. Always read with the server token: the ID API has no definitions route (ADR 10, 11).
    """

    def __init__(self, versions: Versions | None = None, ttl_s: float = 60.0, max_entries: int = 2000) -> None:
        self.versions = versions or OwnVersions()

        def remember(fetch: Fetch) -> Any:
            async def read(client: Client, key: str, _version: str) -> BenefitDefinition:
                return await fetch(client, key)

            return alru_cache(maxsize=max_entries, ttl=ttl_s, jitter=ttl_s / 10, key=_by_what_is_asked)(read)

        self._by_id = remember(fetch_definition)
        self._by_handle = remember(fetch_definition_by_handle)

    async def by_id(self, client: Client, definition_id: str) -> BenefitDefinition:
        """Read one definition by id. Raises `NotFound` and whatever the call raises."""
        return await self._read(self._by_id, client, definition_id, [_by_id(definition_id), _counters(definition_id)])

    async def by_handle(self, client: Client, handle: str) -> BenefitDefinition:
        """Read one definition by handle. Raises `NotFound` and whatever the call raises."""
        return await self._read(self._by_handle, client, handle, [_by_handle(handle), _counters(handle)])

    async def settings_by_id(self, client: Client, definition_id: str) -> BenefitDefinition:
        """Read one definition by id for what the retailer set in it: its counters may be a minute old."""
        return await self._read(self._by_id, client, definition_id, [_by_id(definition_id)])

    async def settings_by_handle(self, client: Client, handle: str) -> BenefitDefinition:
        """Read one definition by handle for what the retailer set in it: its counters may be a minute old."""
        return await self._read(self._by_handle, client, handle, [_by_handle(handle)])

    async def forget(self, definition: EmbeddedBenefitDefinition, *, settings: bool) -> None:
        """Drop a definition that a write changed: its counters, or what the retailer set in it, too."""
        names = [_counters(definition.id), _counters(definition.handle)]
        if settings:
            names += [_by_id(definition.id), _by_handle(definition.handle)]
        await self.versions.change(names)

    async def _read(self, remembered: Any, client: Client, key: str, names: list[str]) -> BenefitDefinition:
        ask: Callable[[Client, str, str], Awaitable[BenefitDefinition]] = remembered.__wrapped__
        try:
            version = " ".join([str(len(names)), *await self.versions.current(names)])
        except VersionsUnavailable:
            return await ask(client, key, "")
        shared = remembered.cache_contains(client, key, version)
        try:
            definition: BenefitDefinition = await remembered(client, key, version)
        except (BudgetSpent, TimedOut):
            if not shared:
                raise
            # The call we joined was another request's, and so was the limit it ran into.
            return await ask(client, key, version)
        client.trace.tally.cached += shared
        return definition


def _by_what_is_asked(_client: Client, key: str, version: str) -> tuple[str, str]:
    return key, version


def _by_id(definition_id: str) -> str:
    return f"id:{definition_id}"


def _by_handle(handle: str) -> str:
    return f"handle:{handle}"


def _counters(name: str) -> str:
    return f"counters:{name}"
