"""The safe-write engine: one key, at most one write, and what is reported is so (DESIGN D8, D14; ADR 0014)."""

from writes.engine import Writes
from writes.external_id import external_id, fingerprint
from writes.intents import Intent, State, StateUnavailable
from writes.outcomes import (
    Busy,
    Done,
    Gone,
    KeyReused,
    Kind,
    Lapsed,
    OperationState,
    Outcome,
    Pending,
    Refused,
    Write,
)

__all__ = [
    "Busy",
    "Done",
    "Gone",
    "Intent",
    "KeyReused",
    "Kind",
    "Lapsed",
    "OperationState",
    "Outcome",
    "Pending",
    "Refused",
    "State",
    "StateUnavailable",
    "Write",
    "Writes",
    "external_id",
    "fingerprint",
]
