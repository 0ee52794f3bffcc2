"""Giving many benefits at once: queued at Omneo by one call, and followed row by row."""

import asyncio
import enum
from typing import Any

import strawberry
from strawberry import enum_value

import omneo
import writes
from context import Info
from loaders.batching import Load
from loaders.listing import slice_of
from resolvers.assign import as_asked, in_omneos_words
from resolvers.benefit_definition import find_definition
from resolvers.benefit_inputs import AssignBenefitsRowInput, AssignManyArgument
from resolvers.inputs import After, BadInput, First, idempotency_key
from resolvers.marks import asks, loads, pages
from resolvers.outcomes import AssignManyOutcome, BenefitsQueued
from resolvers.paging import Connection, place
from resolvers.refusals import BenefitPending, DefinitionUnknown, RefusedByOmneo
from resolvers.writing import operation_id, perform, unfinished

MOST_ROWS = 500


def worst_case_calls(definitions: int) -> int:
    """Count for so many different definitions: each of them; the write."""
    return definitions + 1


@strawberry.enum(description="How far one row of a batch is.")
class BenefitRowState(enum.Enum):
    PENDING = enum_value("pending", description="Its benefit is not there, or not yet.")
    DONE = enum_value("done", description="Its benefit is there.")


def _worst_case(input: AssignManyArgument) -> int:
    if len(input.rows) > MOST_ROWS:
        return 0  # refused before anyone is asked
    return worst_case_calls(len({(row.definition.id or None, row.definition.handle or None) for row in input.rows}))


@asks("POST /benefits/batch.json", _worst_case)
async def resolve_assign_benefits(info: Info, input: AssignManyArgument) -> AssignManyOutcome:
    key = idempotency_key(input.idempotency_key)
    if not 1 <= len(input.rows) <= MOST_ROWS:
        raise BadInput(f"rows must be 1 to {MOST_ROWS}.")
    profile_ids = [omneo.profile_id(row.profile_id, field="profileId") for row in input.rows]
    wanted = [in_omneos_words(row, info.context.zone) for row in input.rows]
    definitions = await _definitions(info, input.rows)
    if None in definitions.values():
        return DefinitionUnknown()
    known = [definitions[_name(row)] for row in input.rows]
    rows = [
        writes.Row(profile_id=profile_id, definition_id=definition.id)
        for profile_id, definition in zip(profile_ids, known, strict=True)
        if definition is not None
    ]

    async def send(client: omneo.Client, intent: writes.Intent) -> writes.Taken:
        queued = await omneo.assign_many(client, _bodies(rows, wanted, intent.external_id))
        return writes.Taken(queued.batch_id)

    kind = info.context.kinds.assign_many
    found_by = await operation_id(info, kind, key)
    outcome = await perform(
        info,
        kind,
        send,
        key=key,
        profile_id="",
        target=found_by,  # nobody waits for another batch
        asked=_as_asked(rows, input.rows),
        note=writes.noted(rows),
    )
    match outcome:
        case writes.Done():
            for definition in definitions.values():
                await info.context.forget(definition)
            return BenefitsQueued(found_by, writes.rows_of(found_by, writes.noted(rows)))
        case writes.Refused(cause=omneo.Refused() | omneo.NotFound()):
            return RefusedByOmneo()
        case writes.Lapsed():
            return BenefitPending(found_by)  # what a queue took, it may still land
        case _:
            return unfinished(outcome)


async def _definitions(
    info: Info, rows: list[AssignBenefitsRowInput]
) -> dict[tuple[str, str], omneo.BenefitDefinition | None]:
    """Look up each definition that is named, once."""
    named = {_name(row): row.definition for row in rows}
    found = await asyncio.gather(*(find_definition(info, by) for by in named.values()))
    return dict(zip(named, found, strict=True))


def _name(row: AssignBenefitsRowInput) -> tuple[str, str]:
    return str(row.definition.id or ""), str(row.definition.handle or "")


def rows_page(rows: list[writes.Row], operation_id: str, first: int, after: str | None) -> Connection[writes.Row]:
    """Cut a page out of a batch's rows."""
    here = place("batch.rows", first, after, operation_id)
    return Connection(slice_of(rows, here.window), here)


@pages()
def resolve_queued_rows(
    root: strawberry.Parent[BenefitsQueued], first: First = 20, after: After = None
) -> Connection[writes.Row]:
    return rows_page(root.batch, root.operation_id, first, after)


@loads("benefit_by_external_id", "profile_id", "external_id")
def resolve_row_benefit(row: strawberry.Parent[writes.Row], info: Info) -> Load[tuple[str, str], omneo.Benefit | None]:
    return Load(info.context.loaders.benefit_by_external_id, (row.profile_id, row.external_id))


@loads("benefit_by_external_id", "profile_id", "external_id")
def resolve_row_state(row: strawberry.Parent[writes.Row], info: Info) -> Load[tuple[str, str], omneo.Benefit | None]:
    return Load(info.context.loaders.benefit_by_external_id, (row.profile_id, row.external_id), _state)


def _state(benefit: omneo.Benefit | None) -> BenefitRowState:
    return BenefitRowState.PENDING if benefit is None else BenefitRowState.DONE


def _bodies(rows: list[writes.Row], wanted: list[dict[str, Any]], operation_id: str) -> list[dict[str, Any]]:
    bodies = []
    for index, (row, fields) in enumerate(zip(rows, wanted, strict=True)):
        body = fields | {
            "profile_id": row.profile_id,
            "benefit_definition_id": row.definition_id,
            "external_id": writes.row_id(operation_id, index),
            "value": None if fields["value"] is None else float(fields["value"]),
        }
        bodies.append({name: value for name, value in body.items() if value is not None})
    return bodies


def _as_asked(rows: list[writes.Row], inputs: list[AssignBenefitsRowInput]) -> list[Any]:
    return [[row.profile_id, row.definition_id, *as_asked(given)] for row, given in zip(rows, inputs, strict=True)]
