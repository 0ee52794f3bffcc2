"""Taking a benefit away."""

import omneo
import writes
from context import Info
from resolvers.benefit_inputs import RevokeArgument
from resolvers.inputs import idempotency_key
from resolvers.marks import asks
from resolvers.outcomes import BenefitRevoked, RevokeOutcome
from resolvers.refusals import BenefitUnknown, RefusedByOmneo
from resolvers.writing import made_before, perform, unfinished

# The benefit; the write.
worst_case_calls = 1 + 1


@asks("DELETE /benefits/{benefit}", worst_case_calls)
async def resolve_revoke_benefit(info: Info, input: RevokeArgument) -> RevokeOutcome:
    key = idempotency_key(input.idempotency_key)
    benefit_id = omneo.benefit_id(input.benefit_id, field="benefitId")
    kind = info.context.kinds.revoke
    benefit = await info.context.loaders.benefit_by_id.load(benefit_id)
    if benefit is None:
        before = await made_before(info, kind, key, target=str(benefit_id))  # gone, perhaps by this very key
        if before is None:
            return BenefitUnknown()
        profile_id = before.profile_id
    else:
        profile_id = benefit.profile_id

    async def send(client: omneo.Client, intent: writes.Intent) -> writes.Revoked:
        await omneo.delete_benefit(client, benefit_id)
        return writes.Revoked(benefit_id)

    outcome = await perform(info, kind, send, key=key, profile_id=profile_id, target=str(benefit_id), asked=[])
    match outcome:
        case writes.Done():
            await info.context.forget(None if benefit is None else benefit.definition)
            return BenefitRevoked(benefit_id, benefit)
        case writes.Refused(cause=omneo.NotFound()):
            await info.context.forget()
            return BenefitUnknown()
        case writes.Refused(cause=omneo.Refused()):
            return RefusedByOmneo()
        case _:
            return unfinished(outcome)
