"""What all writes share: under whose name they are kept, how they are made, and what is said without an outcome."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

import omneo
import writes
from context import Info
from resolvers.benefit_definition import find_definition
from resolvers.inputs import BenefitDefinitionLookupInput
from resolvers.refusals import BenefitPending, KeyReused, RefusedByOmneo
from telemetry import Trace

T = TypeVar("T")

Send = Callable[[omneo.Client, writes.Intent], Awaitable[T]]


class WriteBusy(Exception):
    """Say that another write to the same thing is unfinished. Nothing was sent."""


class WriteLapsed(Exception):
    """Say that a write which is never sent twice did not happen."""


async def caller_name(info: Info) -> str:
    """Name the caller for as long as they exist, not for as long as their token lasts (ADR 8)."""
    caller = info.context.caller
    if not caller.is_member:
        return f"service:{caller.name}"
    own = await info.context.loaders.own_profile.load(omneo.ME)
    if own is None:
        raise omneo.MemberUnauthenticated
    return f"member:{own.id}"


async def perform(
    info: Info,
    kind: writes.Kind[T],
    send: Send[T],
    *,
    key: str,
    profile_id: str,
    target: str,
    asked: list[Any],
    note: str = "",
) -> writes.Outcome[T]:
    """Make one write under the caller's key. `send` gets a client whose deadline outlives the request.

    `asked` is what makes two requests the same, beside profile and target: as the client said it, so that what is
    filled in, such as now, does not count.
    """

    async def send_under(intent: writes.Intent, trace: Trace) -> T:
        return await send(info.context.client.under(trace), intent)

    write = writes.Write(
        kind=kind,
        tenant=info.context.tenant,
        caller=await caller_name(info),
        key=key,
        profile_id=profile_id,
        target=target,
        fingerprint=writes.fingerprint([profile_id, target, *asked]),
        note=note,
        send=send_under,
    )
    return await info.context.writes.perform(write, info.context.trace)


async def operation_id(info: Info, kind: writes.Kind[Any], key: str) -> str:
    """Derive the id under which this write is found again."""
    return writes.external_id(info.context.tenant, await caller_name(info), kind.operation, key)


async def made_before(info: Info, kind: writes.Kind[Any], key: str, *, target: str) -> writes.OperationState | None:
    """Look up what the caller did to `target` under this key before, so that a repeat is not judged by rules that
    changed since; None for nothing. Costs no call to Omneo."""
    found_by = await operation_id(info, kind, key)
    before = await info.context.writes.operation(found_by, await caller_name(info))
    return before if before is not None and before.target == target else None


async def definition_named(
    info: Info, kind: writes.Kind[Any], key: str, by: BenefitDefinitionLookupInput
) -> omneo.BenefitDefinition | None:
    """Look up the definition that a write names. Where its handle is no longer known it is the one that was written
    under this key before: a repeat is not told that there is none."""
    definition = await find_definition(info, by)
    if definition is not None or not by.handle:
        return definition
    found_by = await operation_id(info, kind, key)
    before = await info.context.writes.operation(found_by, await caller_name(info))
    if before is None or not before.target.isdigit():
        return None
    return await find_definition(info, BenefitDefinitionLookupInput(id=strawberry.ID(before.target)))


def unfinished(outcome: writes.Outcome[Any]) -> KeyReused | BenefitPending | RefusedByOmneo:
    """Answer for a write that neither happened nor met a rule of Omneo's. Raises what no type of answer is for."""
    match outcome:
        case writes.KeyReused() | writes.Gone():
            return KeyReused()
        case writes.Pending(operation_id=operation_id):
            return BenefitPending(operation_id)
        case writes.Refused(cause=cause):
            raise cause
        case writes.Lapsed():
            raise WriteLapsed
    raise WriteBusy
