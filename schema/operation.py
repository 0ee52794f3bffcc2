"""What became of a write whose answer was late."""

import strawberry
from strawberry import field

from resolvers.access import needs
from resolvers.operation import (
    BenefitOperationState,
    resolve_benefit_operation,
    resolve_operation_benefit,
    resolve_operation_state,
)
from schema.benefit import Benefit


@strawberry.type(description="One write, from its first sending to its outcome.")
class BenefitOperation:
    id: strawberry.ID = field(description="Its id, as `BenefitPending` gave it.")
    state: BenefitOperationState = field(resolver=resolve_operation_state, description="How far it is.")
    benefit = field(
        resolver=resolve_operation_benefit,
        graphql_type=Benefit | None,
        description="The benefit it made; null while that is not known, and when it made none.",
        metadata=needs("read-benefits"),
    )


@strawberry.type
class BenefitOperationQuery:
    benefit_operation = field(
        resolver=resolve_benefit_operation,
        graphql_type=BenefitOperation | None,
        description="One of the caller's own writes; null when they made none of this id.",
        metadata=needs(),
    )
