"""Claiming a benefit: once for one key, whoever repeats the request."""

import omneo
import writes
from context import Info
from resolvers.benefit_definition import find_definition, may_see
from resolvers.eligibility import WhyNot, why_not
from resolvers.inputs import BadInput, ClaimArgument, ClaimBenefitInput, idempotency_key, json_object, zone_name
from resolvers.outcomes import (
    BenefitClaimable,
    BenefitClaimed,
    ClaimOutcome,
    DefinitionUnknown,
    ProfileUnknown,
)
from resolvers.writing import caller_name, unfinished
from telemetry import Trace


async def resolve_claim_benefit(info: Info, input: ClaimArgument) -> ClaimOutcome:
    key = idempotency_key(input.idempotency_key)
    timezone = zone_name(input.timezone, info.context.zone)
    meta = json_object(input.meta, field="meta")
    profile_id = await _claimant(info, input)
    if profile_id is None:
        return ProfileUnknown()
    definition = await find_definition(info, input.definition)
    if definition is None or not may_see(info, definition):
        return DefinitionUnknown()
    if input.dry_run:
        return await _rehearse(info, profile_id, definition)

    async def send(intent: writes.Intent, trace: Trace) -> omneo.Benefit:
        return await omneo.claim_benefit(
            info.context.client.under(trace),
            profile_id=profile_id,
            definition=definition.handle,
            timezone=timezone,
            external_id=intent.external_id,
            meta=meta,
        )

    outcome = await info.context.writes.perform(
        writes.Write(
            kind=info.context.kinds.claim,
            tenant=info.context.tenant,
            caller=await caller_name(info),
            key=key,
            profile_id=profile_id,
            target=definition.id,
            fingerprint=writes.fingerprint([profile_id, definition.id, input.timezone, meta]),
            send=send,
        ),
        info.context.trace,
    )
    return await _answer(info, profile_id, definition, outcome)


async def _claimant(info: Info, input: ClaimBenefitInput) -> str | None:
    """Tell whose claim it is: a member's own, whatever a stranger's id would say; the named profile for a service."""
    named = None if input.profile_id is None else omneo.profile_id(input.profile_id, field="profileId")
    if info.context.caller.is_member:
        own = await info.context.loaders.own_profile.load("me")
        return own.id if own is not None and named in (None, own.id) else None
    if named is None:
        raise BadInput("profileId is needed: a service claims on behalf of a profile.")
    return named


async def _answer(
    info: Info, profile_id: str, definition: omneo.BenefitDefinition, outcome: writes.Outcome[omneo.Benefit]
) -> ClaimOutcome:
    match outcome:
        case writes.Done(value=benefit):
            info.context.forget(definition)
            return BenefitClaimed(benefit)
        case writes.Refused(cause=omneo.Refused() | omneo.NotFound()):
            return await _explain(info, profile_id, definition)
        case _:
            return unfinished(outcome)


async def _explain(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> DefinitionUnknown | WhyNot:
    info.context.forget(definition)
    fresh = await info.context.loaders.definition_by_id.load(definition.id)
    return DefinitionUnknown() if fresh is None else await why_not(info, profile_id, fresh)


async def _rehearse(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> ClaimOutcome:
    """Say what a claim would be answered, and write nothing: Omneo's own list of what is claimable is the judge."""
    try:
        claimable = await info.context.loaders.claimable_definitions_by_profile_id.load(profile_id)
    except omneo.NotFound:
        return ProfileUnknown()
    if any(listed.id == definition.id for listed in claimable):
        return BenefitClaimable(definition)
    return await _explain(info, profile_id, definition)
