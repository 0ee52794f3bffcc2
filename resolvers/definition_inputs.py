"""What may be said of a benefit definition, when one is made or changed."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import UNSET, field
from strawberry.scalars import JSON

from resolvers.benefit_inputs import KEY
from resolvers.words import BenefitType, PeriodType


@strawberry.input
class _Texts:
    short_description: str | None = field(default=UNSET, description="One line for a list or a card.")
    long_description: str | None = field(default=UNSET, description="The full text for members; may contain HTML.")
    terms_conditions: str | None = field(default=UNSET, description="The small print.")
    earn_instructions: str | None = field(default=UNSET, description="How a member comes by it.")
    redeem_instructions_store: str | None = field(default=UNSET, description="How it is redeemed in a store.")
    redeem_instructions_online: str | None = field(default=UNSET, description="How it is redeemed in the web shop.")
    redeem_code_pos: str | None = field(default=UNSET, description="A code everyone redeems with at a till.")
    redeem_code_online: str | None = field(default=UNSET, description="A code everyone redeems with online.")
    icon: str | None = field(default=UNSET, description="Address of its icon.")
    image_url: str | None = field(default=UNSET, description="Address of its picture.")
    description: str | None = field(
        default=UNSET, description="What it is, in words for staff; members never see them."
    )
    internal_notes: str | None = field(default=UNSET, description="Notes among staff; members never see them.")


@strawberry.input
class _Fields(_Texts):
    period_type: PeriodType | None = field(default=UNSET, description="The unit of `period`, or the rule in its place.")
    absolute_expiry: str | None = field(
        default=UNSET, description="When all benefits of this kind end, for the absolute kinds of `periodType`."
    )
    end_at: datetime | None = field(default=UNSET, description="When the definition itself ends.")
    type: BenefitType | None = field(default=UNSET, description="The kind of thing it gives.")
    value: Decimal | None = field(default=UNSET, description="What it is worth, if that is a number.")
    currency: str | None = field(default=UNSET, description="The ISO 4217 currency its value is in.")
    campaign: str | None = field(default=UNSET, description="The campaign it belongs to.")
    tags: list[str] | None = field(default=UNSET, description="Its tags; replaces all it has.")
    meta: JSON | None = field(default=UNSET, description="Anything to store with it: a JSON object.")
    is_published: bool | None = field(default=UNSET, description="Whether members may see it.")
    is_archived: bool | None = field(default=UNSET, description="Whether it is retired.")
    is_assignable: bool | None = field(default=UNSET, description="Whether staff may give it to a member.")
    is_reassignable: bool | None = field(default=UNSET, description="Whether a benefit may move to another member.")
    is_extendable: bool | None = field(default=UNSET, description="Whether the expiry of a benefit may be put off.")
    is_claimable: bool | None = field(default=UNSET, description="Whether members may claim it themselves.")
    is_reclaimable: bool | None = field(default=UNSET, description="Whether a member may claim it more than once.")
    allow_user_redeem: bool | None = field(default=UNSET, description="Whether members may redeem it themselves.")
    claim_period_start_at: datetime | None = field(default=UNSET, description="From when on it can be claimed.")
    claim_period_end_at: datetime | None = field(default=UNSET, description="Until when it can be claimed.")
    claim_condition: JSON | None = field(
        default=UNSET, description="What must be true of a profile to claim it: a JSON Logic rule."
    )
    view_condition: JSON | None = field(
        default=UNSET, description="What must be true of a profile to be shown it: a JSON Logic rule."
    )
    max_redemptions: int | None = field(
        default=UNSET, description="How often one benefit can be redeemed; null for without limit."
    )
    max_global_redemptions: int | None = field(
        default=UNSET, description="How often all benefits of this kind can be redeemed together; null for no limit."
    )
    force_allocation: bool | None = field(
        default=UNSET, description="Whether a benefit is only issued with a code from the pool."
    )


@strawberry.input(description="A new benefit definition. What is not given is as Omneo sets it.")
class CreateBenefitDefinitionInput(_Fields):
    name: str = field(description="Its name, as members read it.")
    handle: str = field(description="Its unique handle: letters, digits, dots, dashes or underscores.")
    period: int = field(description="How long a benefit lives after it is issued, in units of `periodType`; from 0.")
    external_id: str | None = field(
        default=None, description="Your own reference for it; the gateway keeps one of its own when there is none."
    )
    idempotency_key: str = field(description=KEY)


@strawberry.input(description="A benefit definition and what to change of it. What is not given stays; null empties.")
class UpdateBenefitDefinitionInput(_Fields):
    id: strawberry.ID = field(description="Which definition, by its number.")
    name: str | None = field(default=UNSET, description="Its name, as members read it.")
    handle: str | None = field(default=UNSET, description="Its unique handle.")
    period: int | None = field(
        default=UNSET, description="How long a benefit lives after it is issued, in units of `periodType`; from 0."
    )
    external_id: str | None = field(default=UNSET, description="Your own reference for it.")
    idempotency_key: str = field(description=KEY)


CreateDefinitionArgument = Annotated[
    CreateBenefitDefinitionInput, strawberry.argument(description="The definition to make.")
]
UpdateDefinitionArgument = Annotated[
    UpdateBenefitDefinitionInput, strawberry.argument(description="Which definition, and what to change of it.")
]
