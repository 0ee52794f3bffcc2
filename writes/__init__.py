"""The safe-write engine: one key, at most one write, and what is reported is so (ADR 8, 14)."""

from writes.assigning import Row, Taken, noted, row_id, rows_of
from writes.engine import Writes
from writes.extending import Extending
from writes.external_id import external_id, fingerprint
from writes.intents import Intent, State, StateUnavailable
from writes.kinds import Kinds, benefit_kinds
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
from writes.reading import OPERATION_META
from writes.redeeming import ClaimedAndRedeemed, Redeeming, claimed_and_redeemed
from writes.revoking import Revoked

__all__ = [
    "OPERATION_META",
    "Busy",
    "ClaimedAndRedeemed",
    "Done",
    "Extending",
    "Gone",
    "Intent",
    "KeyReused",
    "Kind",
    "Kinds",
    "Lapsed",
    "OperationState",
    "Outcome",
    "Pending",
    "Redeeming",
    "Refused",
    "Revoked",
    "Row",
    "State",
    "StateUnavailable",
    "Taken",
    "Write",
    "Writes",
    "benefit_kinds",
    "claimed_and_redeemed",
    "external_id",
    "fingerprint",
    "noted",
    "row_id",
    "rows_of",
]
