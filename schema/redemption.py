"""What was spent, returned or undone, and on what."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import field
from strawberry.scalars import JSON

from resolvers.redemption import redeemed_benefit, redeemed_type, redemption_type
from resolvers.times import tenant_time, utc_time
from resolvers.words import RedeemedType, RedemptionType
from schema.benefit import Benefit
from schema.location import Location


@strawberry.type(description="The sale a redemption belongs to.")
class RedemptionTransaction:
    external_id: str | None = field(description="The till's or shop's number of the sale.")
    receipt_ref: str | None = field(description="What is printed on the receipt.")
    transacted_at: datetime | None = field(
        resolver=tenant_time("transacted_at"), description="When the sale was made, in the retailer's zone."
    )
    total: Decimal | None = field(description="What the sale came to.")


@strawberry.type(description="One thing that was redeemed.")
class RedemptionItem:
    id: strawberry.ID = field(description="Omneo's number for the item.")
    type: RedeemedType | None = field(resolver=redeemed_type, description="What kind of thing was redeemed.")
    value: Decimal | None = field(description="How much was spent, for money and points.")
    count: int | None = field(description="How many redemptions were used, for a benefit.")
    benefit = field(
        resolver=redeemed_benefit,
        graphql_type=Benefit | None,
        description="The benefit, as it was after; null for other kinds.",
    )
    created_at: datetime | None = field(resolver=utc_time("created_at"), description="When it was made, in UTC.")
    updated_at: datetime | None = field(resolver=utc_time("updated_at"), description="When it last changed, in UTC.")


@strawberry.type(description="A record of something spent or given back.")
class Redemption:
    id: strawberry.ID = field(description="Omneo's number for the redemption.")
    profile_id: strawberry.ID = field(description="Whose redemption it is.")
    type: RedemptionType | None = field(resolver=redemption_type, description="What happened.")
    total: Decimal | None = field(description="How much money was spent; null when only benefits were redeemed.")
    total_localised: Decimal | None = field(description="The same in the profile's currency.")
    meta: JSON | None = field(description="Whatever was stored with it.")
    location_id: strawberry.ID | None = field(description="Omneo's number for the place where it happened.")
    location: Location | None = field(description="Where it happened.")
    transaction_id: strawberry.ID | None = field(description="Omneo's number of the sale it belongs to.")
    transaction: RedemptionTransaction | None = field(description="The sale it belongs to.")
    redeem_at: datetime | None = field(resolver=utc_time("redeem_at"), description="When it happened, in UTC.")
    items: list[RedemptionItem] = field(description="What was redeemed.")
    created_at: datetime | None = field(resolver=utc_time("created_at"), description="When it was made, in UTC.")
    updated_at: datetime | None = field(resolver=utc_time("updated_at"), description="When it last changed, in UTC.")
