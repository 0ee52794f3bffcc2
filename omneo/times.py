"""Omneo's times: `YYYY-MM-DD HH:MM:SS` without an offset, sometimes ISO 8601, sometimes a bare date (API.md §9)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from omneo.errors import Invalid

_FIRST, _LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59"
_KEPT_TEXTS = 16384
_MIDDLE = 5000  # the year from which on a moment is near the far end of the calendar


def wall_time(value: str | None, zone_name: str | None, default: ZoneInfo) -> datetime | None:
    """Read wall time in the zone a record names, or in `default` where it names none or an unknown one (C-5).

    Returns an aware datetime; an offset in the value itself is honoured; a bare date is its midnight; empty and zero
    dates are None. Raises `Invalid` for what is no date.
    """
    moment = _parse(value)
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=_zone(zone_name) or default)


def utc_time(value: str | None) -> datetime | None:
    """Read a stamp Omneo keeps in UTC, such as `created_at`. Raises `Invalid` for what is no date."""
    moment = _parse(value)
    if moment is None:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise Invalid(detail="a time outside the calendar") from None


class Texts(dict[Any, str | None]):
    """Hold times as ISO 8601 says them, by what Omneo wrote: each is made once, because lists repeat their times."""

    def __init__(self, read: Callable[[Any], datetime | None]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, written: Any) -> str | None:
        if len(self) >= _KEPT_TEXTS:
            self.clear()
        moment = self._read(written)
        text = self[written] = None if moment is None else moment.isoformat()
        return text


@lru_cache(maxsize=64)
def zoned_texts(default: ZoneInfo) -> Texts:
    """Hold what `wall_time` reads, by value and zone."""
    return Texts(lambda written: wall_time(written[0], written[1], default))


@lru_cache(maxsize=64)
def local_texts(default: ZoneInfo) -> Texts:
    """Hold what `wall_time` reads where records name no zone, by value."""
    return Texts(lambda written: wall_time(written, None, default))


utc_texts = Texts(utc_time)  # by value


def calendar_date(value: str | None) -> date | None:
    """Read a date; a time after it is ignored. Raises `Invalid` for what is no date."""
    moment = _parse(value)
    return None if moment is None else moment.date()


def to_wall(moment: datetime, zone: ZoneInfo) -> str:
    """Write an aware moment as Omneo takes it: wall time in `zone`, to the second.

    At either end of the calendar, where a zone's wall clock would leave it, the end itself: 9999 stands for never.
    """
    try:
        wall = moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return _LAST if moment.year > _MIDDLE else _FIRST
    return wall.isoformat(" ", "seconds")


def wall_in(moment: str, zone_name: str | None, default: ZoneInfo) -> str:
    """Write a moment given in ISO 8601 as wall time in the zone a record names, or in `default`."""
    return to_wall(datetime.fromisoformat(moment), _zone(zone_name) or default)


def comes_before(moment: str, end: str | None, zone_name: str | None, default: ZoneInfo) -> bool:
    """Tell whether a moment given in ISO 8601 comes before an end that `wall_time` reads; where there is none, all do.
    Raises `Invalid` for what is no date."""
    written, present = _parse(end), wall_time(end, zone_name, default)
    wall = _parse(wall_in(moment, zone_name, default))
    if written is None or present is None or datetime.fromisoformat(moment) < present:
        return True
    # The wall clock counts too, because Omneo keeps that: where it is put back, an hour comes twice.
    return written.tzinfo is None and wall is not None and wall < written


def days_later(value: str | None, days: int) -> str | None:
    """Add days to wall time, as Omneo does: the hour of the day stays. None for no time, and past the calendar."""
    moment = _parse(value)
    if moment is None:
        return None
    try:
        return (moment + timedelta(days=days)).isoformat(" ", "seconds")
    except OverflowError:
        return None


def _parse(value: str | None) -> datetime | None:
    if not value or value.startswith("0000-00-00"):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Invalid(detail="a time that is none") from None


@lru_cache(maxsize=1024)
def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # no such zone, or a name that is no name: ZoneInfo reads it as a path
        return None
