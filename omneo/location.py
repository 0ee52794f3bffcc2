"""Locations, which come embedded in profiles and redemptions (API.md §7.2, §7.4)."""

from omneo.record import Record


class Location(Record, frozen=True, kw_only=True):
    """A store or another place of the tenant."""

    id: int
    name: str | None = None
    type: str | None = None
    description: str | None = None
    phone: str | None = None
    email: str | None = None
    external_id: str | None = None
    is_published: bool | None = None
    is_permanently_closed: bool | None = None
