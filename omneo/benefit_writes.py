"""Benefits: the routes that change them. Each sends one call, never repeated here (API.md §6)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from omneo.benefit import Benefit
from omneo.client import Client
from omneo.errors import Invalid, Landed
from omneo.record import IdText, Record, mend
from omneo.redemption import Redemption

_ANOTHERS = "another write's answer"


async def assign_benefit(
    client: Client,
    *,
    profile_id: str,
    definition_id: str,
    issued_at: str,
    timezone: str,
    expires_at: str | None = None,
    external_id: str | None = None,
    value: Decimal | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Benefit:
    """Give a profile a benefit. Times are wall time in `timezone`; without `expires_at` the period decides."""
    body = _given(
        profile_id=profile_id,
        benefit_definition_id=definition_id,
        issued_at=issued_at,
        timezone=timezone,
        expires_at=expires_at,
        external_id=external_id,
        value=value,
        meta=meta,
    )
    return _own(await client.post("/benefits", body, Benefit), profile_id, external_id)


async def claim_benefit(
    client: Client,
    *,
    profile_id: str,
    definition: str,
    timezone: str,
    external_id: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Benefit:
    """Claim a definition, by its handle, for a profile (C-2)."""
    body = _given(definition=definition, timezone=timezone, external_id=external_id, meta=meta)
    benefit = await client.post("/profiles/{profile}/benefits/claim", body, Benefit, profile=profile_id)
    return _own(benefit, profile_id, external_id)


def _own(benefit: Benefit, profile_id: str, external_id: str | None) -> Benefit:
    """Make sure that an answer is the answer to this write: over a connection that a proxy left in disorder another's
    may come. Raises `Invalid` then; whether the write landed is for a read-back to say."""
    is_own = benefit.profile_id.lower() == profile_id and benefit.external_id in (external_id, None)
    if external_id is not None and not is_own:
        raise Invalid(landed=Landed.UNKNOWN, detail=_ANOTHERS)
    return benefit


async def claim_and_redeem_benefit(
    client: Client,
    *,
    profile_id: str,
    definition: str,
    timezone: str,
    external_id: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Redemption:
    """Claim a definition and redeem the benefit at once (C-4)."""
    body = _given(definition=definition, timezone=timezone, external_id=external_id, meta=meta)
    made = await client.post("/profiles/{profile}/benefits/claim-redeem", body, Redemption, profile=profile_id)
    for item in made.items:
        if item.benefit is not None:
            _own(item.benefit, profile_id, external_id)
    return _of(made, profile_id)


async def redeem_benefit(client: Client, profile_id: str, benefit_id: int, count: int = 1) -> Redemption:
    """Use `count` redemptions of a benefit (C-3)."""
    made = await client.post(
        "/profiles/{profile}/benefits/{benefit}/redeem",
        {"count": count},
        Redemption,
        profile=profile_id,
        benefit=benefit_id,
    )
    used = {item.benefit.id for item in made.items if item.benefit is not None}
    if used and benefit_id not in used:
        raise Invalid(landed=Landed.UNKNOWN, detail=_ANOTHERS)
    return _of(made, profile_id)


def _of(redemption: Redemption, profile_id: str) -> Redemption:
    if redemption.profile_id.lower() != profile_id:
        raise Invalid(landed=Landed.UNKNOWN, detail=_ANOTHERS)
    return redemption


async def extend_benefits(
    client: Client, profile_id: str, benefit_ids: Sequence[int], *, days: int | None = None, date: str | None = None
) -> list[Benefit]:
    """Put off the expiry of a profile's benefits, by days or to a wall time; exactly one of the two."""
    body = _given(profile_id=profile_id, ids=list(benefit_ids), extend_days=days, extend_date=date)
    extended = await client.post("/benefits/extend", body, list[Benefit])
    if not extended or any(each.id not in benefit_ids or each.profile_id.lower() != profile_id for each in extended):
        raise Invalid(landed=Landed.UNKNOWN, detail=_ANOTHERS)
    return extended


class Queued(Record, frozen=True, kw_only=True):
    """What Omneo says of a batch it took: that it took it. What comes of each row is seen later (API.md §6)."""

    batch_id: IdText = ""

    texts = ("batch_id",)

    def __post_init__(self) -> None:
        mend(self)


async def assign_many(client: Client, rows: Sequence[Mapping[str, Any]]) -> Queued:
    """Queue 1 to 500 benefits to be given, each a row as `POST /benefits` takes it (API.md §7.1, "Batch items")."""
    return await client.post_whole("/benefits/batch.json", {"benefits": list(rows)}, Queued)


async def delete_benefit(client: Client, benefit_id: int) -> None:
    """Take a benefit away."""
    await client.delete("/benefits/{benefit}", benefit=benefit_id)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
