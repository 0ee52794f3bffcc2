"""Assigning a benefit: once for one key, whoever repeats the request."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import omneo
import writes
from context import Info
from resolvers.benefit_inputs import AssignArgument, AssignBenefitInput, AssignBenefitsRowInput
from resolvers.eligibility import pool_left
from resolvers.inputs import BadInput, idempotency_key, json_object, own_reference, zone_name
from resolvers.marks import asks
from resolvers.outcomes import AssignOutcome, BenefitAssigned
from resolvers.refusals import AllocationExhausted, DefinitionUnknown, ProfileUnknown, RefusedByOmneo
from resolvers.writing import definition_named, perform, unfinished

# The definition; the write; after a refusal the profile and the definition anew.
worst_case_calls = 1 + 1 + 2


@asks("POST /benefits", worst_case_calls)
async def resolve_assign_benefit(info: Info, input: AssignArgument) -> AssignOutcome:
    key = idempotency_key(input.idempotency_key)
    profile_id = omneo.profile_id(input.profile_id, field="profileId")
    wanted = _wanted(input, info.context.zone)
    definition = await definition_named(info, info.context.kinds.assign, key, input.definition)
    if definition is None:
        return DefinitionUnknown()

    async def send(client: omneo.Client, intent: writes.Intent) -> omneo.Benefit:
        return await omneo.assign_benefit(
            client,
            profile_id=profile_id,
            definition_id=definition.id,
            **_with_operation(wanted, intent.external_id),
        )

    outcome = await perform(
        info,
        info.context.kinds.assign,
        send,
        key=key,
        profile_id=profile_id,
        target=definition.id,
        asked=[*as_asked(input), input.external_id],
        note=wanted["external_id"] or "",
    )
    match outcome:
        case writes.Done(value=benefit):
            await info.context.forget(definition)
            return BenefitAssigned(benefit)
        case writes.Refused(cause=omneo.Refused() | omneo.NotFound()):
            return await _explain(info, profile_id, definition)
        case _:
            return unfinished(outcome)


def _wanted(input: AssignBenefitInput, default_zone: ZoneInfo) -> dict[str, Any]:
    wanted = in_omneos_words(input, default_zone) | {"external_id": None}
    if input.external_id is None:
        return wanted
    if writes.OPERATION_META in (wanted["meta"] or {}):
        raise BadInput(f"meta must not hold {writes.OPERATION_META}, which the gateway keeps there.")
    return wanted | {"external_id": own_reference(input.external_id)}


def in_omneos_words(input: AssignBenefitInput | AssignBenefitsRowInput, default_zone: ZoneInfo) -> dict[str, Any]:
    """Put what is to be given in Omneo's words: moments become wall time in the benefit's zone (ADR 3)."""
    timezone = zone_name(input.timezone, default_zone)
    zone = ZoneInfo(timezone)
    return {
        "timezone": timezone,
        "issued_at": omneo.to_wall(input.issued_at or datetime.now(UTC), zone),
        "expires_at": None if input.expires_at is None else omneo.to_wall(input.expires_at, zone),
        "value": input.value,
        "meta": json_object(input.meta, field="meta"),
    }


def as_asked(input: AssignBenefitInput | AssignBenefitsRowInput) -> list[Any]:
    """List what makes two requests the same; what is filled in for the caller, such as now, does not count."""
    moments = [moment and moment.isoformat() for moment in (input.issued_at, input.expires_at)]
    value = None if input.value is None else str(input.value)
    return [*moments, input.timezone, value, input.meta]


def _with_operation(wanted: dict[str, Any], operation_id: str) -> dict[str, Any]:
    """Leave the operation's id on the benefit: as its external id, or in its meta where the caller gave their own."""
    if wanted["external_id"] is None:
        return wanted | {"external_id": operation_id}
    return wanted | {"meta": (wanted["meta"] or {}) | {writes.OPERATION_META: operation_id}}


async def _explain(info: Info, profile_id: str, definition: omneo.BenefitDefinition) -> AssignOutcome:
    await info.context.forget(definition)
    if await info.context.loaders.profile_by_id.load(profile_id) is None:
        return ProfileUnknown()
    fresh = await info.context.loaders.definition_by_id.load(definition.id)
    if fresh is None:
        return DefinitionUnknown()
    return AllocationExhausted() if pool_left(fresh) == 0 else RefusedByOmneo()
