"""Redemptions: the record and its routes (API.md §7.4)."""

import msgspec

from omneo.benefit import Benefit
from omneo.client import Client
from omneo.errors import Invalid, Landed
from omneo.location import Location
from omneo.paging import Page, Window, read_window
from omneo.record import Json, Many, Record, mend


class RedemptionTransaction(Record, frozen=True, kw_only=True):
    """The sale a redemption belongs to."""

    external_id: str | None = None
    receipt_ref: str | None = None
    transacted_at: str | None = None
    total: float | None = None


class RedemptionItem(Record, frozen=True, kw_only=True):
    """One thing redeemed. `type_attributes` is the whole of it, by `type`, and is read only where it is a benefit."""

    id: int
    type: str
    value: float | None = None
    count: int | None = None
    type_attributes: msgspec.Raw = msgspec.Raw(b"null")
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def benefit(self) -> Benefit | None:
        """The redeemed benefit, as it was after; None for other kinds, and where Omneo leaves it out or removed it.

        Raises `Invalid` for what is no benefit.
        """
        if self.type != "benefit" or bytes(self.type_attributes) in _NOTHING:
            return None
        try:
            return _benefit.decode(self.type_attributes)
        except msgspec.DecodeError as error:
            raise Invalid(landed=Landed.UNKNOWN, detail="a redeemed benefit that is none") from error


_NOTHING = (b"null", b"{}", b"[]")
_benefit = msgspec.json.Decoder(Benefit, strict=False)


class Redemption(Record, frozen=True, kw_only=True):
    """A record of something spent or given back."""

    id: int
    profile_id: str
    type: str
    items: Many[RedemptionItem] = []
    profile: Json = None
    total: float | None = None
    total_localised: float | None = None
    meta: Json = None
    location_id: int | None = None
    location: Location | None = None
    transaction_id: int | None = None
    transaction: RedemptionTransaction | None = None
    redeem_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    objects = ("meta",)
    lists = ("items",)

    def __post_init__(self) -> None:
        mend(self)


async def list_redemptions(client: Client, profile_id: str, window: Window) -> Page[Redemption]:
    """Read a window of a profile's redemptions, oldest first."""
    return await read_window(client, "/profiles/{profile}/redemptions", Redemption, window, profile=profile_id)


async def newest_redemptions(client: Client, profile_id: str, count: int) -> list[Redemption]:
    """Read a profile's latest redemptions, at most so many, in no order to rely on.

    Asked for newest first; should a tenant not sort so (API.md §12, U-11), the end of the list is read instead.
    """
    params = (("sort", "-created_at"), ("page[size]", str(count)))
    rows = await client.get("/profiles/{profile}/redemptions", list[Redemption], params, profile=profile_id)
    if len(rows) < 2 or rows[0].id > rows[-1].id:
        return rows
    total = (await list_redemptions(client, profile_id, Window(offset=0, first=1))).total
    return (await list_redemptions(client, profile_id, Window(offset=max(0, total - count), first=count))).rows


async def fetch_redemption(client: Client, profile_id: str, redemption_id: int) -> Redemption:
    """Read one redemption of a profile. Raises `NotFound`."""
    return await client.get(
        "/profiles/{profile}/redemptions/{redemption}", Redemption, profile=profile_id, redemption=redemption_id
    )
