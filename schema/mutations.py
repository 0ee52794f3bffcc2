"""Writes: each takes one input and answers with its success or the refusal."""

from typing import Annotated

import strawberry
from strawberry import field

from resolvers import outcomes
from resolvers.access import needs
from resolvers.assign import resolve_assign_benefit
from resolvers.claim import resolve_claim_benefit
from schema.benefit import Benefit
from schema.benefit_definition import BenefitDefinition
from schema.refusals import (
    AllocationExhausted,
    AlreadyClaimed,
    BenefitPending,
    ClaimWindowClosed,
    ClaimWindowNotOpen,
    ConditionNotMet,
    DefinitionUnknown,
    KeyReused,
    NotClaimable,
    ProfileUnknown,
    RefusedByOmneo,
)
from schema.views import view_of


@strawberry.type(description="The profile holds the benefit now.")
class BenefitAssigned:
    benefit: Benefit = field(description="The benefit that was assigned.")
    is_type_of = view_of(outcomes.BenefitAssigned)


@strawberry.type(description="The profile holds the benefit now.")
class BenefitClaimed:
    benefit: Benefit = field(description="The benefit that was claimed.")
    is_type_of = view_of(outcomes.BenefitClaimed)


@strawberry.type(description="Nothing stands in the way of a claim; the answer to a dry run.")
class BenefitClaimable:
    definition: BenefitDefinition = field(description="What can be claimed.")
    is_type_of = view_of(outcomes.BenefitClaimable)


AssignBenefitResult = Annotated[
    BenefitAssigned
    | ProfileUnknown
    | DefinitionUnknown
    | AllocationExhausted
    | KeyReused
    | BenefitPending
    | RefusedByOmneo,
    strawberry.union("AssignBenefitResult", description="What became of an assignment."),
]

ClaimBenefitResult = Annotated[
    BenefitClaimed
    | BenefitClaimable
    | ProfileUnknown
    | DefinitionUnknown
    | NotClaimable
    | ClaimWindowNotOpen
    | ClaimWindowClosed
    | ConditionNotMet
    | AlreadyClaimed
    | AllocationExhausted
    | KeyReused
    | BenefitPending
    | RefusedByOmneo,
    strawberry.union("ClaimBenefitResult", description="What became of a claim."),
]


@strawberry.type
class BenefitMutation:
    assign_benefit = strawberry.mutation(
        resolver=resolve_assign_benefit,
        graphql_type=AssignBenefitResult,
        description="Give a benefit to a profile. Services only. Safe to repeat with the same idempotencyKey.",
        metadata=needs("create-benefits", members=False),
    )
    claim_benefit = strawberry.mutation(
        resolver=resolve_claim_benefit,
        graphql_type=ClaimBenefitResult,
        description="Claim a benefit, as the member or on their behalf. Safe to repeat with the same idempotencyKey.",
        metadata=needs("create-benefits"),
    )
