"""Whether a profile may claim a definition, and what stands in the way: Omneo judges, its rules explain."""

from dataclasses import dataclass
from typing import Annotated

import strawberry

import omneo
from context import Info
from resolvers.claim import claimant
from resolvers.conditions import Truth
from resolvers.eligibility import WhyNot, by_definition, by_profile, judged
from resolvers.marks import asks
from resolvers.refusals import ConditionNotMet, ProfileUnknown, RefusedByOmneo

ForWhom = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="For whom. A member leaves it out; a service must say it."),
]

# The profile's benefits of this kind; and the definition, where it is not here as a whole, or anew, where nothing
# explains Omneo's answer. What is claimable, and the profile, are shared by all definitions a query asks about.
worst_case_calls = 1 + 1
shared_calls = 2


@dataclass(frozen=True, slots=True)
class Claimability:
    """Say whether a profile may claim a definition now, by Omneo's own list, and if not, why."""

    can_claim: bool
    reasons: list[WhyNot]


@asks("GET /profiles/{profile}/benefits/claimable", worst_case_calls, once=shared_calls)
async def resolve_claimability(
    definition: strawberry.Parent[omneo.EmbeddedBenefitDefinition], info: Info, profile_id: ForWhom = None
) -> Claimability | None:
    whose = await claimant(info, profile_id)
    if whose is None:
        return None
    try:
        can_claim = await judged(info, whose, definition.id)
    except omneo.NotFound:
        return Claimability(can_claim=False, reasons=[ProfileUnknown()])
    if isinstance(definition, omneo.BenefitDefinition):
        return await _compared(info, whose, definition, can_claim, may_be_old=True)
    # The copy inside a benefit lacks the counters.
    whole = await info.context.loaders.definition_by_id.load(definition.id)
    return None if whole is None else await _compared(info, whose, whole, can_claim, may_be_old=False)


async def _compared(
    info: Info, profile_id: str, definition: omneo.BenefitDefinition, can_claim: bool, *, may_be_old: bool
) -> Claimability:
    """Hold the rules as we know them against Omneo's answer. It stands; where they differ, that is counted."""
    on_profile = await by_profile(info, profile_id, definition)
    reasons: list[WhyNot] = [*by_definition(info, definition), *on_profile]
    if can_claim:
        if any(_is_certain(reason) for reason in reasons):
            info.context.trace.tally.disagree("allows")
        return Claimability(can_claim=True, reasons=[])
    if not reasons and may_be_old:  # the catalogue's copy is up to a minute old, and counters move
        await info.context.catalogue.forget(definition, settings=False)
        fresh = await info.context.catalogue.by_id(info.context.server, definition.id)
        reasons = [*by_definition(info, fresh)]
    if not reasons:
        info.context.trace.tally.disagree("refuses")
        reasons = [RefusedByOmneo()]
    return Claimability(can_claim=False, reasons=reasons)


def _is_certain(reason: WhyNot) -> bool:
    return not isinstance(reason, ConditionNotMet) or any(each.holds is Truth.FALSE for each in reason.clauses)
