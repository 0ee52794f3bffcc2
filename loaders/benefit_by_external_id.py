"""Benefits by the external id they were issued with: how the rows of a batch are seen to land."""

from collections.abc import Sequence

import omneo
from loaders.batching import IDS_PER_CALL, BatchLoader

Key = tuple[str, str]


class BenefitByExternalId(BatchLoader[Key, omneo.Benefit | None]):
    """Load benefits: (profile id, external id) → the oldest such benefit of that profile, None for none.

    One list call over the tenant's benefits for every fifty keys. A tenant that ignored the filter would show none of
    them, never another's: every row is checked (API.md §4.3, U-2).
    """

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    async def fetch(self, keys: list[Key]) -> Sequence[omneo.Benefit | None]:
        found: dict[Key, omneo.Benefit] = {}
        for start in range(0, len(keys), IDS_PER_CALL):
            ids = [external_id for _, external_id in keys[start : start + IDS_PER_CALL]]
            for benefit in sorted(await omneo.find_by_external_ids(self._client, ids), key=lambda each: each.id):
                found.setdefault((benefit.profile_id, benefit.external_id or ""), benefit)
        return [found.get(key) for key in keys]
