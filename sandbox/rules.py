"""Omneo's rules for benefits: who may claim, what is issued, what is left (§10)."""

from __future__ import annotations

from sandbox.condition import holds
from sandbox.core import Sandbox
from sandbox.expiry import ends, expiry, is_expired
from sandbox.problems import refused
from sandbox.store import Row


def global_left(definition: Row) -> int | None:
    """Count what is left of the cap over all benefits of a definition; None where there is no cap."""
    cap = definition["max_global_redemptions"]
    return None if cap is None else max(0, cap - definition["total_global_redemptions"])


def is_redeemable(sandbox: Sandbox, benefit: Row, definition: Row) -> bool:
    """Not expired, something left on it, and something left of its kind (§10)."""
    return not is_expired(sandbox, benefit) and benefit["redemptions_remaining"] != 0 and global_left(definition) != 0


def why_not_claimable(sandbox: Sandbox, definition: Row, profile_context: Row) -> str | None:
    """Name the rule that keeps a profile from claiming a definition; None when it may (§10, "Claim")."""
    now = sandbox.wall(None)
    opens, closes = definition["claim_period_start_at"], definition["claim_period_end_at"]
    if definition["is_archived"]:
        return "The benefit has been archived."
    if not definition["is_claimable"] or not definition["is_published"]:
        return "The benefit is not claimable."
    if opens is not None and now < opens:
        return "The claim period has not started."
    if closes is not None and now > closes:
        return "The claim period has ended."
    if not holds(definition["claim_condition"], profile_context):
        return "The profile does not meet the claim condition."
    if not definition["is_reclaimable"] and _has_claimed(sandbox, profile_context["id"], definition["id"]):
        return "The benefit has already been claimed."
    return why_not_issuable(definition)


def why_not_issuable(definition: Row) -> str | None:
    """Name what keeps a definition from being issued to anyone: an empty pool, or a cap that is reached."""
    if definition["total_allocations"] and definition["total_allocations_remaining"] == 0:
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
    definition["total_global_created"] = definition["total_global_created"] + 1
    sandbox.store.save("definitions", definition)
    row = {
        "profile_id": profile_id,
        "definition_id": int(definition["id"]),
        "external_id": given.get("external_id"),
        **(ends(given["expires_at"]) if given.get("expires_at") else {"expires_at": expiry(definition, issued_at)}),
        "issued_at": issued_at,
        "redemptions_remaining": definition["max_redemptions"],
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


def used(sandbox: Sandbox, benefit: Row, definition: Row, count: int) -> tuple[Row, Row]:
    """Use redemptions of a benefit (§10, "Redeem"). Raises the refusal where they cannot be used."""
    left, left_of_all = benefit["redemptions_remaining"], global_left(definition)
    if is_expired(sandbox, benefit):
        raise refused("The benefit has expired.")
    if (left is not None and left < count) or (left_of_all is not None and left_of_all < count):
        raise refused("The benefit has no redemptions remaining.")
    return given_back(benefit, definition, -count)


def given_back(benefit: Row, definition: Row, count: int) -> tuple[Row, Row]:
    """Add redemptions to a benefit, and take them from what its kind has used."""
    left, most = benefit["redemptions_remaining"], definition["max_redemptions"]
    if left is not None:
        left = left + count if most is None else min(most, left + count)
    total = max(0, definition["total_global_redemptions"] - count)
    return {**benefit, "redemptions_remaining": left}, {**definition, "total_global_redemptions": total}


def _allocate(definition: Row) -> Row:
    """Take a code from the pool, or the codes all benefits of the kind share."""
    size, left = definition["total_allocations"], definition["total_allocations_remaining"]
    if not size or left is None:
        return {
            "redeem_code_pos": definition["redeem_code_pos"],
            "redeem_code_online": definition["redeem_code_online"],
        }
    definition["total_allocations_remaining"] = left - 1
    code = f"{definition['handle'].upper()}-{size - left + 1:05d}"
    return {"redeem_code_pos": code, "redeem_code_online": code}


def _has_claimed(sandbox: Sandbox, profile_id: str, definition_id: str) -> bool:
    claimed = "profile_id = ? AND definition_id = ? AND json_extract(t.data, '$.claimed_at') IS NOT NULL"
    return sandbox.store.count("benefits", claimed, [profile_id, int(definition_id)]) > 0
