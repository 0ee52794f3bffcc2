"""Changing a benefit definition."""

import msgspec

import omneo
import writes
from context import Info
from resolvers.definition_fields import as_asked, upstream_fields
from resolvers.definition_inputs import UpdateDefinitionArgument
from resolvers.inputs import BadInput, idempotency_key
from resolvers.marks import asks
from resolvers.outcomes import BenefitDefinitionUpdated, UpdateDefinitionOutcome
from resolvers.refusals import DefinitionUnknown, HandleTaken, RefusedByOmneo
from resolvers.writing import perform, unfinished

# The definition as it is; the write.
worst_case_calls = 1 + 1


@asks("PUT /benefits/definitions/{definition}", worst_case_calls)
async def resolve_update_benefit_definition(info: Info, input: UpdateDefinitionArgument) -> UpdateDefinitionOutcome:
    key = idempotency_key(input.idempotency_key)
    definition_id = omneo.definition_id(input.id, field="id")
    fields = upstream_fields(input, info.context.zone)
    if not fields:
        raise BadInput("Say what to change: no field was given.")
    before = await info.context.loaders.definition_by_id.load(definition_id)
    if before is None:
        return DefinitionUnknown()

    async def send(client: omneo.Client, intent: writes.Intent) -> omneo.BenefitDefinition:
        return await omneo.update_definition(client, definition_id, fields)

    outcome = await perform(
        info,
        info.context.kinds.update_definition,
        send,
        key=key,
        profile_id="",
        target=definition_id,
        asked=as_asked(fields),
        note=msgspec.json.encode(fields).decode(),
    )
    await info.context.forget(before, settings=True)
    match outcome:
        case writes.Done(value=definition):
            await info.context.forget(definition, settings=True)  # its handle may be another now
            return BenefitDefinitionUpdated(definition)
        case writes.Refused(cause=omneo.NotFound()):
            return DefinitionUnknown()
        case writes.Refused(cause=omneo.Refused() as cause):
            return HandleTaken() if "handle" in cause.fields else RefusedByOmneo()
        case _:
            return unfinished(outcome)
