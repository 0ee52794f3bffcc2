"""A benefit in a member's hands, how it is read, and how one is assigned or claimed."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import field
from strawberry.scalars import JSON

from resolvers.access import needs
from resolvers.benefit import resolve_benefit, resolve_benefit_profile, resolve_benefits
from resolvers.times import benefit_time, utc_time
from schema.benefit_definition import BenefitDefinition
from schema.paging import Connection

if TYPE_CHECKING:
    from schema.profile import Profile


@strawberry.type(description="A benefit one profile holds: made from a definition, with an expiry and redemptions.")
class Benefit:
    id: strawberry.ID = field(description="Omneo's number for this benefit.")
    profile_id: strawberry.ID = field(description="Who holds it.")
    external_id: str | None = field(description="The reference its issuer gave it.")
    expires_at: datetime | None = field(
        resolver=benefit_time("expires_at"),
        description="Last moment of use: wall time in the benefit's zone, with its offset. Null when it never lapses.",
    )
    issued_at: datetime | None = field(
        resolver=benefit_time("issued_at"), description="When it was issued, in the benefit's zone."
    )
    claimed_at: datetime | None = field(
        resolver=benefit_time("claimed_at"),
        description="When the member claimed it, in the benefit's zone; null when it was assigned.",
    )
    extended_at: datetime | None = field(
        resolver=benefit_time("extended_at"), description="When its expiry was last put off; null when it never was."
    )
    is_expired: bool = field(description="Whether it has lapsed.")
    is_redeemable: bool = field(description="Whether it can be redeemed now.")
    redemptions_remaining: int | None = field(description="How often it can still be redeemed; null for without limit.")
    total_global_redemptions_remaining: int | None = field(
        description="How often all benefits of its definition can still be redeemed together; null for without limit."
    )
    timezone: str | None = field(description="IANA zone its times are kept in; null for the retailer's own.")
    value: Decimal | None = field(description="What this one is worth, if it has a value of its own.")
    is_combined: bool | None = field(description="Whether it stands for several benefits combined.")
    combine_meta: JSON | None = field(description="What was combined into it.")
    meta: JSON | None = field(description="Whatever was stored with it.")
    redeem_code_pos: str | None = field(description="The code to redeem it with at a till.")
    redeem_code_online: str | None = field(description="The code to redeem it with online.")
    source_type: str | None = field(description="What kind of thing issued it, as Omneo names it; null when not said.")
    source_id: strawberry.ID | None = field(description="Which thing of `sourceType` issued it; null when not said.")
    created_at: datetime | None = field(resolver=utc_time("created_at"), description="When it was made, in UTC.")
    updated_at: datetime | None = field(resolver=utc_time("updated_at"), description="When it last changed, in UTC.")
    definition: BenefitDefinition = field(description="What it is: the definition it was made from.")
    profile = field(
        resolver=resolve_benefit_profile,
        graphql_type=Annotated["Profile", strawberry.lazy("schema.profile")] | None,
        description="Who holds it; null when the profile no longer exists.",
        metadata=needs("read-profiles"),
    )


@strawberry.type
class BenefitQuery:
    benefit = field(
        resolver=resolve_benefit,
        graphql_type=Benefit | None,
        description="One benefit by its id; for a member, one of their own. Null when there is none.",
        metadata=needs("read-benefits"),
    )
    benefits = field(
        resolver=resolve_benefits,
        graphql_type=Connection[Benefit],
        description="All benefits of the retailer's members, oldest first. Services only.",
        metadata=needs("read-benefits", members=False),
    )
