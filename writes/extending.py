"""Putting off the end of benefits: recognised by the new end, computed before it is sent."""

import asyncio
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

import omneo
from telemetry import Trace
from writes.intents import Intent
from writes.outcomes import Kind
from writes.reading import held

_AT_ONCE = 8


class Standing(msgspec.Struct, frozen=True):
    """Note how one benefit stood before."""

    expires_at: str | None
    extended_at: str | None
    timezone: str | None


class Extending(msgspec.Struct, frozen=True, kw_only=True):
    """Note what is extended, by days or until a moment (ISO 8601), and how each benefit stood before."""

    ids: list[int]
    days: int | None = None
    until: str | None = None
    default_zone: str = "UTC"
    before: dict[str, Standing] = {}

    def note(self) -> str:
        """Write it into an intent."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def noted(intent: Intent) -> "Extending":
        """Read it from an intent."""
        return _noted(intent.note)

    def until_wall(self) -> str | None:
        """Write `until` as wall time in the zone the benefits are kept in; None where days are added.

        Raises `InvalidId` where they are kept in several, for one wall time would be several moments; and where one of
        them would end sooner, for this never takes away.
        """
        if self.until is None:
            return None
        if any(self._shortens(standing) for standing in self.before.values()):
            raise omneo.InvalidId(
                "extension.until lies before the present end of at least one of these benefits: name a later moment."
            )
        walls = {self._ends(standing) for standing in self.before.values()}
        if len(walls) > 1:
            raise omneo.InvalidId(
                "These benefits are kept in different time zones: extend those of each zone by a request of their own."
            )
        return walls.pop()

    def shows(self, benefit: omneo.Benefit) -> bool:
        """Tell whether a benefit has been extended so since it was noted."""
        standing = self.before[str(benefit.id)]
        has_changed = (benefit.expires_at, benefit.extended_at) != (standing.expires_at, standing.extended_at)
        return has_changed and (self._ends(standing) in (None, benefit.expires_at))

    def _shortens(self, standing: Standing) -> bool:
        end, zone = standing.expires_at, ZoneInfo(self.default_zone)
        return self.until is not None and omneo.comes_before(self.until, end, standing.timezone, zone)

    def _ends(self, standing: Standing) -> str | None:
        if self.until is not None:
            return omneo.wall_in(self.until, standing.timezone, ZoneInfo(self.default_zone))
        return omneo.days_later(standing.expires_at, self.days or 0)


_noted = msgspec.json.Decoder(Extending).decode


def extend_kind(upstream: omneo.Upstream) -> Kind[list[omneo.Benefit]]:
    """Describe the extension of some of a profile's benefits. Never sent twice: days would be added twice.

    The write lands as a whole, so one benefit that shows it proves it; those that Omneo left out are not answered.
    """

    async def prepare(intent: Intent, trace: Trace) -> str:
        asked = Extending.noted(intent)
        benefits = await _all_held(upstream.as_service(trace), intent.profile_id, asked.ids)
        before = {str(each.id): Standing(each.expires_at, each.extended_at, each.timezone) for each in benefits}
        return replace(asked, before=before).note()

    async def find(intent: Intent, trace: Trace) -> list[omneo.Benefit] | None:
        client, asked = upstream.as_service(trace), Extending.noted(intent)
        if intent.reference:
            ids = [int(each) for each in intent.reference.split(",")]
            return await _all_held(client, intent.profile_id, ids, missing_ok=True) or None
        benefits = await _all_held(client, intent.profile_id, asked.ids, missing_ok=True)
        return [each for each in benefits if asked.shows(each)] or None

    return Kind(
        operation="extend",
        find=find,
        reference=lambda benefits: ",".join(str(each.id) for each in benefits),
        prepare=prepare,
        resend=False,
    )


async def _all_held(
    client: omneo.Client, profile_id: str, ids: list[int], *, missing_ok: bool = False
) -> list[omneo.Benefit]:
    """Read benefits of this profile by id, in order. Raises `NotFound`, unless missing ones are left out."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(benefit_id: int) -> omneo.Benefit | None:
        async with gate:
            try:
                return await held(client, profile_id, benefit_id)
            except omneo.NotFound:
                if missing_ok:
                    return None
                raise

    found = await asyncio.gather(*(one(each) for each in ids))
    return [each for each in found if each is not None]
