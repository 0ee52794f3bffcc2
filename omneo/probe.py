"""Which list filters this tenant honours: found out once, before the first request (ADR 6)."""

import asyncio
from dataclasses import dataclass

import telemetry
from omneo.benefit import list_benefits, list_benefits_of_profiles
from omneo.client import Client
from omneo.errors import OmneoError
from omneo.filters import Filters
from omneo.paging import Window
from omneo.profile import fetch_profiles, list_profiles

NOBODY = "00000000-0000-4000-8000-000000000000"
PROBE_S = 2.0
_ONE = Window(offset=0, first=1)


@dataclass(slots=True)
class Capabilities:
    """Say which list filters can be relied on. What is found to be ignored is not used again in this process."""

    profiles_by_id: bool = False
    benefits_by_profile: bool = False

    def distrust(self, capability: str) -> None:
        """Switch a capability off for good."""
        if getattr(self, capability):
            setattr(self, capability, False)
            telemetry.log("omneo.filter_ignored", level="warning", capability=capability)


async def probe(client: Client) -> Capabilities:
    """Ask for what cannot exist, and for something that does beside it.

    An ignored filter answers the first question with rows; one that does not know the comma answers the second with
    none (API.md §12, U-2, U-3). What fails or takes longer than 2 seconds in all counts as not honoured.
    """
    try:
        async with asyncio.timeout(PROBE_S):
            profiles, benefits = await asyncio.gather(_profiles_by_id(client), _benefits_by_profile(client))
    except (TimeoutError, OmneoError) as error:
        telemetry.log("omneo.probe_failed", level="warning", error=type(error).__name__)
        return Capabilities()
    return Capabilities(profiles_by_id=profiles, benefits_by_profile=benefits)


async def _profiles_by_id(client: Client) -> bool:
    if await fetch_profiles(client, [NOBODY]):
        return False
    some = (await list_profiles(client, _ONE, Filters())).rows
    return [row.id for row in await fetch_profiles(client, [NOBODY, *(row.id for row in some)])] == [
        row.id for row in some
    ]


async def _benefits_by_profile(client: Client) -> bool:
    if (await list_benefits_of_profiles(client, [NOBODY], _ONE, Filters())).rows:
        return False
    some = (await list_benefits(client, _ONE, Filters())).rows
    owners = {benefit.profile_id for benefit in some}
    found = (await list_benefits_of_profiles(client, [NOBODY, *owners], _ONE, Filters())).rows
    return {benefit.profile_id for benefit in found} == owners
