"""Why a profile cannot claim: Omneo says only that it cannot, so its own rules are read against its own data."""

from datetime import UTC, datetime

import omneo
from context import Info
from loaders.criteria import BenefitCriteria
from resolvers.conditions import Truth, clauses
from resolvers.refusals import (
    AllocationExhausted,
    AlreadyClaimed,
    ClaimWindowClosed,
    ClaimWindowNotOpen,
    ConditionNotMet,
    NotClaimable,
    ProfileUnknown,
    RefusedByOmneo,
)

ByDefinition = NotClaimable | ClaimWindowNotOpen | ClaimWindowClosed | AllocationExhausted
ByProfile = ProfileUnknown | AlreadyClaimed | ConditionNotMet
WhyNot = ByDefinition | ByProfile | RefusedByOmneo


async def judged(info: Info, profile_id: str, definition_id: str) -> bool:
    """Ask Omneo whether a profile may claim a definition now. Raises `NotFound` for a profile it does not know."""
    claimable = await info.context.loaders.claimable_definitions_by_profile_id.load(info.context.whose(profile_id))
    return any(listed.id == definition_id for listed in claimable)


async def why_not(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> WhyNot:
    """Find the rule that keeps a profile from claiming a definition (API.md §10, "Claim"), after Omneo said no.

    `definition` must be fresh: its counters decide. Costs at most two calls, the profile and its benefits of this
    kind. `RefusedByOmneo` when no rule we know of explains it, which is counted.
    """
    found = by_definition(info, definition) or await by_profile(info, profile_id, definition)
    if not found:
        info.context.trace.tally.disagree("refuses")
        return RefusedByOmneo()
    return found[0]


def by_definition(info: Info, definition: omneo.BenefitDefinition) -> list[ByDefinition]:
    """List the rules of a definition that keep everybody from claiming it now; its counters must be fresh."""
    now, zone = datetime.now(UTC), info.context.zone
    opens_at = omneo.wall_time(definition.claim_period_start_at, None, zone)
    closes_at = omneo.wall_time(definition.claim_period_end_at, None, zone)
    found: list[ByDefinition] = []
    if not definition.is_claimable or definition.is_archived or definition.is_published is False:
        found.append(NotClaimable())
    if opens_at is not None and now < opens_at:
        found.append(ClaimWindowNotOpen(opens_at))
    if closes_at is not None and now > closes_at:
        found.append(ClaimWindowClosed(closes_at))
    if 0 in (definition.total_global_redemptions_remaining, pool_left(definition)):
        found.append(AllocationExhausted())
    return found


async def by_profile(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> list[ByProfile]:
    """List the rules that keep this profile from claiming a definition.

    A condition of which nothing is known to be false, but something is unknown, is listed where nothing else is.
    """
    profile = await info.context.loaders.profile_by_id.load(profile_id)
    if profile is None:
        return [ProfileUnknown()]
    found: list[ByProfile] = []
    if not definition.is_reclaimable:
        before = await claimed_before(info, profile_id, definition.id)
        if before is not None:
            found.append(AlreadyClaimed(before))
    missed = [clause for clause in clauses(definition.claim_condition, profile) if clause.holds is not Truth.TRUE]
    is_certain = any(clause.holds is Truth.FALSE for clause in missed)
    if is_certain or (missed and not found):
        found.append(ConditionNotMet(missed))
    return found


async def claimed_before(info: Info, profile_id: str, definition_id: str) -> omneo.Benefit | None:
    """Find a benefit of this kind that the profile claimed, among the oldest of them; None when there is none."""
    wanted = BenefitCriteria(definition_id=definition_id)
    window = omneo.Window(offset=0, first=info.context.client.page_max)
    listing = await info.context.loaders.benefits_by_profile_id.load((info.context.whose(profile_id), window, wanted))
    return next((benefit for benefit in listing.rows if benefit.claimed_at is not None), None)


def pool_left(definition: omneo.BenefitDefinition) -> int | None:
    """Count the codes left in a definition's pool; None when it has no pool."""
    return definition.total_allocations_remaining if definition.total_allocations else None
