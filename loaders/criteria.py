"""Which benefits are wanted: what Omneo can filter by itself, and what is checked on every row all the same."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import omneo

# Wall clocks differ from one another by at most 26 hours (UTC-12 to UTC+14).
_CLOCKS_DIFFER = timedelta(hours=26)


class BenefitCriteria(NamedTuple):
    """Say which benefits are wanted; None and () stand for any. Moments are aware, lower bounds inclusive.

    Omneo filters by equality exactly, but compares times as written, whatever zone each benefit's are in, and loses
    benefits that never expire; whether one is expired or redeemable it does not filter at all (API.md §4.2, §9). So
    those are checked here, row by row, over what a wider question upstream returns.
    """

    definition_id: str | None = None
    external_id: str | None = None
    tags: tuple[str, ...] = ()
    expired: bool | None = None
    redeemable: bool | None = None
    claimed: bool | None = None
    issued_after: datetime | None = None
    issued_before: datetime | None = None
    expires_after: datetime | None = None
    expires_before: datetime | None = None

    @property
    def scanned(self) -> bool:
        """Tell whether rows must be looked at one by one, so that only a reading of the list can count them."""
        exact = (self.definition_id, self.external_id, self.tags)
        return self != BenefitCriteria(definition_id=exact[0], external_id=exact[1], tags=exact[2])

    def upstream(self, now: datetime) -> omneo.Filters:
        """Ask for no fewer rows than are wanted, and for as few more as Omneo allows."""
        expires_before = self.expires_before or (now if self.expired else None)
        return omneo.Filters.of(
            benefit_definition_id=self.definition_id,
            external_id=self.external_id,
            issued_at__gte=_written(self.issued_after, -_CLOCKS_DIFFER),
            issued_at__lte=_written(self.issued_before, _CLOCKS_DIFFER),
            expires_at__lte=_written(expires_before, _CLOCKS_DIFFER),
            tags=self.tags,
        )

    def matches(self, benefit: omneo.Benefit, zone: ZoneInfo) -> bool:
        """Tell whether one benefit is wanted; `zone` is the tenant's, for benefits that name none."""
        if self is ANY_BENEFIT:
            return True
        return (
            self.definition_id in (None, benefit.definition.id)
            and self.external_id in (None, benefit.external_id)
            and (not self.tags or not set(self.tags).isdisjoint(benefit.definition.tags))
            and self.expired in (None, benefit.is_expired)
            and self.redeemable in (None, benefit.is_redeemable)
            and self.claimed in (None, benefit.claimed_at is not None)
            and _within(benefit.issued_at, benefit, zone, self.issued_after, self.issued_before, when_never=False)
            and _within(
                benefit.expires_at,
                benefit,
                zone,
                self.expires_after,
                self.expires_before,
                when_never=self.expires_before is None,
            )
        )


ANY_BENEFIT = BenefitCriteria()


def _within(
    written: str | None,
    benefit: omneo.Benefit,
    zone: ZoneInfo,
    after: datetime | None,
    before: datetime | None,
    *,
    when_never: bool,
) -> bool:
    if after is None and before is None:
        return True
    moment = omneo.wall_time(written, benefit.timezone, zone)
    if moment is None:
        return when_never
    return (after is None or moment >= after) and (before is None or moment < before)


def _written(moment: datetime | None, widened_by: timedelta) -> str | None:
    if moment is None:
        return None
    with suppress(OverflowError):  # at the end of the calendar there is nothing beyond
        moment += widened_by
    return omneo.to_wall(moment, ZoneInfo("UTC"))
