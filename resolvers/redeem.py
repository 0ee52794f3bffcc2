"""Redeeming a benefit: never twice for one key, whatever becomes of the answer."""

import omneo
import writes
from context import Info
from resolvers.benefit_inputs import RedeemArgument
from resolvers.inputs import BadInput, idempotency_key
from resolvers.marks import asks
from resolvers.outcomes import BenefitRedeemed, RedeemOutcome
from resolvers.refusals import BenefitExpired, BenefitUnknown, NothingToRedeem, NotSelfRedeemable, RefusedByOmneo
from resolvers.writing import made_before, perform, unfinished

MOST = 1000  # redemptions at once

# The benefit, the caller's own profile; the benefit and its redemptions as they stand before; the write; the benefit
# anew, after a refusal or where Omneo left it out.
worst_case_calls = 2 + 2 + 1 + 1


@asks("POST /profiles/{profile}/benefits/{benefit}/redeem", worst_case_calls)
async def resolve_redeem_benefit(info: Info, input: RedeemArgument) -> RedeemOutcome:
    key = idempotency_key(input.idempotency_key)
    benefit_id = omneo.benefit_id(input.benefit_id, field="benefitId")
    count = input.count
    if not 1 <= count <= MOST:
        raise BadInput(f"count must be 1 to {MOST}.")
    kind = info.context.kinds.redeem
    named = None if input.profile_id is None else omneo.profile_id(input.profile_id, field="profileId")
    profile_id = await _holder(info, benefit_id, key, named)
    if not isinstance(profile_id, str):
        return profile_id

    async def send(client: omneo.Client, intent: writes.Intent) -> omneo.Redemption:
        return await omneo.redeem_benefit(client, profile_id, benefit_id, count)

    outcome = await perform(
        info,
        kind,
        send,
        key=key,
        profile_id=profile_id,
        target=str(benefit_id),
        asked=[count],
        note=writes.Redeeming(count=count).note(),
    )
    match outcome:
        case writes.Done(value=redemption):
            benefit = await _after(info, redemption, benefit_id)
            await info.context.forget(None if benefit is None else benefit.definition)
            return BenefitRedeemed(redemption, benefit)
        case writes.Refused(cause=omneo.Refused() | omneo.NotFound()):
            return await _explain(info, profile_id, benefit_id, count)
        case _:
            return unfinished(outcome)


async def _holder(info: Info, benefit_id: int, key: str, named: str | None) -> str | BenefitUnknown | NotSelfRedeemable:
    """Tell who holds the benefit. A service that names the holder saves the look-up: they are checked before the write
    all the same. For a member the benefit says whether they may redeem it themselves."""
    if named is not None and not info.context.caller.is_member:
        return named
    benefit = await info.context.loaders.benefit_by_id.load(benefit_id)
    is_open = benefit is not None and (not info.context.caller.is_member or benefit.definition.allow_user_redeem)
    if benefit is not None and is_open:
        return benefit.profile_id if named in (None, benefit.profile_id) else BenefitUnknown()
    # Redeemed under this key, and taken away or withdrawn from members since.
    before = await made_before(info, info.context.kinds.redeem, key, target=str(benefit_id))
    if before is not None:
        return before.profile_id
    return BenefitUnknown() if benefit is None else NotSelfRedeemable()


async def _after(info: Info, redemption: omneo.Redemption, benefit_id: int) -> omneo.Benefit | None:
    """Read the benefit off its redemption; only where Omneo left it out is it loaded."""
    embedded = (item.benefit for item in redemption.items)
    found = next((each for each in embedded if each is not None and each.id == benefit_id), None)
    return found or await info.context.loaders.benefit_by_id.load(benefit_id)


async def _explain(
    info: Info, profile_id: str, benefit_id: int, count: int
) -> BenefitUnknown | BenefitExpired | NothingToRedeem | RefusedByOmneo:
    await info.context.forget()
    benefit = await info.context.loaders.benefit_by_id.load(benefit_id)
    if benefit is None or benefit.profile_id != profile_id:
        return BenefitUnknown()
    if benefit.is_expired:
        return BenefitExpired(omneo.wall_time(benefit.expires_at, benefit.timezone, info.context.zone))
    left = least(benefit.redemptions_remaining, benefit.total_global_redemptions_remaining)
    return NothingToRedeem(left) if left is not None and left < count else RefusedByOmneo()


def least(*counts: int | None) -> int | None:
    """Tell the smallest of several limits, None standing for no limit."""
    return min((count for count in counts if count is not None), default=None)
