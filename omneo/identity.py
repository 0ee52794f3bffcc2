"""Identities: a profile's names in other systems (API.md §8)."""

from omneo.record import Record


class Identity(Record, frozen=True, kw_only=True):
    """One name of a profile: `identifier` in the system `handle`."""

    id: int
    handle: str
    identifier: str
    profile_id: str | None = None
    is_primary: bool | None = None
    is_active: bool | None = None
    merged_from: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
