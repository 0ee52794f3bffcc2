"""Benefits by id, of a profile, of many profiles at once, and of the whole tenant."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import omneo
from loaders.batching import BatchLoader, each, or_none
from loaders.criteria import BenefitCriteria
from loaders.listing import Listing, scan, slice_of, whole_page

ProfileKey = tuple[str, omneo.Window, BenefitCriteria]
Answer = Listing[omneo.Benefit] | omneo.OmneoError

IDS_PER_CALL = 50  # UUIDs in one query string: about 1.9 kB (API.md §4.3)


class BenefitById(BatchLoader[int, omneo.Benefit | None]):
    """Load benefits by id, one call each: no list filters on a benefit's id (API.md §4.2). None where unknown."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    async def fetch(self, keys: list[int]) -> Sequence[omneo.Benefit | omneo.OmneoError | None]:
        return await each(lambda key: or_none(omneo.fetch_benefit(self._client, key)), keys)


class BenefitsByProfileId(BatchLoader[ProfileKey, Listing[omneo.Benefit]]):
    """Load windows of profiles' benefits: (profile id, window, criteria) → one page each, in key order.

    Several profiles wanted alike are read by one list over all of them where the tenant honours
    `filter[profile_id]`, if that costs no more than n + 1 calls; else each profile's list is read by itself, one call
    (two where the window crosses a page). A row of a profile nobody asked for is dropped, and the list plan with it
    (ADR 6).
    """

    def __init__(self, client: omneo.Client, capabilities: omneo.Capabilities, zone: ZoneInfo) -> None:
        super().__init__()
        self._client = client
        self._capabilities = capabilities
        self._zone = zone

    async def fetch(self, keys: list[ProfileKey]) -> Sequence[Answer]:
        answers: dict[ProfileKey, Answer] = {}
        for criteria, alike in _alike(keys).items():
            for chunk in _chunks(sorted({key[0] for key in alike})):
                answers |= self._windows(alike, await self._listed(chunk, criteria))
        rest = [key for key in keys if key not in answers]
        answers |= zip(rest, await each(self._page, rest), strict=True)
        return [answers[key] for key in keys]

    async def _page(self, key: ProfileKey) -> Listing[omneo.Benefit]:
        profile_id, window, criteria = key
        filters = criteria.upstream(datetime.now(UTC))

        async def read(part: omneo.Window) -> omneo.Page[omneo.Benefit]:
            return await omneo.list_profile_benefits(self._client, profile_id, part, filters)

        return await _read(read, window, criteria, self._zone, self._client.page_max)

    async def _listed(self, profile_ids: list[str], criteria: BenefitCriteria) -> dict[str, list[omneo.Benefit]]:
        """Read all benefits of these profiles by one list; empty when the plan does not hold or would cost more."""
        if len(profile_ids) < 2 or criteria.scanned or not self._capabilities.benefits_by_profile:
            return {}
        grouped: dict[str, list[omneo.Benefit]] = {profile_id: [] for profile_id in profile_ids}
        filters = criteria.upstream(datetime.now(UTC))
        offset = 0
        while True:
            window = omneo.Window(offset=offset, first=self._client.page_max)
            try:
                page = await omneo.list_benefits_of_profiles(self._client, profile_ids, window, filters)
            except (omneo.Refused, omneo.Invalid):
                return {}
            for benefit in page.rows:
                if benefit.profile_id not in grouped:
                    self._capabilities.distrust("benefits_by_profile")
                    return {}
                if criteria.matches(benefit, self._zone):
                    grouped[benefit.profile_id].append(benefit)
            offset = page.offset + len(page.rows)
            if offset >= page.total:
                return grouped
            if not page.rows or page.total > len(page.rows) * (len(profile_ids) + 1):
                return {}

    @staticmethod
    def _windows(keys: list[ProfileKey], grouped: dict[str, list[omneo.Benefit]]) -> dict[ProfileKey, Answer]:
        return {key: slice_of(grouped[key[0]], key[1]) for key in keys if key[0] in grouped}


class Benefits(BatchLoader[tuple[omneo.Window, BenefitCriteria], Listing[omneo.Benefit]]):
    """Load windows of the tenant's list of benefits, whoever holds them."""

    def __init__(self, client: omneo.Client, zone: ZoneInfo) -> None:
        super().__init__()
        self._client = client
        self._zone = zone

    async def fetch(self, keys: list[tuple[omneo.Window, BenefitCriteria]]) -> Sequence[Answer]:
        return await each(self._page, keys)

    async def _page(self, key: tuple[omneo.Window, BenefitCriteria]) -> Listing[omneo.Benefit]:
        window, criteria = key
        filters = criteria.upstream(datetime.now(UTC))

        async def read(part: omneo.Window) -> omneo.Page[omneo.Benefit]:
            return await omneo.list_benefits(self._client, part, filters)

        return await _read(read, window, criteria, self._zone, self._client.page_max)


class RedeemableBenefits(BatchLoader[tuple[str, omneo.Window], Listing[omneo.Benefit]]):
    """Load windows of what profiles can redeem now, as Omneo judges it; one or two calls each."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    async def fetch(self, keys: list[tuple[str, omneo.Window]]) -> Sequence[Answer]:
        return await each(self._page, keys)

    async def _page(self, key: tuple[str, omneo.Window]) -> Listing[omneo.Benefit]:
        profile_id, window = key
        return whole_page(await omneo.list_redeemable_benefits(self._client, profile_id, window), window)


async def _read(
    read: Callable[[omneo.Window], Awaitable[omneo.Page[omneo.Benefit]]],
    window: omneo.Window,
    criteria: BenefitCriteria,
    zone: ZoneInfo,
    page_max: int,
) -> Listing[omneo.Benefit]:
    def matches(benefit: omneo.Benefit) -> bool:
        return criteria.matches(benefit, zone)

    if criteria.scanned:
        return await scan(read, window, matches, page_max)
    return whole_page(await read(window), window, matches)


def _alike(keys: list[ProfileKey]) -> dict[BenefitCriteria, list[ProfileKey]]:
    """Group the keys that want the same of different profiles."""
    groups: dict[BenefitCriteria, list[ProfileKey]] = defaultdict(list)
    for key in keys:
        groups[key[2]].append(key)
    return groups


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + IDS_PER_CALL] for start in range(0, len(ids), IDS_PER_CALL))
