"""Claiming a benefit and redeeming it at once: once for one key."""

import omneo
import writes
from context import Info
from resolvers.benefit_definition import may_see
from resolvers.benefit_inputs import ClaimAndRedeemArgument
from resolvers.claim import claimant, explain
from resolvers.inputs import idempotency_key, json_object, zone_name
from resolvers.marks import asks
from resolvers.outcomes import BenefitClaimed, BenefitClaimedAndRedeemed, ClaimAndRedeemOutcome
from resolvers.refusals import DefinitionUnknown, NothingToRedeem, NotSelfRedeemable, ProfileUnknown, RefusedByOmneo
from resolvers.writing import definition_named, made_before, perform, unfinished

# The caller's own profile and the definition; the write; after a refusal the definition, the profile and its benefits
# of this kind.
worst_case_calls = 2 + 1 + 3


@asks("POST /profiles/{profile}/benefits/claim-redeem", worst_case_calls)
async def resolve_claim_and_redeem_benefit(info: Info, input: ClaimAndRedeemArgument) -> ClaimAndRedeemOutcome:
    key = idempotency_key(input.idempotency_key)
    timezone = zone_name(input.timezone, info.context.zone)
    meta = json_object(input.meta, field="meta")
    profile_id = await claimant(info, input.profile_id)
    if profile_id is None:
        return ProfileUnknown()
    definition = await definition_named(info, info.context.kinds.claim_and_redeem, key, input.definition)
    if definition is None:
        return DefinitionUnknown()
    if not await made_before(info, info.context.kinds.claim_and_redeem, key, target=definition.id):
        if not may_see(info, definition):
            return DefinitionUnknown()
        if info.context.caller.is_member and not definition.allow_user_redeem:
            return NotSelfRedeemable()

    async def send(client: omneo.Client, intent: writes.Intent) -> writes.ClaimedAndRedeemed:
        redemption = await omneo.claim_and_redeem_benefit(
            client,
            profile_id=profile_id,
            definition=definition.handle,
            timezone=timezone,
            external_id=intent.external_id,
            meta=meta,
        )
        return writes.claimed_and_redeemed(redemption)

    outcome = await perform(
        info,
        info.context.kinds.claim_and_redeem,
        send,
        key=key,
        profile_id=profile_id,
        target=definition.id,
        asked=[input.timezone, meta],
    )
    match outcome:
        case writes.Done(value=writes.ClaimedAndRedeemed(benefit=benefit, redemption=redemption)):
            await info.context.forget(definition)
            if redemption is None:
                return BenefitClaimed(benefit)
            return BenefitClaimedAndRedeemed(benefit, redemption)
        case writes.Refused(cause=omneo.Refused() | omneo.NotFound()):
            why = await explain(info, profile_id, definition)
            if isinstance(why, RefusedByOmneo) and definition.max_redemptions == 0:
                return NothingToRedeem(0)
            return why
        case _:
            return unfinished(outcome)
