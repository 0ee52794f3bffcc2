"""Giving many benefits by one queued batch: each row carries an id of its own, by which it is found when it lands."""

from dataclasses import dataclass

import msgspec

import omneo
from telemetry import Trace
from writes.intents import Intent
from writes.outcomes import Kind

_LOOK_AT = 50  # rows: what one list call asks for
_TAKEN = "taken"  # the reference of a batch whose id is not known, which is done all the same


@dataclass(frozen=True)
class Taken:
    """Say that Omneo has taken a batch. `batch_id` is empty where only its rows prove it."""

    batch_id: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Note one row: who receives what; `external_id` is what its benefit carries."""

    profile_id: str
    definition_id: str
    external_id: str = ""


def noted(rows: list[Row]) -> str:
    """Write the rows into an intent, without the external ids, which follow from it."""
    return msgspec.json.encode([[row.profile_id, row.definition_id] for row in rows]).decode()


def rows_of(operation_id: str, note: str) -> list[Row]:
    """Read the rows of a batch from its note, in their order."""
    pairs = msgspec.json.decode(note, type=list[tuple[str, str]])
    return [
        Row(profile_id=profile_id, definition_id=definition_id, external_id=row_id(operation_id, index))
        for index, (profile_id, definition_id) in enumerate(pairs)
    ]


def row_id(operation_id: str, index: int) -> str:
    """Derive a row's external id: the operation's, and its place from 0."""
    return f"{operation_id}-{index}"


def assign_many_kind(upstream: omneo.Upstream) -> Kind[Taken]:
    """Describe a batch. Never sent twice: a queue may land what it took at any later time."""

    async def find(intent: Intent, trace: Trace) -> Taken | None:
        if intent.reference:
            return Taken(intent.reference)
        ids = [row.external_id for row in rows_of(intent.external_id, intent.note)[:_LOOK_AT]]
        return Taken("") if await omneo.find_by_external_ids(upstream.as_service(trace), ids) else None

    return Kind(operation="assign-many", find=find, reference=lambda taken: taken.batch_id or _TAKEN, resend=False)
