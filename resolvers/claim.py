"""Claiming a benefit: once for one key, whoever repeats the request."""

import strawberry

import omneo
import writes
from context import Info
from resolvers.benefit_definition import may_see
from resolvers.benefit_inputs import ClaimArgument
from resolvers.eligibility import judged, why_not
from resolvers.inputs import BadInput, idempotency_key, json_object, zone_name
from resolvers.marks import asks
from resolvers.outcomes import BenefitClaimable, BenefitClaimed, ClaimOutcome, WhyNotClaimed
from resolvers.refusals import DefinitionUnknown, ProfileUnknown
from resolvers.writing import definition_named, made_before, perform, unfinished

# The caller's own profile and the definition; the write, or for a dry run what is claimable; after a refusal the
# definition, the profile and its benefits of this kind.
worst_case_calls = 2 + 1 + 3


@asks("POST /profiles/{profile}/benefits/claim", worst_case_calls)
async def resolve_claim_benefit(info: Info, input: ClaimArgument) -> ClaimOutcome:
    key = idempotency_key(input.idempotency_key)
    timezone = zone_name(input.timezone, info.context.zone)
    meta = json_object(input.meta, field="meta")
    profile_id = await claimant(info, input.profile_id)
    if profile_id is None:
        return ProfileUnknown()
    kind = info.context.kinds.claim
    definition = await definition_named(info, kind, key, input.definition)
    if definition is None:
        return DefinitionUnknown()
    if not may_see(info, definition) and not await made_before(info, kind, key, target=definition.id):
        return DefinitionUnknown()
    if input.dry_run:
        return await _rehearse(info, profile_id, definition)

    async def send(client: omneo.Client, intent: writes.Intent) -> omneo.Benefit:
        return await omneo.claim_benefit(
            client,
            profile_id=profile_id,
            definition=definition.handle,
            timezone=timezone,
            external_id=intent.external_id,
            meta=meta,
        )

    outcome = await perform(
        info,
        kind,
        send,
        key=key,
        profile_id=profile_id,
        target=definition.id,
        asked=[input.timezone, meta],
    )
    match outcome:
        case writes.Done(value=benefit):
            await info.context.forget(definition)
            return BenefitClaimed(benefit)
        case writes.Refused(cause=omneo.Refused() | omneo.NotFound()):
            return await explain(info, profile_id, definition)
        case _:
            return unfinished(outcome)


async def claimant(info: Info, named: strawberry.ID | None) -> str | None:
    """Tell whose claim it is: a member's own, whatever a stranger's id would say; the named profile for a service."""
    profile_id = None if named is None else omneo.profile_id(named, field="profileId")
    if info.context.caller.is_member:
        own = await info.context.loaders.own_profile.load(omneo.ME)
        return own.id if own is not None and profile_id in (None, own.id) else None
    if profile_id is None:
        raise BadInput("profileId is needed: a service claims on behalf of a profile.")
    return profile_id


async def explain(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> WhyNotClaimed:
    """Say why Omneo refused a claim."""
    await info.context.forget(definition)
    fresh = await info.context.loaders.definition_by_id.load(definition.id)
    return DefinitionUnknown() if fresh is None else await why_not(info, profile_id, fresh)


async def _rehearse(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> ClaimOutcome:
    """Say what a claim would be answered, and write nothing: Omneo's own list of what is claimable is the judge."""
    try:
        is_claimable = await judged(info, profile_id, definition.id)
    except omneo.NotFound:
        return ProfileUnknown()
    return BenefitClaimable(definition) if is_claimable else await explain(info, profile_id, definition)
