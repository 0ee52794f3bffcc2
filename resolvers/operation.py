"""What became of a write, asked by the one who made it."""

import enum

import strawberry
from strawberry import enum_value

import omneo
import writes
from context import Info
from resolvers.inputs import OperationIdArgument
from resolvers.writing import caller_name


@strawberry.enum(description="How far a write is.")
class BenefitOperationState(enum.Enum):
    PENDING = enum_value("pending", description="It was sent, or is being sent, and its outcome is not known yet.")
    DONE = enum_value("done", description="It was made.")
    NOT_DONE = enum_value("not_done", description="It was not made, and will not be unless it is asked for again.")


_STATES = {
    writes.State.OPEN: BenefitOperationState.PENDING,
    writes.State.DONE: BenefitOperationState.DONE,
    writes.State.FAILED: BenefitOperationState.NOT_DONE,
    writes.State.LAPSED: BenefitOperationState.NOT_DONE,
}


async def resolve_benefit_operation(info: Info, id: OperationIdArgument) -> writes.OperationState | None:
    return await info.context.writes.operation(id, await caller_name(info))


def resolve_operation_state(root: strawberry.Parent[writes.OperationState]) -> BenefitOperationState:
    return _STATES[root.state]


async def resolve_operation_benefit(root: strawberry.Parent[writes.OperationState], info: Info) -> omneo.Benefit | None:
    if not root.reference:
        return None
    return await info.context.loaders.benefit_by_id.load(int(root.reference))
