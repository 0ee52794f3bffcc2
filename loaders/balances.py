"""Balances of profiles, in a currency."""

from collections.abc import Awaitable, Sequence

import omneo
from loaders.batching import BatchLoader, each

Key = tuple[str, str | None]


class BalancesByProfileId(BatchLoader[Key, omneo.Balances]):
    """Load balances: (profile id, currency or None for the member's own) → balances, one call each."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    def fetch(self, keys: list[Key]) -> Awaitable[Sequence[omneo.Balances | omneo.OmneoError]]:
        return each(lambda key: omneo.fetch_balances(self._client, key[0], currency=key[1]), keys)
