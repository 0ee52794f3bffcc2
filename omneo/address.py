"""Addresses, which come embedded in profiles (API.md §8)."""

from omneo.record import Json, Record


class Address(Record, frozen=True, kw_only=True):
    """A postal address."""

    id: int | str | None = None
    address_line_1: str | None = None
    address_line_2: str | None = None
    address_line_3: str | None = None
    company: str | None = None
    city: str | None = None
    state: str | None = None
    iso_state: str | None = None
    postcode: str | None = None
    country: str | None = None
    iso: str | None = None
    latitude: str | float | None = None
    longitude: str | float | None = None
    notes: str | None = None
    external_id: str | None = None
    is_default: bool | None = None
    meta: Json = None
