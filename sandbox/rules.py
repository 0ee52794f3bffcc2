"""Omneo's rules for benefits: what expires when, who may claim, what is left (§10)."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import datalogic_py
import orjson

from sandbox.core import Sandbox
from sandbox.fields import read_time, written
from sandbox.problems import refused
from sandbox.store import Row

_LOGIC = datalogic_py.Engine()
_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 — wall time, of no zone


def holds(condition: Any, context: Row) -> bool:
    """Evaluate a JSON Logic condition over a profile's event context; no condition holds for everyone.

    One that cannot be evaluated holds for nobody.
    """
    if not condition:
        return True
    try:
        rule = _compiled(orjson.dumps(condition).decode())
        return _LOGIC.truthy(orjson.dumps(rule.evaluate(context)).decode())
    except (datalogic_py.DataLogicError, TypeError, ValueError, RecursionError):
        return False


@lru_cache(maxsize=256)
def _compiled(condition: str) -> Any:
    return _LOGIC.compile(orjson.loads(condition))


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


def global_left(definition: Row) -> int | None:
    """Count what is left of the cap over all benefits of a definition; None where there is no cap."""
    cap = definition.get("max_global_redemptions")
    return None if cap is None else max(0, cap - (definition.get("total_global_redemptions") or 0))


def is_redeemable(sandbox: Sandbox, benefit: Row, definition: Row) -> bool:
    """Not expired, something left on it, and something left of its kind (§10)."""
    return (
        not is_expired(sandbox, benefit) and benefit.get("redemptions_remaining") != 0 and global_left(definition) != 0
    )


def why_not_claimable(sandbox: Sandbox, definition: Row, profile_context: Row) -> str | None:
    """Name the rule that keeps a profile from claiming a definition; None when it may (§10, "Claim")."""
    now = sandbox.wall(None)
    opens, closes = definition.get("claim_period_start_at"), definition.get("claim_period_end_at")
    if definition.get("is_archived"):
        return "The benefit has been archived."
    if not definition.get("is_claimable") or not definition.get("is_published"):
        return "The benefit is not claimable."
    if opens is not None and now < opens:
        return "The claim period has not started."
    if closes is not None and now > closes:
        return "The claim period has ended."
    if not holds(definition.get("claim_condition"), profile_context):
        return "The profile does not meet the claim condition."
    if not definition.get("is_reclaimable") and _has_claimed(sandbox, profile_context["id"], definition["id"]):
        return "The benefit has already been claimed."
    return why_not_issuable(definition)


def why_not_issuable(definition: Row) -> str | None:
    """Name what keeps a definition from being issued to anyone: an empty pool, or a cap that is reached."""
    if definition.get("total_allocations") and definition.get("total_allocations_remaining") == 0:
        return "There are no allocations left."
    if global_left(definition) == 0:
        return "There are no redemptions left for this benefit."
    return None


def issue(
    sandbox: Sandbox,
    definition: Row,
    *,
    profile_id: str,
    issued_at: str,
    timezone: str,
    claimed_at: str | None = None,
    given: Row | None = None,
) -> Row:
    """Make a benefit; `issued_at` stays as it was sent (§9). Raises a refusal when the pool is empty.

    `given` may say `expires_at`, `external_id`, `value` and `meta`.
    """
    problem = why_not_issuable(definition)
    if problem is not None:
        raise refused(problem)
    stamp, given = sandbox.stamp(), given or {}
    codes = _allocate(definition)
    definition["total_global_created"] = (definition.get("total_global_created") or 0) + 1
    sandbox.store.save("definitions", definition)
    row = {
        "profile_id": profile_id,
        "definition_id": int(definition["id"]),
        "external_id": given.get("external_id"),
        **(ends(given["expires_at"]) if given.get("expires_at") else {"expires_at": expiry(definition, issued_at)}),
        "issued_at": issued_at,
        "redemptions_remaining": definition.get("max_redemptions"),
        "timezone": timezone,
        "claimed_at": claimed_at,
        "meta": given.get("meta"),
        **codes,
        "value": definition["value"] if given.get("value") is None else given["value"],
        "is_combined": None,
        "combine_meta": None,
        "extended_at": None,
        "source_id": None,
        "source_type": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
    keys = {"profile_id": profile_id, "definition_id": int(definition["id"]), "external_id": row["external_id"]}
    return sandbox.store.insert("benefits", row, **keys)


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


def used(sandbox: Sandbox, benefit: Row, definition: Row, count: int) -> tuple[Row, Row]:
    """Use redemptions of a benefit (§10, "Redeem"). Raises the refusal where they cannot be used."""
    left, left_of_all = benefit.get("redemptions_remaining"), global_left(definition)
    if is_expired(sandbox, benefit):
        raise refused("The benefit has expired.")
    if (left is not None and left < count) or (left_of_all is not None and left_of_all < count):
        raise refused("The benefit has no redemptions remaining.")
    return given_back(benefit, definition, -count)


def given_back(benefit: Row, definition: Row, count: int) -> tuple[Row, Row]:
    """Add redemptions to a benefit, and take them from what its kind has used."""
    left, most = benefit.get("redemptions_remaining"), definition.get("max_redemptions")
    if left is not None:
        left = left + count if most is None else min(most, left + count)
    total = max(0, (definition.get("total_global_redemptions") or 0) - count)
    return {**benefit, "redemptions_remaining": left}, {**definition, "total_global_redemptions": total}


def _allocate(definition: Row) -> Row:
    """Take a code from the pool, or the codes all benefits of the kind share."""
    size, left = definition.get("total_allocations"), definition.get("total_allocations_remaining")
    if not size or left is None:
        return {
            "redeem_code_pos": definition.get("redeem_code_pos"),
            "redeem_code_online": definition.get("redeem_code_online"),
        }
    definition["total_allocations_remaining"] = left - 1
    code = f"{definition['handle'].upper()}-{size - left + 1:05d}"
    return {"redeem_code_pos": code, "redeem_code_online": code}


def _has_claimed(sandbox: Sandbox, profile_id: str, definition_id: str) -> bool:
    claimed = "profile_id = ? AND definition_id = ? AND json_extract(t.data, '$.claimed_at') IS NOT NULL"
    return sandbox.store.count("benefits", claimed, [profile_id, int(definition_id)]) > 0


def _months_later(start: datetime, months: int) -> datetime:
    year, month = divmod(start.month - 1 + months, 12)
    last = monthrange(start.year + year, month + 1)[1]
    return start.replace(year=start.year + year, month=month + 1, day=min(start.day, last))
