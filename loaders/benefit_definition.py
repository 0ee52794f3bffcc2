"""Definitions by id and by handle, through the shared catalogue."""

from collections.abc import Sequence
from functools import partial

import omneo
from loaders.batching import BatchLoader, each, or_none
from loaders.listing import Listing, whole_page


class DefinitionById(BatchLoader[str, omneo.BenefitDefinition | None]):
    """Load definitions by id: one call per distinct definition the catalogue does not hold; None where Omneo knows
    none. There is no list filter on a definition's id (API.md §4.3)."""

    def __init__(self, server: omneo.Client, catalogue: omneo.Catalogue) -> None:
        super().__init__()
        self._read = partial(catalogue.by_id, server)

    async def fetch(self, keys: list[str]) -> Sequence[omneo.BenefitDefinition | omneo.OmneoError | None]:
        return or_none(await each(self._read, keys))


class DefinitionByHandle(BatchLoader[str, omneo.BenefitDefinition | None]):
    """Load definitions by handle, as `DefinitionById` does by id."""

    def __init__(self, server: omneo.Client, catalogue: omneo.Catalogue) -> None:
        super().__init__()
        self._read = partial(catalogue.by_handle, server)

    async def fetch(self, keys: list[str]) -> Sequence[omneo.BenefitDefinition | omneo.OmneoError | None]:
        return or_none(await each(self._read, keys))


class ClaimableDefinitions(BatchLoader[str, list[omneo.BenefitDefinition]]):
    """Load what each profile may claim now, as Omneo judges it: one list per profile id, one call each."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    async def fetch(self, keys: list[str]) -> Sequence[list[omneo.BenefitDefinition] | omneo.OmneoError]:
        return await each(partial(omneo.claimable_definitions, self._client), keys)


class ViewableDefinitions(BatchLoader[str, list[omneo.BenefitDefinition]]):
    """Load what each profile may be shown, as Omneo judges it: one list per profile id, one call each."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    async def fetch(self, keys: list[str]) -> Sequence[list[omneo.BenefitDefinition] | omneo.OmneoError]:
        return await each(partial(omneo.viewable_definitions, self._client), keys)


class Definitions(BatchLoader[tuple[omneo.Window, omneo.Filters], Listing[omneo.BenefitDefinition]]):
    """Load windows of the tenant's list of definitions, one or two calls each."""

    def __init__(self, server: omneo.Client) -> None:
        super().__init__()
        self._server = server

    async def fetch(
        self, keys: list[tuple[omneo.Window, omneo.Filters]]
    ) -> Sequence[Listing[omneo.BenefitDefinition] | omneo.OmneoError]:
        return await each(self._page, keys)

    async def _page(self, key: tuple[omneo.Window, omneo.Filters]) -> Listing[omneo.BenefitDefinition]:
        window, filters = key
        return whole_page(await omneo.list_definitions(self._server, window, filters), window)
