"""The writes on benefits: how each is found again at Omneo, by the id it was sent with or by what it made."""

from dataclasses import dataclass

import omneo
from telemetry import Trace
from writes.intents import Intent
from writes.outcomes import Kind

OPERATION_META = "gateway_operation"  # where in `meta` an operation's id stands beside a caller's own external id


@dataclass(frozen=True)
class Kinds:
    """Hold one kind per write."""

    assign: Kind[omneo.Benefit]
    claim: Kind[omneo.Benefit]

    def all(self) -> list[Kind[omneo.Benefit]]:
        """List every kind."""
        return [self.assign, self.claim]


def benefit_kinds(upstream: omneo.Upstream) -> Kinds:
    """Describe the writes that make a benefit. They are read back with the server token, within the profile."""

    async def find(intent: Intent, trace: Trace) -> omneo.Benefit | None:
        client = upstream.as_service(trace)
        if intent.reference:
            return await _by_reference(client, intent)
        return await _by_operation(client, intent)

    def kind(operation: str) -> Kind[omneo.Benefit]:
        return Kind(operation=operation, find=find, reference=lambda benefit: str(benefit.id))

    return Kinds(assign=kind("assign"), claim=kind("claim"))


async def _by_reference(client: omneo.Client, intent: Intent) -> omneo.Benefit | None:
    try:
        benefit = await omneo.fetch_benefit(client, int(intent.reference))
    except omneo.NotFound:
        return None
    return benefit if benefit.profile_id == intent.profile_id else None


async def _by_operation(client: omneo.Client, intent: Intent) -> omneo.Benefit | None:
    """Find the oldest benefit that carries the operation's id: as its external id or, where the caller gave one of
    their own (`intent.note`), in its meta."""
    found = await omneo.find_by_external_id(client, intent.note or intent.external_id, profile_id=intent.profile_id)
    if intent.note:
        found = [benefit for benefit in found if (benefit.meta or {}).get(OPERATION_META) == intent.external_id]
    return min(found, key=lambda benefit: benefit.id, default=None)
