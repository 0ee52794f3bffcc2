"""Read-backs that several writes share. All use the server token and look within the intent's profile alone."""

from collections.abc import Awaitable
from typing import TypeVar

import omneo
from writes.intents import Intent

T = TypeVar("T")

OPERATION_META = "gateway_operation"  # where in `meta` an operation's id stands beside a caller's own external id


async def by_operation(client: omneo.Client, intent: Intent) -> omneo.Benefit | None:
    """Find the oldest benefit that carries the operation's id: as its external id or, where the caller gave one of
    their own (`intent.note`), in its meta."""
    look_up = omneo.find_by_external_id(client, intent.note or intent.external_id, profile_id=intent.profile_id)
    found = await of_profile(client, intent.profile_id, look_up) or []
    if intent.note:
        found = [benefit for benefit in found if (benefit.meta or {}).get(OPERATION_META) == intent.external_id]
    return min(found, key=lambda benefit: benefit.id, default=None)


async def of_profile(client: omneo.Client, profile_id: str, found: Awaitable[T]) -> T | None:
    """Await what is read of a profile; None where there is no such profile. That it is not there is not taken from one
    answer: the profile's own route has to say so too. Raises `NotFound` where that says otherwise."""
    try:
        return await found
    except omneo.NotFound:
        try:
            await omneo.fetch_profile(client, profile_id)
        except omneo.NotFound:
            return None
        raise


async def held(client: omneo.Client, profile_id: str, benefit_id: int) -> omneo.Benefit:
    """Read one benefit of this profile. Raises `NotFound`, also where another profile holds it."""
    benefit = await omneo.fetch_benefit(client, benefit_id)
    if benefit.profile_id != profile_id:
        raise omneo.NotFound
    return benefit
