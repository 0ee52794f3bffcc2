"""The refusals a screen can show, each a type, all of one interface."""

from datetime import datetime

import strawberry
from strawberry import field

from resolvers import outcomes
from resolvers.outcomes import BenefitErrorCode
from schema.benefit import Benefit
from schema.views import view_of


@strawberry.interface(description="Why a write was not made, or is not settled yet.")
class BenefitMutationError:
    code: BenefitErrorCode = field(description="The reason, in one word.")
    message: str = field(description="The reason in a sentence, for a developer; show your own words to members.")
    retryable: bool = field(description="Whether the same request may be answered differently when repeated.")


@strawberry.type(description="There is no such profile.")
class ProfileUnknown(BenefitMutationError):
    is_type_of = view_of(outcomes.ProfileUnknown)


@strawberry.type(description="There is no such benefit definition, or the caller may not see it.")
class DefinitionUnknown(BenefitMutationError):
    is_type_of = view_of(outcomes.DefinitionUnknown)


@strawberry.type(description="Members cannot claim this benefit; it is given out in other ways, or retired.")
class NotClaimable(BenefitMutationError):
    is_type_of = view_of(outcomes.NotClaimable)


@strawberry.type(description="The benefit cannot be claimed yet.")
class ClaimWindowNotOpen(BenefitMutationError):
    opens_at: datetime | None = field(description="From when on it can be claimed.")
    is_type_of = view_of(outcomes.ClaimWindowNotOpen)


@strawberry.type(description="The benefit can no longer be claimed.")
class ClaimWindowClosed(BenefitMutationError):
    closed_at: datetime | None = field(description="Until when it could be claimed.")
    is_type_of = view_of(outcomes.ClaimWindowClosed)


@strawberry.type(description="The profile does not meet the benefit's condition, such as a tier or a tag.")
class ConditionNotMet(BenefitMutationError):
    is_type_of = view_of(outcomes.ConditionNotMet)


@strawberry.type(description="The profile claimed this benefit before, and it can be claimed once only.")
class AlreadyClaimed(BenefitMutationError):
    benefit: Benefit = field(description="The benefit they have from that claim.")
    is_type_of = view_of(outcomes.AlreadyClaimed)


@strawberry.type(description="None of this benefit are left, for anyone.")
class AllocationExhausted(BenefitMutationError):
    is_type_of = view_of(outcomes.AllocationExhausted)


@strawberry.type(description="The idempotency key was used before, for a different request.")
class KeyReused(BenefitMutationError):
    is_type_of = view_of(outcomes.KeyReused)


@strawberry.type(
    description="The request was sent and its answer was lost, so the outcome is not known yet. Repeat it with the "
    "same key, as often as you like: there will be one benefit at most."
)
class BenefitPending(BenefitMutationError):
    operation_id: strawberry.ID = field(description="Ask `benefitOperation` for the outcome with this.")
    is_type_of = view_of(outcomes.BenefitPending)


@strawberry.type(description="Omneo refused, for a reason the gateway could not determine.")
class RefusedByOmneo(BenefitMutationError):
    is_type_of = view_of(outcomes.RefusedByOmneo)
