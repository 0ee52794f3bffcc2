"""When a benefit ends, whether it has, and how its end is put off (§9, §10)."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

from sandbox.core import Sandbox
from sandbox.problems import refused
from sandbox.store import Row
from sandbox.times import read_time, written

_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 — wall time, of no zone


def expiry(definition: Row, issued_at: str) -> str:
    """Compute when a benefit ends that was issued without an end: after its period, at 23:59:59 (§9)."""
    start = read_time(issued_at)
    assert start is not None, "who issues a benefit checks the time"
    try:
        day = _last_day(definition, start)
    except (OverflowError, ValueError):  # beyond the year 9999
        day = _LAST_MOMENT
    return written(day.replace(hour=23, minute=59, second=59, microsecond=0))


def _last_day(definition: Row, start: datetime) -> datetime:
    kind, period = definition["period_type"], definition["period"]
    match kind:
        case "weeks":
            return start + timedelta(weeks=period)
        case "months":
            return _months_later(start, period)
        case "years":
            return _months_later(start, 12 * period)
        case "absolute_date":
            return read_time(definition["absolute_expiry"]) or start + timedelta(days=period)
        case "absolute_week":
            return start + timedelta(days=6 - start.weekday())
        case "absolute_month":
            return start.replace(day=monthrange(start.year, start.month)[1])
        case _:
            return start + timedelta(days=period)


def is_expired(sandbox: Sandbox, benefit: Row) -> bool:
    """Tell whether now is after the benefit's end, both as wall time in its zone (§10, C-5).

    A benefit that was given a bare date lives until midnight in UTC where that is later: a live test issues one for
    Melbourne that ends "tomorrow" by the date in UTC, and redeems it at any hour of the day (§10, "Redeem").
    """
    ends = benefit["expires_at"]
    if ends is None or sandbox.wall(benefit["timezone"]) <= ends:
        return False
    return not benefit.get("ends_by_date") or sandbox.stamp() > ends


def ends(given: object) -> Row:
    """Say when a benefit ends, as it was given: a bare date is noted as one."""
    moment = read_time(given)
    assert moment is not None, "who sets an end checks the time"
    return {"expires_at": written(moment), "ends_by_date": len(str(given)) == len("2026-12-31")}


def extended(sandbox: Sandbox, benefit: Row, *, days: int | None, date: str | None) -> Row:
    """Put off a benefit's end, also when it is over already: by days from the end, or to a date (§10).

    One without an end keeps having none when it is put off by days. Raises a refusal for an end beyond all calendars.
    """
    changed = {**benefit, "extended_at": sandbox.wall(benefit["timezone"])}
    if date is not None:
        return changed | ends(date)
    end = read_time(benefit["expires_at"])
    try:
        return changed | {"expires_at": None if end is None else written(end + timedelta(days=days or 0))}
    except OverflowError:
        raise refused("The benefit can not be extended that far.") from None


def _months_later(start: datetime, months: int) -> datetime:
    year, month = divmod(start.month - 1 + months, 12)
    last = monthrange(start.year + year, month + 1)[1]
    return start.replace(year=start.year + year, month=month + 1, day=min(start.day, last))
