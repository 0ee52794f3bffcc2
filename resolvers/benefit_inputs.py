"""What may be asked of benefits: the input of every mutation that gives, claims, redeems, extends or takes one."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import UNSET, field
from strawberry.scalars import JSON

from resolvers.inputs import BenefitDefinitionLookupInput

KEY = "Your own name for this intent: 1 to 255 visible ASCII characters. Repeat it when you repeat the request."
_ZONE = "IANA zone its times are kept in, such as `Australia/Melbourne`; the retailer's own when not given."
_META = "Anything to store with it: a JSON object."
_FOR_WHOM = "For whom. A member leaves it out or names themselves; a service must say it."


@strawberry.input(description="A benefit to give to a profile.")
class AssignBenefitInput:
    profile_id: strawberry.ID = field(description="Who receives it.")
    definition: BenefitDefinitionLookupInput = field(description="What to give.")
    idempotency_key: str = field(description=KEY)
    issued_at: datetime | None = field(default=None, description="When it counts as issued; now when not given.")
    expires_at: datetime | None = field(
        default=None, description="When it ends; when not given, the definition's period decides."
    )
    timezone: str | None = field(default=None, description=_ZONE)
    external_id: str | None = field(
        default=None, description="Your own reference for it; the gateway keeps one of its own when there is none."
    )
    value: Decimal | None = field(default=None, description="What it is worth, if that differs by benefit.")
    meta: JSON | None = field(default=None, description=_META)


@strawberry.input(description="One row of a batch: a benefit to give to a profile.")
class AssignBenefitsRowInput:
    profile_id: strawberry.ID = field(description="Who receives it.")
    definition: BenefitDefinitionLookupInput = field(description="What to give.")
    issued_at: datetime | None = field(default=None, description="When it counts as issued; now when not given.")
    expires_at: datetime | None = field(
        default=None, description="When it ends; when not given, the definition's period decides."
    )
    timezone: str | None = field(default=None, description=_ZONE)
    value: Decimal | None = field(default=None, description="What it is worth, if that differs by benefit.")
    meta: JSON | None = field(default=None, description=_META)


@strawberry.input(description="Benefits to give to many profiles at once.")
class AssignBenefitsInput:
    rows: list[AssignBenefitsRowInput] = field(description="What to give to whom: 1 to 500 rows.")
    idempotency_key: str = field(description=KEY)


@strawberry.input(description="A benefit to claim.")
class ClaimBenefitInput:
    profile_id: strawberry.ID | None = field(default=None, description=_FOR_WHOM)
    definition: BenefitDefinitionLookupInput = field(description="What to claim.")
    idempotency_key: str = field(description=KEY)
    timezone: str | None = field(default=None, description=_ZONE)
    meta: JSON | None = field(default=None, description=_META)
    dry_run: bool = field(default=False, description="Check only: say what a claim would be answered, claim nothing.")


@strawberry.input(description="A benefit to claim and to redeem at once.")
class ClaimAndRedeemBenefitInput:
    profile_id: strawberry.ID | None = field(default=None, description=_FOR_WHOM)
    definition: BenefitDefinitionLookupInput = field(description="What to claim and redeem.")
    idempotency_key: str = field(description=KEY)
    timezone: str | None = field(default=None, description=_ZONE)
    meta: JSON | None = field(default=None, description=_META)


@strawberry.input(description="A benefit to redeem.")
class RedeemBenefitInput:
    benefit_id: strawberry.ID = field(description="Which benefit; for a member, one of their own.")
    profile_id: strawberry.ID | None = field(
        default=None, description="Who holds it, if that is known: for a service it saves a look-up."
    )
    idempotency_key: str = field(description=KEY)
    count: int = field(default=1, description="How many redemptions to use, from 1.")


@strawberry.input(one_of=True, description="How far to put off an expiry: one of the two.")
class ExtensionInput:
    days: int | None = field(default=UNSET, description="By so many days from each benefit's own end, 1 to 3650.")
    until: datetime | None = field(
        default=UNSET, description="To this moment, which must not lie before the present end of any of them."
    )


@strawberry.input(description="Benefits of one profile whose expiry to put off.")
class ExtendBenefitsInput:
    profile_id: strawberry.ID = field(description="Who holds them.")
    benefit_ids: list[strawberry.ID] = field(description="Which benefits: 1 to 50, each once.")
    extension: ExtensionInput = field(description="How far to put it off.")
    idempotency_key: str = field(description=KEY)


@strawberry.input(description="A benefit to take away for good.")
class RevokeBenefitInput:
    benefit_id: strawberry.ID = field(description="Which benefit.")
    idempotency_key: str = field(description=KEY)


AssignArgument = Annotated[AssignBenefitInput, strawberry.argument(description="What to give, and to whom.")]
AssignManyArgument = Annotated[AssignBenefitsInput, strawberry.argument(description="What to give, and to whom.")]
ClaimArgument = Annotated[ClaimBenefitInput, strawberry.argument(description="What to claim, and for whom.")]
ClaimAndRedeemArgument = Annotated[
    ClaimAndRedeemBenefitInput, strawberry.argument(description="What to claim and redeem, and for whom.")
]
RedeemArgument = Annotated[RedeemBenefitInput, strawberry.argument(description="What to redeem, and how often.")]
ExtendArgument = Annotated[ExtendBenefitsInput, strawberry.argument(description="Which benefits, and how far.")]
RevokeArgument = Annotated[RevokeBenefitInput, strawberry.argument(description="Which benefit.")]
