"""Read-backs that several writes share. All use the server token and look within the intent's profile alone."""

import omneo
from writes.intents import Intent

OPERATION_META = "gateway_operation"  # where in `meta` an operation's id stands beside a caller's own external id


async def by_operation(client: omneo.Client, intent: Intent) -> omneo.Benefit | None:
    """Find the oldest benefit that carries the operation's id: as its external id or, where the caller gave one of
    their own (`intent.note`), in its meta."""
    found = await omneo.find_by_external_id(client, intent.note or intent.external_id, profile_id=intent.profile_id)
    if intent.note:
        found = [benefit for benefit in found if (benefit.meta or {}).get(OPERATION_META) == intent.external_id]
    return min(found, key=lambda benefit: benefit.id, default=None)


async def held(client: omneo.Client, profile_id: str, benefit_id: int) -> omneo.Benefit:
    """Read one benefit of this profile. Raises `NotFound`, also where another profile holds it."""
    benefit = await omneo.fetch_benefit(client, benefit_id)
    if benefit.profile_id != profile_id:
        raise omneo.NotFound
    return benefit
