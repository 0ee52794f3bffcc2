"""A profile's standing in the tiers, as it comes embedded in the profile (API.md §7.2)."""

from omneo.record import Record


class Tier(Record, frozen=True, kw_only=True):
    """The tier a profile is in, and since when."""

    name: str
    handle: str
    id: int | None = None
    profile_id: str | None = None
    anniversary_at: str | None = None
    maintained_at: str | None = None
    assigned_at: str | None = None
    achieved_at: str | None = None
