"""Benefit definitions (§7.3)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.core import Sandbox, body_of, listed, nothing, one, sandbox_of
from sandbox.problems import invalid, not_found
from sandbox.query import Listing
from sandbox.rules import global_left
from sandbox.store import Row

# Column E of §7.3: what the copy inside a benefit carries, with what an omitted field becomes (U-8).
EMBEDDED: dict[str, Any] = {
    "name": "", "handle": "", "region_id": None, "region": None, "currency": None, "period": 0, "description": None,
    "internal_notes": None, "short_description": None, "long_description": None, "terms_conditions": None,
    "earn_instructions": None, "redeem_instructions_store": None, "redeem_instructions_online": None,
    "redeem_code_pos": None, "redeem_code_online": None, "icon": None, "image_url": None, "meta": None,
    "max_redemptions": 1, "max_global_redemptions": None, "is_extendable": False, "is_assignable": False,
    "is_reassignable": False, "is_published": False, "is_archived": False, "is_claimable": False,
    "is_reclaimable": False, "claim_period_start_at": None, "claim_period_end_at": None, "claim_timeframe": None,
    "claim_condition": None, "view_condition": None, "allow_user_redeem": False, "end_at": None,
    "total_allocations": None, "total_allocations_remaining": None, "force_allocation": False,
    "same_campaign_count": 0, "tags": [], "notify_schedule_offset": None, "notify_issue_offset_days": None,
    "notify_issue_offset_hour": None, "notify_remind_offset_days": None, "notify_remind_offset_hour": None,
    "notify_extend_offset_days": None, "notify_extend_offset_hour": None, "issue_target_id": None,
    "remind_target_id": None, "extend_target_id": None,
}  # fmt: skip
REST: dict[str, Any] = {
    "period_type": "days", "absolute_expiry": None, "total_global_redemptions": 0, "total_global_created": 0,
    "visibility_condition": None, "type": None, "value": None, "campaign": None, "external_id": None,
}  # fmt: skip
_READ_ONLY = {"id", "region", "total_global_redemptions", "total_global_created", "created_at", "updated_at"}
_TAGGED = "EXISTS (SELECT 1 FROM json_each(t.data, '$.tags') m WHERE {})"

LISTING = Listing(
    table="definitions",
    fields=frozenset(
        "name handle period period_type absolute_expiry description end_at internal_notes short_description "
        "long_description terms_conditions icon image_url earn_instructions redeem_instructions_store "
        "redeem_instructions_online redeem_code_pos redeem_code_online is_extendable is_reassignable is_assignable "
        "max_redemptions is_claimable claim_period_start_at claim_period_end_at max_global_redemptions "
        "claim_condition is_reclaimable notify_schedule_offset notify_issue_offset_days notify_issue_offset_hour "
        "notify_remind_offset_days notify_remind_offset_hour notify_extend_offset_days notify_extend_offset_hour "
        "force_allocation is_published is_archived created_at meta claim_timeframe view_condition "
        "visibility_condition allow_user_redeem value type campaign region_id currency".split()
    ),
    members={"tags": _TAGGED},
    searched=("name", "handle"),
    sorts=frozenset({"id", "name", "handle", "created_at", "updated_at"}),
)


def new_definition(sandbox: Sandbox, fields: Row) -> Row:
    """Make a definition, and a row of the database, of what was given and the defaults."""
    stamp = sandbox.stamp()
    row = {**EMBEDDED, **REST, "created_at": stamp, "updated_at": stamp, **fields}
    if row["total_allocations"] is not None and "total_allocations_remaining" not in fields:
        row["total_allocations_remaining"] = row["total_allocations"]
    made = sandbox.store.insert("definitions", row, handle=row["handle"])
    made["id"] = str(made["id"])
    return sandbox.store.save("definitions", made)


def shown(definition: Row) -> Row:
    """Show a definition as its own routes do; its id is a string of digits (C-10)."""
    return {**definition, "total_global_redemptions_remaining": global_left(definition)}


def embedded(sandbox: Sandbox, definition: Row) -> Row:
    """Show the copy inside a benefit: some of the fields, or all (U-9)."""
    if sandbox.settings.embedded_definition == "full":
        return shown(definition)
    return {name: definition[name] for name in ("id", *EMBEDDED, "created_at", "updated_at")}


def find(sandbox: Sandbox, reference: object) -> Row | None:
    """Find a definition by its handle or, should the handle be none, its id (§10: an id may also work)."""
    found = sandbox.store.get("definitions", handle=str(reference))
    if found is None and str(reference).isascii() and str(reference).isdigit():
        found = sandbox.store.get("definitions", id=str(reference))
    return found


async def index(request: Request) -> Response:
    return listed(request, LISTING, shown)


async def create(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("name", "handle", "period"))
    _check(sandbox, body)
    return one(shown(new_definition(sandbox, _writable(body))), 201)


async def read(request: Request) -> Response:
    return one(shown(_definition(request)))


async def read_by_handle(request: Request) -> Response:
    handle = request.path_params["handle"]
    found = sandbox_of(request).store.get("definitions", handle=handle)
    if found is None:
        raise not_found("BenefitDefinition", handle)
    return one(shown(found))


async def update(request: Request) -> Response:
    sandbox, definition = sandbox_of(request), _definition(request)
    body = await body_of(request)
    _check(sandbox, body, definition)
    changed = {**definition, **_writable(body), "updated_at": sandbox.stamp()}
    return one(shown(sandbox.store.save("definitions", changed, handle=changed["handle"])))


async def delete(request: Request) -> Response:
    sandbox_of(request).store.delete("definitions", id=_definition(request)["id"])
    return nothing()


async def clone(request: Request) -> Response:
    sandbox, definition = sandbox_of(request), _definition(request)
    body = await body_of(request, required=("handle",))
    _check(sandbox, body)
    fields = {name: value for name, value in definition.items() if name not in _READ_ONLY}
    fields |= {"handle": body["handle"], "name": body.get("name") or definition["name"]}
    return one(shown(new_definition(sandbox, fields)), 201)


def _definition(request: Request) -> Row:
    key = request.path_params["definition"]
    found = sandbox_of(request).store.get("definitions", id=key)
    if found is None:
        raise not_found("BenefitDefinition", key)
    return found


def _writable(body: Row) -> Row:
    return {name: body[name] for name in (*EMBEDDED, *REST) if name in body and name not in _READ_ONLY}


def _check(sandbox: Sandbox, body: Row, current: Row | None = None) -> None:
    wrong: dict[str, list[str]] = {}
    handle = body.get("handle")
    taken = None if handle is None else sandbox.store.get("definitions", handle=str(handle))
    if taken is not None and taken["id"] != (current or {}).get("id"):
        wrong["handle"] = ["The handle has already been taken."]
    if "period" in body and (not isinstance(body["period"], int) or isinstance(body["period"], bool)):
        wrong["period"] = ["The period must be an integer."]
    if wrong:
        raise invalid(wrong)


def routes(prefix: str) -> list[Route]:
    """Serve definitions under a prefix; C-1 knows two."""
    return [
        Route(prefix, index, methods=["GET"]),
        Route(prefix, create, methods=["POST"]),
        Route(f"{prefix}/handle/{{handle}}", read_by_handle, methods=["GET"]),
        Route(f"{prefix}/{{definition:int}}", read, methods=["GET"]),
        Route(f"{prefix}/{{definition:int}}", update, methods=["PUT"]),
        Route(f"{prefix}/{{definition:int}}", delete, methods=["DELETE"]),
        Route(f"{prefix}/{{definition:int}}/clone", clone, methods=["POST"]),
    ]
