"""Definitions by id and by handle, through the shared catalogue: for members once Omneo accepts them (ADR 25)."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import omneo
from loaders.batching import BatchLoader, each, each_or_none
from loaders.listing import Listing, whole_page
from loaders.profile import OwnProfile

K = TypeVar("K")
V = TypeVar("V")


def _proven(own: OwnProfile | None, read: Callable[[K], Awaitable[V]]) -> Callable[[K], Awaitable[V]]:
    """Read as the tenant for a member, `own` being theirs, only once their token is proven."""
    if own is None:
        return read

    async def read_proven(key: K) -> V:
        await own.prove()
        return await read(key)

    return read_proven


class DefinitionById(BatchLoader[str, omneo.BenefitDefinition | None]):
    """Load definitions by id: one call per distinct definition the catalogue does not hold; None where Omneo knows
    none. There is no list filter on a definition's id (API.md §4.3)."""

    def __init__(self, server: omneo.Client, catalogue: omneo.Catalogue, own: OwnProfile | None) -> None:
        super().__init__()
        self._read = _proven(own, partial(catalogue.by_id, server))

    def fetch(self, keys: list[str]) -> Awaitable[Sequence[omneo.BenefitDefinition | omneo.OmneoError | None]]:
        return each_or_none(self._read, keys)


class DefinitionByHandle(BatchLoader[str, omneo.BenefitDefinition | None]):
    """Load definitions by handle, as `DefinitionById` does by id."""

    def __init__(self, server: omneo.Client, catalogue: omneo.Catalogue, own: OwnProfile | None) -> None:
        super().__init__()
        self._read = _proven(own, partial(catalogue.by_handle, server))

    def fetch(self, keys: list[str]) -> Awaitable[Sequence[omneo.BenefitDefinition | omneo.OmneoError | None]]:
        return each_or_none(self._read, keys)


class ClaimableDefinitions(BatchLoader[str, list[omneo.BenefitDefinition]]):
    """Load what each profile may claim now, as Omneo judges it: one list per profile id, one call each."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    def fetch(self, keys: list[str]) -> Awaitable[Sequence[list[omneo.BenefitDefinition] | omneo.OmneoError]]:
        return each(partial(omneo.claimable_definitions, self._client), keys)


class ViewableDefinitions(BatchLoader[str, list[omneo.BenefitDefinition]]):
    """Load what each profile may be shown, as Omneo judges it: one list per profile id, one call each."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    def fetch(self, keys: list[str]) -> Awaitable[Sequence[list[omneo.BenefitDefinition] | omneo.OmneoError]]:
        return each(partial(omneo.viewable_definitions, self._client), keys)


class Definitions(BatchLoader[tuple[omneo.Window, omneo.Filters], Listing[omneo.BenefitDefinition]]):
    """Load windows of the tenant's list of definitions, one or two calls each."""

    def __init__(self, server: omneo.Client, own: OwnProfile | None) -> None:
        super().__init__()
        self._server = server
        self._read = _proven(own, self._page)

    def fetch(
        self, keys: list[tuple[omneo.Window, omneo.Filters]]
    ) -> Awaitable[Sequence[Listing[omneo.BenefitDefinition] | omneo.OmneoError]]:
        return each(self._read, keys)

    async def _page(self, key: tuple[omneo.Window, omneo.Filters]) -> Listing[omneo.BenefitDefinition]:
        window, filters = key
        return whole_page(await omneo.list_definitions(self._server, window, filters), window)
