"""Why a claim was refused: Omneo says only that it was, so its own rules are read against its own data."""

from datetime import UTC, datetime
from typing import Any

import datalogic_py
import msgspec

import omneo
from context import Info
from loaders.criteria import BenefitCriteria
from resolvers.outcomes import (
    AllocationExhausted,
    AlreadyClaimed,
    ClaimWindowClosed,
    ClaimWindowNotOpen,
    ConditionNotMet,
    NotClaimable,
    ProfileUnknown,
    RefusedByOmneo,
)

_LOGIC = datalogic_py.Engine()

WhyNot = (
    ProfileUnknown
    | NotClaimable
    | ClaimWindowNotOpen
    | ClaimWindowClosed
    | ConditionNotMet
    | AlreadyClaimed
    | AllocationExhausted
    | RefusedByOmneo
)


async def why_not(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> WhyNot:
    """Find the rule that keeps a profile from claiming a definition (API.md §10, "Claim").

    `definition` must be fresh: its counters decide. Costs at most two calls, the profile and its benefits of this
    kind. `RefusedByOmneo` when no rule we know of explains it.
    """
    by_definition = _definition_says_no(info, definition)
    if by_definition is not None:
        return by_definition
    profile = await info.context.loaders.profile_by_id.load(profile_id)
    if profile is None:
        return ProfileUnknown()
    if not definition.is_reclaimable:
        before = await claimed_before(info, profile_id, definition.id)
        if before is not None:
            return AlreadyClaimed(before)
    if not _holds(definition.claim_condition, profile):
        return ConditionNotMet()
    return RefusedByOmneo()


async def claimed_before(info: Info, profile_id: str, definition_id: str) -> omneo.Benefit | None:
    """Find a benefit of this kind that the profile claimed; None when there is none."""
    wanted = BenefitCriteria(definition_id=definition_id, claimed=True)
    window = omneo.Window(offset=0, first=1)
    listing = await info.context.loaders.benefits_by_profile_id.load((profile_id, window, wanted))
    return listing.rows[0] if listing.rows else None


def _definition_says_no(info: Info, definition: omneo.BenefitDefinition) -> WhyNot | None:
    now, zone = datetime.now(UTC), info.context.zone
    opens_at = omneo.wall_time(definition.claim_period_start_at, None, zone)
    closes_at = omneo.wall_time(definition.claim_period_end_at, None, zone)
    if not definition.is_claimable or definition.is_archived:
        return NotClaimable()
    if opens_at is not None and now < opens_at:
        return ClaimWindowNotOpen(opens_at)
    if closes_at is not None and now > closes_at:
        return ClaimWindowClosed(closes_at)
    if 0 in (definition.total_global_redemptions_remaining, pool_left(definition)):
        return AllocationExhausted()
    return None


def pool_left(definition: omneo.BenefitDefinition) -> int | None:
    """Count the codes left in a definition's pool; None when it has no pool."""
    return definition.total_allocations_remaining if definition.total_allocations else None


def _holds(rule: Any, profile: omneo.Profile) -> bool:
    """Evaluate a claim condition over the profile's event context, as far as the profile shows it (API.md §10)."""
    if not rule:
        return True
    context = msgspec.to_builtins(profile) | {"flattened_tags": profile.tags, "flattened_statuses": profile.statuses}
    try:
        return _LOGIC.truthy(msgspec.json.encode(_LOGIC.compile(rule).evaluate(context)).decode())
    except datalogic_py.DataLogicError:  # a rule is the retailer's data: one that does not run explains nothing
        return True
