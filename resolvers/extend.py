"""Putting off the expiry of benefits: never twice for one key."""

import asyncio

import omneo
import writes
from context import Info
from resolvers.benefit_inputs import ExtendArgument, ExtendBenefitsInput, ExtensionInput
from resolvers.inputs import BadInput, idempotency_key
from resolvers.marks import asks
from resolvers.outcomes import BenefitsExtended, ExtendOutcome
from resolvers.refusals import BenefitUnknown, NotExtendable, ProfileUnknown, RefusedByOmneo
from resolvers.writing import perform, unfinished

MOST_BENEFITS = 50
MOST_DAYS = 3650


def worst_case_calls(benefits: int) -> int:
    """Count for so many benefits: each as it stands before; the write; after a refusal the profile and each anew."""
    return benefits + 1 + 1 + benefits


def _worst_case(input: ExtendArgument) -> int:
    return worst_case_calls(len(input.benefit_ids))


@asks("POST /benefits/extend", _worst_case)
async def resolve_extend_benefits(info: Info, input: ExtendArgument) -> ExtendOutcome:
    key = idempotency_key(input.idempotency_key)
    profile_id = omneo.profile_id(input.profile_id, field="profileId")
    ids = _ids(input)
    extending = _extending(input.extension, ids, info.context.zone.key)

    async def send(client: omneo.Client, intent: writes.Intent) -> list[omneo.Benefit]:
        until = writes.Extending.noted(intent).until_wall()
        return await omneo.extend_benefits(client, profile_id, ids, days=extending.days, date=until)

    outcome = await perform(
        info,
        info.context.kinds.extend,
        send,
        key=key,
        profile_id=profile_id,
        target="benefits",  # one at a time for a profile: two could share a benefit
        asked=[ids, extending.days, extending.until],
        note=extending.note(),
    )
    match outcome:
        case writes.Done(value=benefits):
            await info.context.forget()
            return BenefitsExtended(benefits)
        case writes.Refused(cause=omneo.Refused() | omneo.NotFound()):
            return await _explain(info, profile_id, ids)
        case _:
            return unfinished(outcome)


def _ids(input: ExtendBenefitsInput) -> list[int]:
    ids = [omneo.benefit_id(each, field="benefitIds") for each in input.benefit_ids]
    if not 1 <= len(ids) <= MOST_BENEFITS or len(set(ids)) < len(ids):
        raise BadInput(f"benefitIds must name 1 to {MOST_BENEFITS} benefits, each once.")
    return sorted(ids)


def _extending(asked: ExtensionInput, ids: list[int], zone: str) -> writes.Extending:
    if asked.until:
        return writes.Extending(ids=ids, until=asked.until.isoformat(), default_zone=zone)
    if not asked.days or not 1 <= asked.days <= MOST_DAYS:
        raise BadInput(f"extension must say until when, or by 1 to {MOST_DAYS} days.")
    return writes.Extending(ids=ids, days=asked.days, default_zone=zone)


async def _explain(
    info: Info, profile_id: str, ids: list[int]
) -> ProfileUnknown | BenefitUnknown | NotExtendable | RefusedByOmneo:
    await info.context.forget()
    if await info.context.loaders.profile_by_id.load(profile_id) is None:
        return ProfileUnknown()
    benefits = await asyncio.gather(*(info.context.loaders.benefit_by_id.load(each) for each in ids))
    known = [each for each in benefits if each is not None and each.profile_id == profile_id]
    if len(known) < len(ids):
        return BenefitUnknown()
    fixed = [each.id for each in known if each.definition.is_extendable is False]
    return NotExtendable(fixed) if fixed else RefusedByOmneo()
