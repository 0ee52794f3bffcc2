"""Times, as Omneo reads and writes them (§9)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def written(moment: datetime) -> str:
    """Write a time the one way Omneo is seen to write it (§9)."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def read_time(value: object) -> datetime | None:
    """Read a time as Omneo takes it: with a space or a T, a bare date for its midnight; None for what is no time.

    An offset is dropped: nothing is converted (§9).
    """
    if not isinstance(value, str) or len(value) < 10 or value[4] != "-" or value[7] != "-":
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        return None


def zone_of(name: str | None) -> ZoneInfo:
    """Find a zone; UTC where there is none of that name."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
