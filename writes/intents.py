"""What is remembered of a write before it is sent, and every way that memory may change."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Protocol

import msgspec
from msgspec.structs import replace

import telemetry


class State(StrEnum):
    """Where a write stands.

    open ─┬─ done      Omneo's record shows it; final
          ├─ failed    it did not happen and can no longer land; the same key may open it again
          └─ lapsed    the same for a write that is never sent twice; final
    """

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    LAPSED = "lapsed"


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Remember one write under its `external_id`, from before it is sent and for good.

    An open intent may be landing right now, whoever holds it. It holds its `pair` as well, so it is the lock on both;
    neither lapses by a clock (ADR 14).
    """

    external_id: str
    operation: str
    tenant: str
    caller: str
    profile_id: str
    target: str  # what is written to: a definition, a benefit
    fingerprint: str
    owner: str  # the process that opened it
    token: str  # this attempt; whoever does not hold it may not send
    attempt: int = 1
    is_sent: bool = False  # False: nothing has left yet, for certain
    is_let_go: bool = False  # its connection is closed without a believable answer: the quarantine runs
    note: str = ""  # what a read-back must know from before the send
    state: State = State.OPEN
    reference: str = ""  # Omneo's id of what was made
    reason: str = ""  # why it failed: the name of an error, no text of Omneo's

    @property
    def pair(self) -> str:
        """Name what only one open intent may write at a time."""
        return msgspec.json.encode([self.tenant, self.profile_id, self.target, self.operation]).decode()

    def is_attempt(self, other: "Intent") -> bool:
        """Tell whether this is still the same attempt, and open."""
        return self.state is State.OPEN and self.token == other.token


# From what is stored under the external id, and the open intent that holds the pair, to what shall be stored.
# Returning either of the two changes nothing.
Rule = Callable[[Intent | None, Intent | None], Intent]


class Store(Protocol):
    """Keep intents, for all processes that share the store, and a sign of life from each of those processes.

    Every method may raise `StateUnavailable`.
    """

    async def update(self, subject: Intent, rule: Rule) -> Intent:
        """Apply `rule` to what is stored for `subject`, as one atomic and durable step; answer what it returned."""

    async def read(self, external_id: str) -> Intent | None:
        """Read one intent."""

    async def open_intents(self) -> list[Intent]:
        """List the intents that are not settled, of all processes."""

    async def beat(self, owner: str) -> None:
        """Leave a sign of life: add one to the owner's count."""

    async def beats(self) -> dict[str, int]:
        """Read the count of every owner."""

    async def forget(self, owner: str) -> None:
        """Remove an owner's count."""

    async def aclose(self) -> None:
        """Let go of the file or the connections."""


class StateUnavailable(Exception):
    """The store cannot be read or written now. Raised before a send, so nothing was sent."""


def begin(wanted: Intent) -> Rule:
    """Open `wanted`, unless its key was used before or another open intent holds its pair: then answer that one.

    A failed intent may be opened again, but only with the same input.
    """

    def rule(stored: Intent | None, holder: Intent | None) -> Intent:
        if stored is not None and (stored.state is not State.FAILED or stored.fingerprint != wanted.fingerprint):
            return stored
        if holder is not None:
            return holder
        return replace(wanted, attempt=stored.attempt + 1) if stored is not None else wanted

    return rule


def sending(attempt: Intent, note: str) -> Rule:
    """Say that `attempt` is about to leave, with what its read-back will need; only if it is still the one."""

    def rule(stored: Intent | None, holder: Intent | None) -> Intent:
        if stored is None or not stored.is_attempt(attempt):
            return stored or replace(attempt, state=State.FAILED)
        return replace(stored, is_sent=True, note=note)

    return rule


def letting_go(attempt: Intent) -> Rule:
    """Say that `attempt` ended without a believable answer, so that others need not wait for its process to die."""

    def rule(stored: Intent | None, holder: Intent | None) -> Intent:
        before = stored or attempt
        return replace(before, is_let_go=True) if before.is_attempt(attempt) else before

    return rule


def done(attempt: Intent, reference: str) -> Rule:
    """Settle as done. The truth may come from any attempt and at any time; the first reference stays."""

    def rule(stored: Intent | None, holder: Intent | None) -> Intent:
        before = stored or attempt
        if before.state is State.DONE:
            return before
        return replace(before, state=State.DONE, reference=reference, reason="")

    return rule


def not_done(attempt: Intent, state: State, reason: str) -> Rule:
    """Settle as failed or lapsed, unless somebody knows better or a later attempt is open."""

    def rule(stored: Intent | None, holder: Intent | None) -> Intent:
        before = stored or attempt
        if not before.is_attempt(attempt):
            return before
        return replace(before, state=state, reason=reason)

    return rule


decode = msgspec.json.Decoder(Intent).decode


def readable(records: Iterable[bytes | str | None]) -> list[Intent]:
    """Read records, but for those that cannot be, such as another version's: none keeps the others from being seen
    to. They stay as they are."""
    intents = []
    for record in records:
        if record is None:
            continue
        try:
            intents.append(decode(record))
        except msgspec.DecodeError as error:
            telemetry.log("writes.unreadable", level="error", error=type(error).__name__)
    return intents
