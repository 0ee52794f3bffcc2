"""What a benefit is: the definition every benefit of its kind is made from."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import field
from strawberry.scalars import JSON

from resolvers.access import needs
from resolvers.benefit_definition import (
    loaded_field,
    loaded_word,
    resolve_benefit_definition,
    resolve_benefit_definitions,
    resolve_period,
)
from resolvers.claimability import Claimability, resolve_claimability
from resolvers.times import tenant_time, utc_time
from resolvers.words import BenefitType, PeriodType
from schema.paging import Connection
from schema.refusals import BenefitMutationError
from schema.views import view_of

_LOADED = needs("read-benefit-definitions")  # the copy inside a benefit lacks it, so it takes the definition itself
_STAFF = needs("read-benefit-definitions", members=False)


@strawberry.type(description="A market of the retailer, such as a country.")
class Region:
    id: strawberry.ID = field(description="Omneo's number for the region.")
    name: str | None = field(description="Its name, as people know it.")
    handle: str | None = field(description="Its name, as programs know it.")


@strawberry.type(description="Whether a profile may claim a benefit now.")
class BenefitClaimability:
    can_claim: bool = field(description="Whether a claim would be granted, as Omneo judges it.")
    reasons: list[BenefitMutationError] = field(
        description="What stands in the way, each as `claimBenefit` would answer it; empty when nothing does."
    )
    is_type_of = view_of(Claimability)


@strawberry.type(
    description="A kind of benefit: what it gives, to whom, for how long, and how it is claimed and redeemed."
)
class BenefitDefinition:
    id: strawberry.ID = field(description="Omneo's number for the definition.")
    name: str = field(description="Its name, shown to members and staff.")
    handle: str = field(description="Its name, as programs know it; unique, and what a claim refers to.")
    tags: list[str] = field(description="Handles of the tags it carries.")
    type: BenefitType | None = field(
        resolver=loaded_word("type", BenefitType),
        description="The kind of thing it gives; null when not said.",
        metadata=_LOADED,
    )
    value = field(
        resolver=loaded_field("value"),
        graphql_type=Decimal | None,
        description="What it is worth, if that is a number.",
        metadata=_LOADED,
    )
    campaign = field(
        resolver=loaded_field("campaign"),
        graphql_type=str | None,
        description="The campaign it belongs to.",
        metadata=_LOADED,
    )
    same_campaign_count: int | None = field(description="How many definitions belong to the same campaign.")
    external_id = field(
        resolver=loaded_field("external_id"),
        graphql_type=str | None,
        description="The retailer's own reference.",
        metadata=_LOADED,
    )
    region_id: strawberry.ID | None = field(description="The region it is limited to; null when it holds everywhere.")
    region: Region | None = field(description="The region it is limited to; null when it holds everywhere.")
    currency: str | None = field(description="The ISO 4217 currency its value is in.")
    meta: JSON | None = field(description="Whatever the retailer stored with it.")

    short_description: str | None = field(description="One line for a list or a card.")
    long_description: str | None = field(description="The full text for members; may contain HTML.")
    terms_conditions: str | None = field(description="The small print.")
    earn_instructions: str | None = field(description="How a member comes by it.")
    redeem_instructions_store: str | None = field(description="How it is redeemed in a store.")
    redeem_instructions_online: str | None = field(description="How it is redeemed in the web shop.")
    redeem_code_pos: str | None = field(description="The code everyone redeems with at a till, if it is shared.")
    redeem_code_online: str | None = field(description="The code everyone redeems with online, if it is shared.")
    icon: str | None = field(description="Address of its icon.")
    image_url: str | None = field(description="Address of its picture.")
    description: str | None = field(
        description="What it is, in words for staff; members read `shortDescription`. Services only.",
        metadata=_STAFF,
    )
    internal_notes: str | None = field(
        description="Notes among staff. Services only.",
        metadata=_STAFF,
    )

    claimability = field(
        resolver=resolve_claimability,
        graphql_type=BenefitClaimability | None,
        description="Whether a profile may claim it now, and if not, why; null for a member who asks for another.",
        metadata=needs("read-profiles", "read-benefits", "read-benefit-definitions"),
    )

    period: int = field(
        resolver=resolve_period, description="How long a benefit lives after it is issued, in units of `periodType`."
    )
    period_type: PeriodType | None = field(
        resolver=loaded_word("period_type", PeriodType),
        description="The unit of `period`, or the rule in its place.",
        metadata=_LOADED,
    )
    absolute_expiry = field(
        resolver=loaded_field("absolute_expiry"),
        graphql_type=str | None,
        description="When all benefits of this kind end, for the absolute kinds of `periodType`; as Omneo writes it.",
        metadata=_LOADED,
    )
    end_at: datetime | None = field(resolver=tenant_time("end_at"), description="When the definition itself ends.")

    is_published: bool | None = field(description="Whether members may see it.")
    is_archived: bool | None = field(description="Whether it has been retired.")
    is_assignable: bool | None = field(description="Whether staff may give it to a member.")
    is_reassignable: bool | None = field(description="Whether a benefit may be moved to another member.")
    is_extendable: bool | None = field(description="Whether the expiry of a benefit may be put off.")
    is_claimable: bool | None = field(description="Whether members may claim it themselves.")
    is_reclaimable: bool | None = field(description="Whether the same member may claim it more than once.")
    allow_user_redeem: bool | None = field(description="Whether members may redeem it themselves.")

    claim_period_start_at: datetime | None = field(
        resolver=tenant_time("claim_period_start_at"), description="From when on it can be claimed; null for always."
    )
    claim_period_end_at: datetime | None = field(
        resolver=tenant_time("claim_period_end_at"), description="Until when it can be claimed; null for no end."
    )
    claim_timeframe: JSON | None = field(description="A further limit on when it can be claimed, as Omneo writes it.")
    claim_condition: JSON | None = field(
        description="What must be true of a profile to claim it, as a JSON Logic rule; null for everyone."
    )
    view_condition: JSON | None = field(
        description="What must be true of a profile to be shown it, as a JSON Logic rule; null for everyone."
    )
    visibility_condition = field(
        resolver=loaded_field("visibility_condition"),
        graphql_type=JSON | None,
        description="A further JSON Logic rule on who sees it.",
        metadata=_LOADED,
    )

    max_redemptions: int | None = field(description="How often one benefit can be redeemed; null for without limit.")
    max_global_redemptions: int | None = field(
        description="How often all benefits of this kind can be redeemed together; null for without limit."
    )
    total_global_redemptions = field(
        resolver=loaded_field("total_global_redemptions"),
        graphql_type=int | None,
        description="How often benefits of this kind have been redeemed so far.",
        metadata=_LOADED,
    )
    total_global_redemptions_remaining = field(
        resolver=loaded_field("total_global_redemptions_remaining"),
        graphql_type=int | None,
        description="How many redemptions are left of `maxGlobalRedemptions`.",
        metadata=_LOADED,
    )
    total_global_created = field(
        resolver=loaded_field("total_global_created"),
        graphql_type=int | None,
        description="How many benefits of this kind have been issued.",
        metadata=_LOADED,
    )
    total_allocations: int | None = field(description="The size of its pool of codes, if each benefit gets its own.")
    total_allocations_remaining: int | None = field(description="How many codes are left in the pool.")
    force_allocation: bool | None = field(description="Whether a benefit is only issued with a code from the pool.")

    notify_schedule_offset: int | None = field(
        description="Shift of the notification schedule, as Omneo tells it; its unit is not documented."
    )
    notify_issue_offset_days: int | None = field(description="Days after issue at which the member is told of it.")
    notify_issue_offset_hour: int | None = field(description="Hour of the day at which the member is told of it.")
    notify_remind_offset_days: int | None = field(description="Days before expiry at which the member is reminded.")
    notify_remind_offset_hour: int | None = field(description="Hour of the day at which the member is reminded.")
    notify_extend_offset_days: int | None = field(description="Days after an extension at which the member is told.")
    notify_extend_offset_hour: int | None = field(description="Hour of the day at which the member is told of it.")
    issue_target_id: strawberry.ID | None = field(
        description="What is triggered when a benefit is issued. Services only.",
        metadata=_STAFF,
    )
    remind_target_id: strawberry.ID | None = field(
        description="What is triggered before a benefit expires. Services only.",
        metadata=_STAFF,
    )
    extend_target_id: strawberry.ID | None = field(
        description="What is triggered when a benefit is extended. Services only.",
        metadata=_STAFF,
    )
    created_at: datetime | None = field(resolver=utc_time("created_at"), description="When it was made, in UTC.")
    updated_at: datetime | None = field(resolver=utc_time("updated_at"), description="When it last changed, in UTC.")


@strawberry.type
class BenefitDefinitionQuery:
    benefit_definition = field(
        resolver=resolve_benefit_definition,
        graphql_type=BenefitDefinition | None,
        description="One definition, by its id or its handle; null when there is none, or the caller may not see it.",
        metadata=_LOADED,
    )
    benefit_definitions = field(
        resolver=resolve_benefit_definitions,
        graphql_type=Connection[BenefitDefinition],
        description="All definitions, oldest first; members see the published ones that are not archived.",
        metadata=_LOADED,
    )
