"""Benefit definitions (§7.3): the record, and what may be written of it."""

from __future__ import annotations

from typing import Any

from sandbox import fields as f
from sandbox.core import Sandbox
from sandbox.problems import invalid
from sandbox.query import Listing
from sandbox.rules import global_left
from sandbox.store import Row

TYPES = ("discount", "value", "competition", "event", "gift", "voucher", "bonus", "other")
PERIODS = ("days", "weeks", "months", "years", "absolute_date", "absolute_week", "absolute_month")

# Column E of §7.3: what the copy inside a benefit carries, with what an omitted field becomes (U-8).
EMBEDDED: dict[str, Any] = {
    "name": "", "handle": "", "region_id": None, "region": None, "currency": None, "period": 0, "description": None,
    "internal_notes": None, "short_description": None, "long_description": None, "terms_conditions": None,
    "earn_instructions": None, "redeem_instructions_store": None, "redeem_instructions_online": None,
    "redeem_code_pos": None, "redeem_code_online": None, "icon": None, "image_url": None, "meta": None,
    "max_redemptions": 1, "max_global_redemptions": None, "is_extendable": False, "is_assignable": False,
    "is_reassignable": False, "is_published": False, "is_archived": False, "is_claimable": False,
    "is_reclaimable": False, "claim_period_start_at": None, "claim_period_end_at": None, "claim_timeframe": None,
    "claim_condition": None, "view_condition": None, "allow_user_redeem": False, "end_at": None,
    "total_allocations": None, "total_allocations_remaining": None, "force_allocation": False,
    "same_campaign_count": 0, "tags": [], "notify_schedule_offset": None, "notify_issue_offset_days": None,
    "notify_issue_offset_hour": None, "notify_remind_offset_days": None, "notify_remind_offset_hour": None,
    "notify_extend_offset_days": None, "notify_extend_offset_hour": None, "issue_target_id": None,
    "remind_target_id": None, "extend_target_id": None,
}  # fmt: skip
_REST: dict[str, Any] = {
    "period_type": "days", "absolute_expiry": None, "total_global_redemptions": 0, "total_global_created": 0,
    "visibility_condition": None, "type": None, "value": None, "campaign": None, "external_id": None,
}  # fmt: skip

_TEXTS = (
    "currency description internal_notes short_description long_description terms_conditions earn_instructions "
    "redeem_instructions_store redeem_instructions_online redeem_code_pos redeem_code_online icon image_url campaign "
    "external_id"
)
_COUNTS = "region_id max_redemptions max_global_redemptions total_allocations total_allocations_remaining"
_NOTICES = (
    "notify_schedule_offset notify_issue_offset_days notify_issue_offset_hour notify_remind_offset_days "
    "notify_remind_offset_hour notify_extend_offset_days notify_extend_offset_hour"
)
# What may be written. The pool of codes is filled another way in Omneo, which nobody documents; here it is written.
WRITABLE: dict[str, f.Rule] = {
    "name": f.text,
    "handle": f.text,
    "period": f.whole(0, 36_500),
    "period_type": f.one_of(*PERIODS),
    "absolute_expiry": f.maybe(f.moment),
    **dict.fromkeys(_TEXTS.split(), f.maybe(f.text)),
    **dict.fromkeys(_COUNTS.split(), f.maybe(f.whole(0))),
    **dict.fromkeys(_NOTICES.split(), f.maybe(f.whole())),
    **dict.fromkeys(("is_extendable", "is_assignable", "is_reassignable", "is_published"), f.flag),
    **dict.fromkeys(("is_archived", "is_claimable"), f.flag),
    **dict.fromkeys(("is_reclaimable", "allow_user_redeem", "force_allocation"), f.maybe(f.flag)),
    **dict.fromkeys(("claim_period_start_at", "claim_period_end_at", "end_at"), f.maybe(f.moment)),
    **dict.fromkeys(("claim_condition", "view_condition", "visibility_condition"), f.maybe(f.condition)),
    **dict.fromkeys(("issue_target_id", "remind_target_id", "extend_target_id"), f.maybe(f.digits)),
    "claim_timeframe": lambda value: value,
    "meta": f.maybe(f.meta),
    "tags": f.every(f.text),
    "type": f.maybe(f.one_of(*TYPES)),
    "value": f.maybe(f.number),
}

_TAGGED = "EXISTS (SELECT 1 FROM json_each(t.data, '$.tags') m WHERE {})"
LISTING = Listing(
    table="definitions",
    fields=frozenset(
        f"name handle period period_type absolute_expiry end_at {_TEXTS} {_NOTICES} is_extendable is_reassignable "
        "is_assignable max_redemptions is_claimable claim_period_start_at claim_period_end_at max_global_redemptions "
        "claim_condition is_reclaimable force_allocation is_published is_archived created_at meta claim_timeframe "
        "view_condition visibility_condition allow_user_redeem value type region_id".split()
    )
    - {"external_id"},
    columns={"id": "id", "handle": "handle"},
    members={"tags": _TAGGED},
    searched=("name", "handle"),
    sorts=frozenset({"id", "name", "handle", "created_at", "updated_at"}),
)


def new_definition(sandbox: Sandbox, given: Row) -> Row:
    """Make a definition, and a row of the database, of what was given and the defaults."""
    stamp = sandbox.stamp()
    row = {**EMBEDDED, **_REST, "created_at": stamp, "updated_at": stamp, **given}
    if row["total_allocations"] is not None and "total_allocations_remaining" not in given:
        row["total_allocations_remaining"] = row["total_allocations"]
    made = sandbox.store.insert("definitions", row, handle=row["handle"])
    return sandbox.store.save("definitions", {**made, "id": str(made["id"])})


def shown(definition: Row) -> Row:
    """Show a definition as its own routes do; its id is a string of digits (C-10)."""
    return {**definition, "total_global_redemptions_remaining": global_left(definition)}


def embedded(sandbox: Sandbox, definition: Row) -> Row:
    """Show the copy inside a benefit: some of the fields, or all (U-9)."""
    if sandbox.settings.embedded_definition == "full":
        return shown(definition)
    return {name: definition[name] for name in ("id", *EMBEDDED, "created_at", "updated_at")}


def find(sandbox: Sandbox, reference: object) -> Row | None:
    """Find a definition by its handle or, should the handle be none, its id (§10: an id may also work)."""
    found = sandbox.store.get("definitions", handle=str(reference))
    return found or find_by_id(sandbox, reference)


def find_by_id(sandbox: Sandbox, reference: object) -> Row | None:
    """Find a definition by its id, a number or a string of digits (C-10)."""
    key = str(reference)
    return sandbox.store.get("definitions", id=int(key)) if key.isascii() and key.isdigit() and len(key) < 20 else None


def checked(sandbox: Sandbox, body: Row, current: Row | None = None) -> Row:
    """Take what may be written from a body. Raises a 422 for what is wrong, and for a handle that is taken."""
    given = f.taken(body, WRITABLE)
    if given.get("handle") is not None:
        held = sandbox.store.get("definitions", handle=given["handle"])
        if held is not None and held["id"] != (current or {}).get("id"):
            raise invalid({"handle": ["The handle has already been taken."]})
    return given
