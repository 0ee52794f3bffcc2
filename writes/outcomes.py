"""What a write is, and what can become of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import omneo
from telemetry import Trace
from writes.external_id import external_id
from writes.intents import Intent, State

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[T]):
    """Describe one operation to the engine, once per process, so that a restart can finish what another began.

    `find` reads Omneo's record with the server token, filtered to `intent.profile_id`, and answers what
    `intent.external_id` (or, once done, `intent.reference`) made, or None; it raises `omneo.OmneoError` when it
    cannot tell. `reference` names what was made by Omneo's id: the answer itself is personal and is not stored.
    `prepare` runs before the send while nobody else writes the same pair; what it returns is `intent.note` for `find`.
    With `resend=False` an attempt that may have landed is never followed by another.
    """

    operation: str
    find: Callable[[Intent, Trace], Awaitable[T | None]]
    reference: Callable[[T], str]
    prepare: Callable[[Intent, Trace], Awaitable[str]] | None = None
    resend: bool = True


@dataclass(frozen=True, kw_only=True)
class Write(Generic[T]):
    """Ask for one write.

    `send` makes exactly one call, with `intent.external_id`, under the trace it is given: that trace outlives the
    request, so that a passing deadline does not cut a write short. It raises `omneo.OmneoError`, whose `landed` says
    whether the write can have happened. `fingerprint` hashes the input (`writes.fingerprint`); `target` names what is
    written to, the definition or the benefit; `note` is kept for `Kind.find`.
    """

    kind: Kind[T]
    tenant: str
    caller: str  # "service:<name>" or "member:<profile id>"
    key: str
    profile_id: str
    target: str
    fingerprint: str
    send: Callable[[Intent, Trace], Awaitable[T]]
    note: str = ""

    @property
    def external_id(self) -> str:
        """Derive the id this write goes by, here and at Omneo."""
        return external_id(self.tenant, self.caller, self.kind.operation, self.key)


@dataclass(frozen=True)
class Done(Generic[T]):
    """It happened, and this is Omneo's record of it."""

    value: T


@dataclass(frozen=True)
class Refused:
    """It did not happen, and `cause` says why. The same key may try again."""

    cause: omneo.OmneoError


@dataclass(frozen=True)
class KeyReused:
    """The key was used before with another input. Nothing was sent."""


@dataclass(frozen=True)
class Pending:
    """Whether it happened is not known yet. The same key, or `operation(id)`, will tell."""

    operation_id: str


@dataclass(frozen=True)
class Busy:
    """Another write to the same thing is unfinished, or the gateway is stopping. Nothing was sent; try again."""


@dataclass(frozen=True)
class Lapsed:
    """Omneo never showed it, and it is not sent twice. A new key may try again."""


@dataclass(frozen=True)
class Gone:
    """It happened, as Omneo's `reference`, and has since been removed."""

    reference: str


Outcome: TypeAlias = Done[T] | Refused | KeyReused | Pending | Busy | Lapsed | Gone


@dataclass(frozen=True)
class OperationState:
    """Say where a write stands, to the caller who asked for it."""

    id: str
    operation: str
    profile_id: str
    target: str
    state: State
    attempt: int  # counts what was sent, or was about to be, under this key
    reference: str  # Omneo's id of what was made; empty until done
    reason: str  # the name of the error it failed with, if there was one
    note: str = ""  # what its kind noted of it
