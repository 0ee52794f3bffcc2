"""Profiles: the record and its routes (API.md §7.2)."""

from collections.abc import Awaitable, Sequence

from omneo.address import Address
from omneo.benefit_definition import Region
from omneo.client import Client
from omneo.errors import NotFound, Refused
from omneo.filters import Filters
from omneo.identity import Identity
from omneo.location import Location
from omneo.paging import Page, Window, read_window
from omneo.record import Json, Many, Record, mend
from omneo.tier import Tier


class ProfileAttributes(Record, frozen=True, kw_only=True):
    """What a profile said about itself, by kind."""

    comms: Json = None
    appearance: Json = None
    dates: Json = None


class Profile(Record, frozen=True, kw_only=True):
    """A customer; the id is a UUID in lower case."""

    id: str
    external_id: str | None = None
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    email: str | None = None
    gender: str | None = None
    currency: str | None = None
    joined_at: str | None = None
    mobile_phone: str | None = None
    mobile_phone_country: int | None = None
    mobile_phone_national: str | None = None
    mobile_phone_national_prefix: str | None = None
    mobile_phone_e164: str | None = None
    secondary_phone: str | None = None
    birth_day: int | None = None
    birth_month: int | None = None
    birth_year: int | None = None
    birth_date: str | None = None
    next_birthday: str | None = None
    birth_days: int | None = None
    birth_days_past: int | None = None
    company: str | None = None
    occupation: str | None = None
    avatar_url: str | None = None
    is_completed: bool | None = None
    is_public: bool | None = None
    profile_type: str | None = None
    joined_location_id: int | None = None
    joined_location: Location | None = None
    preferred_location_id: int | None = None
    preferred_location: Location | None = None
    joined_staff_id: int | str | None = None
    joined_staff: Json = None
    preferred_staff_id: int | str | None = None
    preferred_staff: Json = None
    tier_handle: str | None = None
    tier: Tier | None = None
    identities: Many[Identity] = []
    tags: Many[str] = []
    statuses: Many[str] = []
    statuses_original: Json = None
    attributes: ProfileAttributes | None = None
    custom_attributes: Json = None
    custom_fields: Json = None
    address: Address | None = None
    addresses: Many[Address] = []
    region: Region | None = None
    regions: Many[Region] = []
    normal_hours: Json = None
    special_hours: Json = None
    organisations: Json = None
    reward_balance: float | None = None
    point_balance: float | None = None
    point_balance_dollars: float | None = None
    combined_balance_dollars: float | None = None
    benefit_balance: float | None = None
    credit_balance: float | None = None
    created_by: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    objects = ("custom_attributes", "custom_fields")
    lists = ("identities", "tags", "statuses", "addresses", "regions")

    def __post_init__(self) -> None:
        mend(self)


def fetch_own_profile(client: Client) -> Awaitable[Profile]:
    """Read the profile behind a member's token. Raises `NotFound` for an anonymous token."""
    return client.get("/profiles/me", Profile)


async def fetch_profile(client: Client, profile_id: str) -> Profile:
    """Read one profile by id. Raises `NotFound`."""
    profile: Profile = await client.get("/profiles/{profile}", Profile, profile=profile_id)
    if profile.id != profile_id:
        raise NotFound
    return profile


async def fetch_profiles(client: Client, profile_ids: Sequence[str]) -> list[Profile]:
    """Read up to 50 profiles by one list call, in no order; unknown ids are left out.

    Where the tenant ignores the filter, rows nobody asked for come instead: check them (API.md §4.3, U-3).
    """
    window = Window(offset=0, first=len(profile_ids))
    filters = Filters.of(id__in=profile_ids)
    page = await read_window(client, "/profiles", Profile, window, filters)
    return page.rows


async def find_profile_by_email(client: Client, email: str) -> Profile | None:
    """Find the profile with this e-mail address, in whatever case; None when no row has it."""
    page = await list_profiles(client, Window(offset=0, first=1), Filters.of(email=email))
    return next((row for row in page.rows if (row.email or "").lower() == email.lower()), None)


async def find_profile_by_identity(client: Client, handle: str, identifier: str) -> Profile | None:
    """Find the profile with this identity, which travels in the body; None when there is none."""
    try:
        profile: Profile = await client.look_up("/profiles/search-id", {"type": handle, "id": identifier}, Profile)
    except (NotFound, Refused):
        return None
    return profile


def list_profiles(client: Client, window: Window, filters: Filters) -> Awaitable[Page[Profile]]:
    """Read a window of the tenant's profiles, oldest first."""
    return read_window(client, "/profiles", Profile, window, filters)
