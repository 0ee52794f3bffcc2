"""What each write answers: a union of its success and of the refusals it can meet."""

from typing import Annotated

import strawberry
from strawberry import field

from resolvers import outcomes
from resolvers.assign_many import resolve_queued_rows
from schema.batch import BenefitBatchRow
from schema.benefit import Benefit
from schema.benefit_definition import BenefitDefinition
from schema.paging import Connection
from schema.redemption import Redemption
from schema.refusals import (
    AllocationExhausted,
    AlreadyClaimed,
    BenefitExpired,
    BenefitPending,
    BenefitUnknown,
    ClaimWindowClosed,
    ClaimWindowNotOpen,
    ConditionNotMet,
    DefinitionUnknown,
    HandleTaken,
    KeyReused,
    NotClaimable,
    NotExtendable,
    NothingToRedeem,
    NotSelfRedeemable,
    ProfileUnknown,
    RefusedByOmneo,
)
from schema.views import view_of


@strawberry.type(description="The profile holds the benefit now.")
class BenefitAssigned:
    benefit: Benefit = field(description="The benefit that was assigned.")
    is_type_of = view_of(outcomes.BenefitAssigned)


@strawberry.type(
    description="Omneo has taken the batch and works it off by itself. Ask `benefitOperation` how far it is."
)
class BenefitsQueued:
    operation_id: strawberry.ID = field(description="Ask `benefitOperation` for the batch with this.")
    rows = field(
        resolver=resolve_queued_rows,
        graphql_type=Connection[BenefitBatchRow],
        description="The rows, in the order they were given.",
    )
    is_type_of = view_of(outcomes.BenefitsQueued)


@strawberry.type(description="The profile holds the benefit now.")
class BenefitClaimed:
    benefit: Benefit = field(description="The benefit that was claimed.")
    is_type_of = view_of(outcomes.BenefitClaimed)


@strawberry.type(description="Nothing stands in the way of a claim; the answer to a dry run.")
class BenefitClaimable:
    definition: BenefitDefinition = field(description="What can be claimed.")
    is_type_of = view_of(outcomes.BenefitClaimable)


@strawberry.type(description="The redemptions have been used.")
class BenefitRedeemed:
    redemption: Redemption = field(description="The record of it.")
    benefit: Benefit | None = field(description="The benefit, as it is after; null when it no longer exists.")
    is_type_of = view_of(outcomes.BenefitRedeemed)


@strawberry.type(description="The benefit was claimed, and redeemed once.")
class BenefitClaimedAndRedeemed:
    benefit: Benefit = field(description="The benefit, as it is after.")
    redemption: Redemption = field(description="The record of its redemption.")
    is_type_of = view_of(outcomes.BenefitClaimedAndRedeemed)


@strawberry.type(description="The benefits end later now.")
class BenefitsExtended:
    benefits: list[Benefit] = field(description="The benefits that were extended, as they are after.")
    is_type_of = view_of(outcomes.BenefitsExtended)


@strawberry.type(description="The benefit is no more.")
class BenefitRevoked:
    benefit_id: strawberry.ID = field(description="Which benefit it was.")
    benefit: Benefit | None = field(description="The benefit as it was; null when a repeat finds it gone.")
    is_type_of = view_of(outcomes.BenefitRevoked)


@strawberry.type(description="The benefit definition exists now.")
class BenefitDefinitionCreated:
    definition: BenefitDefinition = field(description="The definition that was made.")
    is_type_of = view_of(outcomes.BenefitDefinitionCreated)


@strawberry.type(description="The benefit definition says now what was asked for.")
class BenefitDefinitionUpdated:
    definition: BenefitDefinition = field(description="The definition, as it is after.")
    is_type_of = view_of(outcomes.BenefitDefinitionUpdated)


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
AssignBenefitsResult = Annotated[
    BenefitsQueued | DefinitionUnknown | KeyReused | BenefitPending | RefusedByOmneo,
    strawberry.union("AssignBenefitsResult", description="What became of a batch of assignments."),
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
ClaimAndRedeemBenefitResult = Annotated[
    BenefitClaimedAndRedeemed
    | BenefitClaimed
    | ProfileUnknown
    | DefinitionUnknown
    | NotClaimable
    | ClaimWindowNotOpen
    | ClaimWindowClosed
    | ConditionNotMet
    | AlreadyClaimed
    | AllocationExhausted
    | NothingToRedeem
    | NotSelfRedeemable
    | KeyReused
    | BenefitPending
    | RefusedByOmneo,
    strawberry.union(
        "ClaimAndRedeemBenefitResult",
        description="What became of a claim with redemption; `BenefitClaimed` where Omneo shows the claim alone.",
    ),
]
RedeemBenefitResult = Annotated[
    BenefitRedeemed
    | BenefitUnknown
    | BenefitExpired
    | NothingToRedeem
    | NotSelfRedeemable
    | KeyReused
    | BenefitPending
    | RefusedByOmneo,
    strawberry.union("RedeemBenefitResult", description="What became of a redemption."),
]
ExtendBenefitsResult = Annotated[
    BenefitsExtended | ProfileUnknown | BenefitUnknown | NotExtendable | KeyReused | BenefitPending | RefusedByOmneo,
    strawberry.union("ExtendBenefitsResult", description="What became of an extension."),
]
RevokeBenefitResult = Annotated[
    BenefitRevoked | BenefitUnknown | KeyReused | BenefitPending | RefusedByOmneo,
    strawberry.union("RevokeBenefitResult", description="What became of a revocation."),
]
CreateBenefitDefinitionResult = Annotated[
    BenefitDefinitionCreated | HandleTaken | KeyReused | BenefitPending | RefusedByOmneo,
    strawberry.union("CreateBenefitDefinitionResult", description="What became of a new definition."),
]
UpdateBenefitDefinitionResult = Annotated[
    BenefitDefinitionUpdated | DefinitionUnknown | HandleTaken | KeyReused | BenefitPending | RefusedByOmneo,
    strawberry.union("UpdateBenefitDefinitionResult", description="What became of a change of a definition."),
]
