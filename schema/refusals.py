"""The refusals a screen can show, each a type, all of one interface."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import field
from strawberry.scalars import JSON

from resolvers import conditions, refusals
from resolvers.conditions import Truth
from resolvers.refusals import BenefitErrorCode
from schema.views import view_of

if TYPE_CHECKING:
    from schema.benefit import Benefit


@strawberry.interface(description="Why a write was not made, or is not settled yet.")
class BenefitMutationError:
    code: BenefitErrorCode = field(description="The reason, in one word.")
    message: str = field(description="The reason in a sentence, for a developer; show your own words to members.")
    retryable: bool = field(description="Whether the same request may be answered differently when repeated.")


@strawberry.type(description="There is no such profile.")
class ProfileUnknown(BenefitMutationError):
    is_type_of = view_of(refusals.ProfileUnknown)


@strawberry.type(description="There is no such benefit definition, or the caller may not see it.")
class DefinitionUnknown(BenefitMutationError):
    is_type_of = view_of(refusals.DefinitionUnknown)


@strawberry.type(description="Members cannot claim this benefit; it is given out in other ways, or retired.")
class NotClaimable(BenefitMutationError):
    is_type_of = view_of(refusals.NotClaimable)


@strawberry.type(description="The benefit cannot be claimed yet.")
class ClaimWindowNotOpen(BenefitMutationError):
    opens_at: datetime | None = field(description="From when on it can be claimed.")
    is_type_of = view_of(refusals.ClaimWindowNotOpen)


@strawberry.type(description="The benefit can no longer be claimed.")
class ClaimWindowClosed(BenefitMutationError):
    closed_at: datetime | None = field(description="Until when it could be claimed.")
    is_type_of = view_of(refusals.ClaimWindowClosed)


@strawberry.type(description="One of the things a condition asks for.")
class ConditionClause:
    rule: JSON = field(description="The clause, as JSON Logic.")
    holds: Truth = field(description="Whether it holds for the profile.")
    is_type_of = view_of(conditions.Clause)


@strawberry.type(description="The profile does not meet the benefit's condition, such as a tier or a tag.")
class ConditionNotMet(BenefitMutationError):
    clauses: list[ConditionClause] = field(
        description="The clauses of the condition that do not hold, or of which it is not known whether they do."
    )
    is_type_of = view_of(refusals.ConditionNotMet)


@strawberry.type(description="The profile claimed this benefit before, and it can be claimed once only.")
class AlreadyClaimed(BenefitMutationError):
    benefit: Annotated["Benefit", strawberry.lazy("schema.benefit")] = field(
        description="The benefit they have from that claim."
    )
    is_type_of = view_of(refusals.AlreadyClaimed)


@strawberry.type(description="None of this benefit are left, for anyone.")
class AllocationExhausted(BenefitMutationError):
    is_type_of = view_of(refusals.AllocationExhausted)


@strawberry.type(description="There is no such benefit, or it is not this profile's.")
class BenefitUnknown(BenefitMutationError):
    is_type_of = view_of(refusals.BenefitUnknown)


@strawberry.type(description="The benefit has lapsed, so it can no longer be redeemed.")
class BenefitExpired(BenefitMutationError):
    expired_at: datetime | None = field(description="When it lapsed.")
    is_type_of = view_of(refusals.BenefitExpired)


@strawberry.type(description="The benefit has been used up, or has fewer redemptions left than were asked for.")
class NothingToRedeem(BenefitMutationError):
    redemptions_remaining: int = field(description="How many redemptions are left.")
    is_type_of = view_of(refusals.NothingToRedeem)


@strawberry.type(description="Members do not redeem this benefit themselves: they show it at the till.")
class NotSelfRedeemable(BenefitMutationError):
    is_type_of = view_of(refusals.NotSelfRedeemable)


@strawberry.type(description="The expiry of at least one of the benefits cannot be put off; nothing was extended.")
class NotExtendable(BenefitMutationError):
    benefit_ids: list[strawberry.ID] = field(description="The benefits that stand in the way.")
    is_type_of = view_of(refusals.NotExtendable)


@strawberry.type(description="Another benefit definition has this handle.")
class HandleTaken(BenefitMutationError):
    is_type_of = view_of(refusals.HandleTaken)


@strawberry.type(
    description="The idempotency key was used before: for a different request, or for this one, and what it made has "
    "been removed since."
)
class KeyReused(BenefitMutationError):
    is_type_of = view_of(refusals.KeyReused)


@strawberry.type(
    description="The request was sent and its answer was lost, so the outcome is not known yet. Repeat it with the "
    "same key, as often as you like: there will be one benefit at most."
)
class BenefitPending(BenefitMutationError):
    operation_id: strawberry.ID = field(description="Ask `benefitOperation` for the outcome with this.")
    is_type_of = view_of(refusals.BenefitPending)


@strawberry.type(description="Omneo refused, for a reason the gateway could not determine.")
class RefusedByOmneo(BenefitMutationError):
    is_type_of = view_of(refusals.RefusedByOmneo)
