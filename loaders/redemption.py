"""Redemptions of profiles, windowed."""

from collections.abc import Awaitable, Sequence

import omneo
from loaders.batching import BatchLoader, each
from loaders.listing import Listing, whole_page

Key = tuple[str, omneo.Window]


class RedemptionsByProfileId(BatchLoader[Key, Listing[omneo.Redemption]]):
    """Load windows of profiles' redemptions: (profile id, window) → one page, one or two calls each. The route for
    many profiles is in doubt (API.md §4.3), so each is asked for by itself."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    def fetch(self, keys: list[Key]) -> Awaitable[Sequence[Listing[omneo.Redemption] | omneo.OmneoError]]:
        return each(self._page, keys)

    async def _page(self, key: Key) -> Listing[omneo.Redemption]:
        profile_id, window = key
        return whole_page(await omneo.list_redemptions(self._client, profile_id, window), window)
