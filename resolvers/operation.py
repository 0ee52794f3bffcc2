"""What became of a write, asked by the one who made it."""

import asyncio
import enum

import strawberry
from strawberry import enum_value

import omneo
import writes
from context import Info
from resolvers.assign_many import rows_page
from resolvers.extend import MOST_BENEFITS
from resolvers.inputs import After, First, OperationIdArgument
from resolvers.marks import asks, pages, reads
from resolvers.paging import Connection
from resolvers.writing import caller_name


@strawberry.enum(description="How far a write is.")
class BenefitOperationState(enum.Enum):
    PENDING = enum_value("pending", description="It was sent, or is being sent, and its outcome is not known yet.")
    DONE = enum_value("done", description="It was made.")
    NOT_DONE = enum_value("not_done", description="It was not made, and will not be unless it is asked for again.")


@strawberry.enum(description="Which mutation made a write.")
class BenefitOperationKind(enum.Enum):
    ASSIGN_BENEFIT = enum_value("assign", description="`assignBenefit`.")
    ASSIGN_BENEFITS = enum_value("assign-many", description="`assignBenefits`.")
    CLAIM_BENEFIT = enum_value("claim", description="`claimBenefit`.")
    CLAIM_AND_REDEEM_BENEFIT = enum_value("claim-redeem", description="`claimAndRedeemBenefit`.")
    REDEEM_BENEFIT = enum_value("redeem", description="`redeemBenefit`.")
    EXTEND_BENEFITS = enum_value("extend", description="`extendBenefits`.")
    REVOKE_BENEFIT = enum_value("revoke", description="`revokeBenefit`.")
    CREATE_BENEFIT_DEFINITION = enum_value("create-definition", description="`createBenefitDefinition`.")
    UPDATE_BENEFIT_DEFINITION = enum_value("update-definition", description="`updateBenefitDefinition`.")


_STATES = {
    writes.State.OPEN: BenefitOperationState.PENDING,
    writes.State.DONE: BenefitOperationState.DONE,
    writes.State.FAILED: BenefitOperationState.NOT_DONE,
    writes.State.LAPSED: BenefitOperationState.NOT_DONE,
}
_ONE_BENEFIT = {"assign", "claim", "claim-redeem"}
_DEFINITION = {"create-definition", "update-definition"}

Root = strawberry.Parent[writes.OperationState]


@asks("GET /profiles/me", 1)
async def resolve_benefit_operation(info: Info, id: OperationIdArgument) -> writes.OperationState | None:
    return await info.context.writes.operation(id, await caller_name(info))


@reads("operation", "state")
def resolve_operation_state(root: Root) -> BenefitOperationState:
    if root.operation == "assign-many" and root.state is writes.State.LAPSED:
        return BenefitOperationState.PENDING  # what a queue took, it may still land
    return _STATES[root.state]


@reads("operation")
def resolve_operation_kind(root: Root) -> BenefitOperationKind:
    return BenefitOperationKind(root.operation)


@asks("GET /benefits/{benefit}", 1)
async def resolve_operation_benefit(root: Root, info: Info) -> omneo.Benefit | None:
    if root.operation == "redeem" and root.reference:
        return await info.context.loaders.benefit_by_id.load(int(root.target))
    if root.operation not in _ONE_BENEFIT or not root.reference:
        return None
    return await info.context.loaders.benefit_by_id.load(int(root.reference))


@asks("GET /benefits/{benefit}", MOST_BENEFITS)
async def resolve_operation_benefits(root: Root, info: Info) -> list[omneo.Benefit] | None:
    if root.operation != "extend" or not root.reference:
        return None
    ids = [int(each) for each in root.reference.split(",")]
    found = await asyncio.gather(*(info.context.loaders.benefit_by_id.load(each) for each in ids))
    return [each for each in found if each is not None]


@asks("GET /profiles/{profile}/redemptions/{redemption}", 1)
async def resolve_operation_redemption(root: Root, info: Info) -> omneo.Redemption | None:
    if root.operation != "redeem" or not root.reference:
        return None
    try:
        return await omneo.fetch_redemption(info.context.client, root.profile_id, int(root.reference))
    except omneo.NotFound:
        return None


@asks("GET /benefits/definitions/{definition}", 1)
async def resolve_operation_definition(root: Root, info: Info) -> omneo.BenefitDefinition | None:
    if root.operation not in _DEFINITION or not root.reference:
        return None
    return await info.context.loaders.definition_by_id.load(root.reference)


@pages()
def resolve_operation_rows(root: Root, first: First = 20, after: After = None) -> Connection[writes.Row] | None:
    if root.operation != "assign-many":
        return None
    return rows_page(writes.rows_of(root.id, root.note), root.id, first, after)
