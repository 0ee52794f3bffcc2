"""Benefits: the record, and the routes that read them (API.md §7.1)."""

from collections.abc import Awaitable, Sequence

from omneo.benefit_definition import BenefitDefinition, EmbeddedBenefitDefinition
from omneo.client import Client
from omneo.errors import OmneoError
from omneo.filters import Filters
from omneo.paging import Page, Window, read_window, read_windows
from omneo.record import Json, Record, mend


class Benefit(Record, frozen=True, kw_only=True):
    """A benefit one profile holds. Its times are wall time in `timezone` (API.md §12, C-5)."""

    id: int
    profile_id: str
    definition: EmbeddedBenefitDefinition
    is_expired: bool
    is_redeemable: bool
    external_id: str | None = None
    expires_at: str | None = None
    issued_at: str | None = None
    claimed_at: str | None = None
    extended_at: str | None = None
    redemptions_remaining: int | None = None
    total_global_redemptions_remaining: int | None = None
    timezone: str | None = None
    meta: Json = None
    redeem_code_pos: str | None = None
    redeem_code_online: str | None = None
    value: float | None = None
    is_combined: bool | None = None
    combine_meta: Json = None
    source_id: int | None = None
    source_type: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    objects = ("meta", "combine_meta")

    def __post_init__(self) -> None:
        mend(self)


def fetch_benefit(client: Client, benefit_id: int) -> Awaitable[Benefit]:
    """Read one benefit by id; for a member, one of their own. Raises `NotFound`."""
    route = "/profiles/me/benefits/{benefit}" if client.is_member else "/benefits/{benefit}"
    return client.get(route, Benefit, benefit=benefit_id)


def list_benefits(client: Client, window: Window, filters: Filters) -> Awaitable[Page[Benefit]]:
    """Read a window of the tenant's benefits, whoever holds them, oldest first."""
    return read_window(client, "/benefits", Benefit, window, filters)


def list_benefits_of_profiles(
    client: Client, profile_ids: Sequence[str], window: Window, filters: Filters
) -> Awaitable[Page[Benefit]]:
    """Read a window of the benefits of several profiles, where the tenant honours the filter.

    Where it does not, rows of other profiles come: check every one (API.md §4.3, U-1).
    """
    return list_benefits(client, window, filters.also(profile_id__in=profile_ids))


def list_profile_benefits(
    client: Client, profile_id: str, window: Window, filters: Filters
) -> Awaitable[Page[Benefit]]:
    """Read a window of a profile's benefits, expired ones included (U-12), oldest first."""
    return read_window(client, "/profiles/{profile}/benefits", Benefit, window, filters, profile=profile_id)


def list_benefits_of_each(
    client: Client, profile_ids: Sequence[str], window: Window
) -> Awaitable[list[Page[Benefit] | OmneoError]]:
    """Read the same window of each profile's benefits, side by side: a page or an error for each, in order."""
    each = [{"profile": profile_id} for profile_id in profile_ids]
    return read_windows(client, "/profiles/{profile}/benefits", Benefit, window, (), each)


def list_redeemable_benefits(client: Client, profile_id: str, window: Window) -> Awaitable[Page[Benefit]]:
    """Read a window of what a profile can redeem now."""
    return read_window(client, "/profiles/{profile}/redeemable_benefits", Benefit, window, profile=profile_id)


async def find_by_external_id(client: Client, external_id: str, *, profile_id: str) -> list[Benefit]:
    """Find a profile's benefits with this external id, which is not unique.

    Whether one is missing must not rest on a filter that a tenant may ignore (API.md §12, U-3), nor on the first page:
    whatever comes is read to its end.
    """
    filters = Filters.of(external_id=external_id)
    found: list[Benefit] = []
    offset = 0
    while True:
        page = await list_profile_benefits(client, profile_id, Window(offset=offset, first=client.page_max), filters)
        found += [benefit for benefit in page.rows if benefit.external_id == external_id]
        offset += len(page.rows)
        if not page.rows or offset >= page.total:
            return found


async def find_by_external_ids(client: Client, external_ids: Sequence[str]) -> list[Benefit]:
    """Find the tenant's benefits with one of these external ids, by one list call; what has none of them is dropped.

    Where a tenant ignores the filter nothing of the wanted need be among what comes (U-2, U-3): what is found is
    true, what is missing proves nothing.
    """
    filters = Filters.of(external_id__in=external_ids)
    page = await list_benefits(client, Window(offset=0, first=len(external_ids)), filters)
    return [benefit for benefit in page.rows if benefit.external_id in external_ids]


def claimable_definitions(client: Client, profile_id: str) -> Awaitable[list[BenefitDefinition]]:
    """Read what a profile may claim now; the list is not paged."""
    return client.get("/profiles/{profile}/benefits/claimable", list[BenefitDefinition], profile=profile_id)


def viewable_definitions(client: Client, profile_id: str) -> Awaitable[list[BenefitDefinition]]:
    """Read what a profile may be shown; the list is not paged."""
    return client.get("/profiles/{profile}/benefits/viewable", list[BenefitDefinition], profile=profile_id)
