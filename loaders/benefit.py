"""Benefits by id, of a profile, of many profiles at once, and of the whole tenant."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import omneo
from loaders.batching import IDS_PER_CALL, BatchLoader, each, each_or_none
from loaders.criteria import ANY_BENEFIT, BenefitCriteria
from loaders.listing import Listing, scan, slice_of, whole_page

ProfileKey = tuple[str, omneo.Window, BenefitCriteria]
Answer = Listing[omneo.Benefit] | omneo.OmneoError

NO_FILTERS = omneo.Filters()


class BenefitById(BatchLoader[int, omneo.Benefit | None]):
    """Load benefits by id, one call each: no list filters on a benefit's id (API.md §4.2). None where unknown."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    def fetch(self, keys: list[int]) -> Awaitable[Sequence[omneo.Benefit | omneo.OmneoError | None]]:
        return each_or_none(partial(omneo.fetch_benefit, self._client), keys)


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

    def fetch(self, keys: list[ProfileKey]) -> Awaitable[Sequence[Answer]]:
        if len(keys) > 1 and self._capabilities.benefits_by_profile and not self._client.is_member:
            return self._together(keys)
        return self._apart(keys) if len(keys) > 1 else each(self._page, keys)

    async def _together(self, keys: list[ProfileKey]) -> Sequence[Answer]:
        answers: dict[ProfileKey, Answer] = {}
        groups = [
            (chunk, alike)
            for criteria, alike in _alike(keys).items()
            if not criteria.scanned
            for chunk in _chunks(sorted({key[0] for key in alike}))
            if len(chunk) > 1
        ]
        for listed in await asyncio.gather(*(self._listed(*group) for group in groups)):
            answers |= listed
        rest = [key for key in keys if key not in answers]
        answers |= zip(rest, await self._apart(rest), strict=True)
        return [answers[key] for key in keys]

    async def _apart(self, keys: list[ProfileKey]) -> Sequence[Answer]:
        """Read each profile's own list; the same window of many, if no row needs a second look, as one batch."""
        plain: dict[omneo.Window, list[str]] = defaultdict(list)
        for profile_id, window, criteria in keys:
            if criteria is ANY_BENEFIT:
                plain[window].append(profile_id)
        batches = [self._of_each(ids, window) for window, ids in plain.items()]
        batches.append(self._one_by_one([key for key in keys if key[2] is not ANY_BENEFIT]))
        answers: dict[ProfileKey, Answer] = {}
        for batch in await asyncio.gather(*batches):
            answers |= batch
        return [answers[key] for key in keys]

    async def _of_each(self, profile_ids: list[str], window: omneo.Window) -> dict[ProfileKey, Answer]:
        pages = await omneo.list_benefits_of_each(self._client, profile_ids, window)
        return {
            (profile_id, window, ANY_BENEFIT): page
            if isinstance(page, omneo.OmneoError)
            else self._whole(profile_id, page, window)
            for profile_id, page in zip(profile_ids, pages, strict=True)
        }

    async def _one_by_one(self, keys: list[ProfileKey]) -> dict[ProfileKey, Answer]:
        return dict(zip(keys, await each(self._page, keys), strict=True))

    async def _page(self, key: ProfileKey) -> Listing[omneo.Benefit]:
        profile_id, window, criteria = key
        if criteria is ANY_BENEFIT:
            page = await omneo.list_profile_benefits(self._client, profile_id, window, NO_FILTERS)
            return self._whole(profile_id, page, window)
        filters = criteria.upstream(datetime.now(UTC))

        async def read(part: omneo.Window) -> omneo.Page[omneo.Benefit]:
            return await omneo.list_profile_benefits(self._client, profile_id, part, filters)

        def matches(benefit: omneo.Benefit) -> bool:
            return self._is_of(profile_id, benefit) and criteria.matches(benefit, self._zone)

        return await _read(read, window, criteria, matches, self._client.page_max)

    def _whole(self, profile_id: str, page: omneo.Page[omneo.Benefit], window: omneo.Window) -> Listing[omneo.Benefit]:
        strange = not self._client.is_member and {row.profile_id for row in page.rows} - {profile_id}
        return whole_page(page, window, partial(self._is_of, profile_id) if strange else None)

    def _is_of(self, profile_id: str, benefit: omneo.Benefit) -> bool:
        """Tell whether a row is of the profile that was asked for: nobody is shown another's. Of a member's own list
        Omneo is the judge, by their token."""
        return self._client.is_member or benefit.profile_id == profile_id

    async def _listed(self, profile_ids: list[str], keys: list[ProfileKey]) -> dict[ProfileKey, Answer]:
        """Read all benefits of these profiles by one list: page one, then the others side by side.

        Empty when the filter is not honoured after all, or when page one shows that each profile's own list is
        cheaper; then nothing but that page was spent. What fails later fails these keys.
        """
        wanted = {key for key in keys if key[0] in set(profile_ids)}
        criteria = keys[0][2]
        filters = criteria.upstream(datetime.now(UTC))
        size = self._client.page_max

        async def read(offset: int) -> omneo.Page[omneo.Benefit]:
            window = omneo.Window(offset, size)
            return await omneo.list_benefits_of_profiles(self._client, profile_ids, window, filters)

        try:
            first = await read(0)
        except (omneo.Refused, omneo.Invalid):
            return {}
        if first.total > size * (len(profile_ids) + 1) or not self._is_asked_for(first.rows, profile_ids):
            return {}
        try:
            later = await asyncio.gather(*(read(offset) for offset in range(size, first.total, size)))
        except omneo.OmneoError as error:
            return dict.fromkeys(wanted, error)
        rows = [*first.rows, *(row for page in later for row in page.rows)]
        if not self._is_asked_for(rows, profile_ids):
            return dict.fromkeys(wanted, omneo.Invalid(detail="rows of other profiles"))
        grouped: dict[str, list[omneo.Benefit]] = {profile_id: [] for profile_id in profile_ids}
        for row in rows:
            if criteria.matches(row, self._zone):
                grouped[row.profile_id].append(row)
        return {key: slice_of(grouped[key[0]], key[1]) for key in wanted}

    def _is_asked_for(self, rows: list[omneo.Benefit], profile_ids: list[str]) -> bool:
        """Check that all rows are of these profiles; if not, the filter is ignored by Omneo, and not used again."""
        if {row.profile_id for row in rows} <= set(profile_ids):
            return True
        self._capabilities.distrust("benefits_by_profile")
        return False


class Benefits(BatchLoader[tuple[omneo.Window, BenefitCriteria], Listing[omneo.Benefit]]):
    """Load windows of the tenant's list of benefits, whoever holds them."""

    def __init__(self, client: omneo.Client, zone: ZoneInfo) -> None:
        super().__init__()
        self._client = client
        self._zone = zone

    def fetch(self, keys: list[tuple[omneo.Window, BenefitCriteria]]) -> Awaitable[Sequence[Answer]]:
        return each(self._page, keys)

    async def _page(self, key: tuple[omneo.Window, BenefitCriteria]) -> Listing[omneo.Benefit]:
        window, criteria = key
        filters = criteria.upstream(datetime.now(UTC))

        async def read(part: omneo.Window) -> omneo.Page[omneo.Benefit]:
            return await omneo.list_benefits(self._client, part, filters)

        def matches(benefit: omneo.Benefit) -> bool:
            return criteria.matches(benefit, self._zone)

        return await _read(read, window, criteria, matches, self._client.page_max)


class RedeemableBenefits(BatchLoader[tuple[str, omneo.Window], Listing[omneo.Benefit]]):
    """Load windows of what profiles can redeem now, as Omneo judges it; one or two calls each."""

    def __init__(self, client: omneo.Client) -> None:
        super().__init__()
        self._client = client

    def fetch(self, keys: list[tuple[str, omneo.Window]]) -> Awaitable[Sequence[Answer]]:
        return each(self._page, keys)

    async def _page(self, key: tuple[str, omneo.Window]) -> Listing[omneo.Benefit]:
        profile_id, window = key
        return whole_page(await omneo.list_redeemable_benefits(self._client, profile_id, window), window)


async def _read(
    read: Callable[[omneo.Window], Awaitable[omneo.Page[omneo.Benefit]]],
    window: omneo.Window,
    criteria: BenefitCriteria,
    matches: Callable[[omneo.Benefit], bool],
    page_max: int,
) -> Listing[omneo.Benefit]:
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
