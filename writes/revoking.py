"""Taking a benefit away: its absence is what a read-back looks for."""

from dataclasses import dataclass

import omneo
from telemetry import Trace
from writes.intents import Intent
from writes.outcomes import Kind


@dataclass(frozen=True)
class Revoked:
    """Say which benefit is no more."""

    benefit_id: int


def revoke_kind(upstream: omneo.Upstream) -> Kind[Revoked]:
    """Describe the deletion of `intent.target`. Sent again it does no more than it did, so it may be."""

    async def find(intent: Intent, trace: Trace) -> Revoked | None:
        try:
            await omneo.fetch_benefit(upstream.as_service(trace), int(intent.target))
        except omneo.NotFound:
            return Revoked(int(intent.target))
        return None

    return Kind(operation="revoke", find=find, reference=lambda revoked: str(revoked.benefit_id))
