"""What all writes share: under whose name they are kept, and what to say of one without an outcome."""

from typing import Any

import omneo
import writes
from context import Info
from resolvers.outcomes import BenefitPending, KeyReused, RefusedByOmneo


class WriteBusy(Exception):
    """Say that another write to the same thing is unfinished. Nothing was sent."""


async def caller_name(info: Info) -> str:
    """Name the caller for as long as they exist, not for as long as their token lasts (DESIGN D8)."""
    caller = info.context.caller
    if not caller.is_member:
        return f"service:{caller.name}"
    own = await info.context.loaders.own_profile.load("me")
    if own is None:
        raise omneo.MemberUnauthenticated
    return f"member:{own.id}"


def unfinished(outcome: writes.Outcome[Any]) -> KeyReused | BenefitPending | RefusedByOmneo:
    """Answer for a write that neither happened nor met a rule of Omneo's. Raises what no type of answer is for."""
    match outcome:
        case writes.KeyReused():
            return KeyReused()
        case writes.Pending(operation_id=operation_id):
            return BenefitPending(operation_id)
        case writes.Refused(cause=cause):
            raise cause
        case writes.Busy():
            raise WriteBusy
        case writes.Gone():
            return KeyReused()
    return RefusedByOmneo()
