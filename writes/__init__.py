"""The safe-write engine: one key, at most one write, and what is reported is so (DESIGN D8, D14; ADR 0014)."""

from writes.engine import Writes
from writes.external_id import external_id, fingerprint
from writes.intents import Intent, State, StateUnavailable
from writes.kinds import OPERATION_META, Kinds, benefit_kinds
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
    "OPERATION_META",
    "Busy",
    "Done",
    "Gone",
    "Intent",
    "KeyReused",
    "Kind",
    "Kinds",
    "Lapsed",
    "OperationState",
    "Outcome",
    "Pending",
    "Refused",
    "State",
    "StateUnavailable",
    "Write",
    "Writes",
    "benefit_kinds",
    "external_id",
    "fingerprint",
]
