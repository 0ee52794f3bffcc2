"""Omneo's rules for benefits: what expires when, who may claim, what is left (§10)."""

from __future__ import annotations

import json
from calendar import monthrange
from datetime import datetime, timedelta
from typing import Any

import datalogic_py

from sandbox.core import Sandbox, read_time, written
from sandbox.problems import refused
from sandbox.store import Row

_LOGIC = datalogic_py.Engine()


def holds(condition: Any, context: Row) -> bool:
    """Evaluate a JSON Logic condition over a profile's event context; no condition holds for everyone."""
    if not condition:
        return True
    try:
        return _LOGIC.truthy(json.dumps(_LOGIC.compile(condition).evaluate(context)))
    except datalogic_py.DataLogicError:
        return False


def expiry(definition: Row, issued_at: str) -> str | None:
    """Compute when a benefit ends that was issued without an end: after its period, at 23:59:59 (§9)."""
    start = read_time(issued_at) or datetime.fromisoformat("2000-01-01")
    kind, period = definition.get("period_type") or "days", int(definition.get("period") or 0)
    match kind:
        case "weeks":
            day = start + timedelta(weeks=period)
        case "months":
            day = _months_later(start, period)
        case "years":
            day = _months_later(start, 12 * period)
        case "absolute_date":
            day = read_time(definition.get("absolute_expiry")) or start + timedelta(days=period)
        case "absolute_week":
            day = start + timedelta(days=6 - start.weekday())
        case "absolute_month":
            day = start.replace(day=monthrange(start.year, start.month)[1])
        case _:
            day = start + timedelta(days=period)
    return written(day.replace(hour=23, minute=59, second=59))


def is_expired(sandbox: Sandbox, benefit: Row) -> bool:
    """Tell whether now is after the benefit's end, both as wall time in its zone (§10)."""
    ends = benefit.get("expires_at")
    return ends is not None and sandbox.wall(benefit.get("timezone")) > ends


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
    expires_at: str | None = None,
    claimed_at: str | None = None,
    given: Row | None = None,
) -> Row:
    """Make a benefit. `issued_at` stays as it was sent (§9). Raises a refusal when the pool is empty."""
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
        "expires_at": expires_at or expiry(definition, issued_at),
        "issued_at": issued_at,
        "redemptions_remaining": definition.get("max_redemptions"),
        "timezone": timezone,
        "claimed_at": claimed_at,
        "meta": given.get("meta"),
        **codes,
        "value": given.get("value", definition.get("value")),
        "is_combined": None,
        "combine_meta": None,
        "extended_at": None,
        "source_id": None,
        "source_type": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
    return sandbox.store.insert("benefits", row, profile_id=profile_id, definition_id=int(definition["id"]))


def extended(sandbox: Sandbox, benefit: Row, *, days: int | None, date: str | None) -> Row:
    """Put off a benefit's end, also when it is over already: by days from the end, or to a date (§10)."""
    ends = read_time(benefit.get("expires_at")) or sandbox.now().replace(tzinfo=None)
    later = read_time(date) if date is not None else ends + timedelta(days=days or 0)
    assert later is not None, "the route checks the date"
    return {**benefit, "expires_at": written(later), "extended_at": sandbox.wall(benefit.get("timezone"))}


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
