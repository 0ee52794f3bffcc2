"""The writes there are, and how those that make one benefit are found again at Omneo, by the id they were sent with."""

from dataclasses import dataclass
from typing import Any

import omneo
from telemetry import Trace
from writes.assigning import Taken, assign_many_kind
from writes.defining import create_definition_kind, update_definition_kind
from writes.extending import extend_kind
from writes.intents import Intent
from writes.outcomes import Kind
from writes.reading import by_operation
from writes.redeeming import ClaimedAndRedeemed, claim_and_redeem_kind, redeem_kind
from writes.revoking import Revoked, revoke_kind


@dataclass(frozen=True)
class Kinds:
    """Hold one kind per write."""

    assign: Kind[omneo.Benefit]
    assign_many: Kind[Taken]
    claim: Kind[omneo.Benefit]
    redeem: Kind[omneo.Redemption]
    claim_and_redeem: Kind[ClaimedAndRedeemed]
    extend: Kind[list[omneo.Benefit]]
    revoke: Kind[Revoked]
    create_definition: Kind[omneo.BenefitDefinition]
    update_definition: Kind[omneo.BenefitDefinition]

    def all(self) -> list[Kind[Any]]:
        """List every kind."""
        return list(vars(self).values())


def benefit_kinds(upstream: omneo.Upstream) -> Kinds:
    """Describe all writes. They are read back with the server token, within the profile."""
    return Kinds(
        assign=_one_benefit(upstream, "assign"),
        assign_many=assign_many_kind(upstream),
        claim=_one_benefit(upstream, "claim"),
        redeem=redeem_kind(upstream),
        claim_and_redeem=claim_and_redeem_kind(upstream),
        extend=extend_kind(upstream),
        revoke=revoke_kind(upstream),
        create_definition=create_definition_kind(upstream),
        update_definition=update_definition_kind(upstream),
    )


def _one_benefit(upstream: omneo.Upstream, operation: str) -> Kind[omneo.Benefit]:
    async def find(intent: Intent, trace: Trace) -> omneo.Benefit | None:
        client = upstream.as_service(trace)
        if intent.reference:
            return await _by_reference(client, intent)
        return await by_operation(client, intent)

    return Kind(operation=operation, find=find, reference=lambda benefit: str(benefit.id))


async def _by_reference(client: omneo.Client, intent: Intent) -> omneo.Benefit | None:
    try:
        benefit = await omneo.fetch_benefit(client, int(intent.reference))
    except omneo.NotFound:
        return None
    return benefit if benefit.profile_id == intent.profile_id else None
