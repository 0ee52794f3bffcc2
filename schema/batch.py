"""The rows of a batch, each seen to land by itself."""

import strawberry
from strawberry import field

import writes
from resolvers.access import needs
from resolvers.assign_many import BenefitRowState, resolve_row_benefit, resolve_row_state
from schema.benefit import Benefit
from schema.views import view_of


@strawberry.type(description="One row of a batch.")
class BenefitBatchRow:
    profile_id: strawberry.ID = field(description="Who receives a benefit.")
    definition_id: strawberry.ID = field(description="What they receive.")
    external_id: str = field(description="The reference its benefit carries: the batch's id, and its place from 0.")
    state = field(
        resolver=resolve_row_state,
        graphql_type=BenefitRowState | None,
        description="How far it is; null when that cannot be read now.",
        metadata=needs("read-benefits", members=False),
    )
    benefit = field(
        resolver=resolve_row_benefit,
        graphql_type=Benefit | None,
        description="Its benefit; null as long as it is not there.",
        metadata=needs("read-benefits", members=False),
    )
    is_type_of = view_of(writes.Row)
