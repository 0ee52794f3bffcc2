"""Making a benefit definition: once for one key."""

import omneo
import writes
from context import Info
from resolvers.definition_fields import as_asked, upstream_fields
from resolvers.definition_inputs import CreateDefinitionArgument
from resolvers.inputs import idempotency_key
from resolvers.marks import asks
from resolvers.outcomes import BenefitDefinitionCreated, CreateDefinitionOutcome
from resolvers.refusals import HandleTaken, RefusedByOmneo
from resolvers.writing import perform, unfinished

# The handle, which must be free; the write.
worst_case_calls = 1 + 1


@asks("POST /benefits/definitions", worst_case_calls)
async def resolve_create_benefit_definition(info: Info, input: CreateDefinitionArgument) -> CreateDefinitionOutcome:
    key = idempotency_key(input.idempotency_key)
    fields = upstream_fields(input, info.context.zone)

    async def send(client: omneo.Client, intent: writes.Intent) -> omneo.BenefitDefinition:
        external_id = fields.get("external_id") or intent.external_id
        return await omneo.create_definition(client, fields | {"external_id": external_id})

    outcome = await perform(
        info,
        info.context.kinds.create_definition,
        send,
        key=key,
        profile_id="",
        target=input.handle,
        asked=as_asked(fields),
        note=input.external_id or "",
    )
    match outcome:
        case writes.Done(value=definition):
            await info.context.forget(definition, settings=True)
            return BenefitDefinitionCreated(definition)
        case writes.Refused(cause=omneo.Refused() as cause):
            return HandleTaken() if "handle" in cause.fields else RefusedByOmneo()
        case _:
            return unfinished(outcome)
