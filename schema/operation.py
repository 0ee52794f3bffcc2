"""What became of a write whose answer was late."""

import strawberry
from strawberry import field

import writes
from resolvers.access import needs
from resolvers.operation import (
    BenefitOperationKind,
    BenefitOperationState,
    resolve_benefit_operation,
    resolve_operation_benefit,
    resolve_operation_benefits,
    resolve_operation_definition,
    resolve_operation_kind,
    resolve_operation_redemption,
    resolve_operation_rows,
    resolve_operation_state,
)
from schema.batch import BenefitBatchRow
from schema.benefit import Benefit
from schema.benefit_definition import BenefitDefinition
from schema.paging import Connection
from schema.redemption import Redemption
from schema.views import view_of


@strawberry.type(description="One write, from its first sending to its outcome.")
class BenefitOperation:
    id: strawberry.ID = field(description="Its id, as `BenefitPending` or `BenefitsQueued` gave it.")
    kind: BenefitOperationKind = field(resolver=resolve_operation_kind, description="Which mutation made it.")
    state: BenefitOperationState = field(resolver=resolve_operation_state, description="How far it is.")
    attempt: int = field(description="How often it has been sent, or was about to be, under its key.")
    benefit = field(
        resolver=resolve_operation_benefit,
        graphql_type=Benefit | None,
        description="The one benefit it made or redeemed; null while that is not known, and when there is none.",
        metadata=needs("read-benefits"),
    )
    benefits = field(
        resolver=resolve_operation_benefits,
        graphql_type=list[Benefit] | None,
        description="The benefits it extended; null while that is not known, and for other kinds.",
        metadata=needs("read-benefits"),
    )
    redemption = field(
        resolver=resolve_operation_redemption,
        graphql_type=Redemption | None,
        description="The record of a `redeemBenefit`; null while that is not known, and for other kinds.",
        metadata=needs("read-redemptions"),
    )
    definition = field(
        resolver=resolve_operation_definition,
        graphql_type=BenefitDefinition | None,
        description="The definition it made or changed; null while that is not known, and for other kinds.",
        metadata=needs("read-benefit-definitions", members=False),
    )
    rows = field(
        resolver=resolve_operation_rows,
        graphql_type=Connection[BenefitBatchRow] | None,
        description="The rows of an `assignBenefits`, each with its state; null for other kinds.",
    )
    is_type_of = view_of(writes.OperationState)


@strawberry.type
class BenefitOperationQuery:
    benefit_operation = field(
        resolver=resolve_benefit_operation,
        graphql_type=BenefitOperation | None,
        description="One of the caller's own writes; null when they made none of this id.",
        metadata=needs(),
    )
