"""Benefits of the whole tenant: read, assigned, changed, extended, counted (§7.0, §7.1)."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.benefit_definition import embedded
from sandbox.benefit_definition import find as find_definition
from sandbox.core import Sandbox, body_of, every, listed, nothing, one, read_time, sandbox_of, written
from sandbox.problems import Problem, invalid, not_found, refused
from sandbox.query import Listing
from sandbox.rules import extended, global_left, is_expired, is_redeemable, issue
from sandbox.store import Row

_OF_DEFINITION = "(SELECT json_extract(d.data, '$.{}') FROM definitions d WHERE d.id = t.definition_id)"
_TAGGED = "EXISTS (SELECT 1 FROM definitions d, json_each(d.data, '$.tags') m WHERE d.id = t.definition_id AND {})"
LISTING = Listing(
    table="benefits",
    fields=frozenset(
        "benefit_definition_id expires_at issued_at meta external_id timezone claimed_at redeem_code_pos "
        "redeem_code_online value is_combined combine_meta extended_at source_id source_type definition.type "
        "tags.handle created_at updated_at".split()
    ),
    expressions={
        "benefit_definition_id": "t.definition_id",
        "definition.type": _OF_DEFINITION.format("type"),
        "profile_id": "t.profile_id",
        "id": "t.id",
    },
    members={"tags": _TAGGED, "tags.handle": _TAGGED},
    sorts=frozenset({"id", "created_at", "updated_at", "issued_at", "expires_at"}),
)
_CHANGEABLE = ("expires_at", "external_id", "meta", "value", "redeem_code_pos", "redeem_code_online")


def shown(sandbox: Sandbox, benefit: Row) -> Row:
    """Show a benefit: what is stored, what follows from it now, and its definition."""
    definition = sandbox.store.get("definitions", id=benefit["definition_id"]) or {}
    row = {name: value for name, value in benefit.items() if name != "definition_id"}
    left = global_left(definition)
    return row | {
        "is_expired": is_expired(sandbox, benefit),
        "is_redeemable": is_redeemable(sandbox, benefit, definition),
        # A sample shows 1 for a benefit with one redemption of a definition without a cap (§10).
        "total_global_redemptions_remaining": benefit["redemptions_remaining"] if left is None else left,
        "definition": embedded(sandbox, definition),
    }


def assign(sandbox: Sandbox, body: Row) -> Row:
    """Issue a benefit as `POST /benefits` does; assignment is not gated on flags (U-8). Raises a 422."""
    wrong: dict[str, list[str]] = {}
    definition = find_definition(sandbox, body.get("benefit_definition_id") or body.get("benefit_definition_handle"))
    profile_id = _profile_id(sandbox, body)
    if profile_id is None:
        wrong["profile_id"] = ["The selected profile id is invalid."]
    if definition is None:
        wrong["benefit_definition_id"] = ["The selected benefit definition id is invalid."]
    for name in ("issued_at", "expires_at"):
        if body.get(name) is not None and read_time(body[name]) is None:
            wrong[name] = [f"The {name.replace('_', ' ')} is not a valid date."]
    if wrong or definition is None or profile_id is None:
        raise invalid(wrong)
    ends = read_time(body["expires_at"]) if body.get("expires_at") else None
    benefit = issue(
        sandbox,
        definition,
        profile_id=profile_id,
        issued_at=_as_sent(body["issued_at"]),
        timezone=body["timezone"],
        expires_at=written(ends) if ends else None,
        given=body,
    )
    row = shown(sandbox, benefit)
    sandbox.emit("benefit.created", row)
    return row


def find(sandbox: Sandbox, benefit_id: object, profile_id: str | None = None) -> Row:
    """Find a benefit, of a profile if one is named. Raises a 404."""
    keys: dict[str, Any] = {"id": benefit_id} | ({} if profile_id is None else {"profile_id": profile_id})
    found = sandbox.store.get("benefits", **keys)
    if found is None:
        raise not_found("Benefit", benefit_id)
    return found


async def change(request: Request, benefit: Row) -> Response:
    """Change the given fields of a benefit, and no others (§6)."""
    sandbox, body = sandbox_of(request), await body_of(request)
    changes = {name: body[name] for name in _CHANGEABLE if name in body}
    if changes.get("expires_at") is not None:
        ends = read_time(changes["expires_at"])
        if ends is None:
            raise invalid({"expires_at": ["The expires at is not a valid date."]})
        changes["expires_at"] = written(ends)
    row = shown(sandbox, sandbox.store.save("benefits", {**benefit, **changes, "updated_at": sandbox.stamp()}))
    sandbox.emit("benefit.updated", row)
    return one(row)


def remove(request: Request, benefit: Row) -> Response:
    """Take a benefit away."""
    sandbox = sandbox_of(request)
    row = shown(sandbox, benefit)
    sandbox.store.delete("benefits", id=benefit["id"])
    sandbox.emit("benefit.deleted", row)
    return nothing()


async def index(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return listed(request, LISTING, lambda benefit: shown(sandbox, benefit))


async def create(request: Request) -> Response:
    body = await body_of(request, required=("profile_id", "benefit_definition_id", "issued_at", "timezone"))
    return one(assign(sandbox_of(request), body), 201)


async def read(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return one(shown(sandbox, find(sandbox, request.path_params["benefit"])))


async def update(request: Request) -> Response:
    return await change(request, find(sandbox_of(request), request.path_params["benefit"]))


async def delete(request: Request) -> Response:
    return remove(request, find(sandbox_of(request), request.path_params["benefit"]))


async def extend(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("profile_id", "ids"))
    days, date = body.get("extend_days"), body.get("extend_date")
    if (days is None) == (date is None) or (date is not None and read_time(date) is None):
        raise invalid({"extend_days": ["Give either extend days or extend date."]})
    benefits = [find(sandbox, each, str(body["profile_id"]).lower()) for each in body["ids"]]
    for benefit in benefits:
        definition = sandbox.store.get("definitions", id=benefit["definition_id"])
        if definition is None or not definition["is_extendable"]:
            raise refused("The benefit is not extendable.")
    changed = [
        sandbox.store.save("benefits", extended(sandbox, each, days=days, date=date) | {"updated_at": sandbox.stamp()})
        for each in benefits
    ]
    return every([shown(sandbox, benefit) for benefit in changed])


async def count(request: Request) -> Response:
    sandbox = sandbox_of(request)
    redeemed = (
        "EXISTS (SELECT 1 FROM redemptions r, json_each(r.data, '$.items') i "
        "WHERE json_extract(i.value, '$.benefit_id') = t.id)"
    )
    return one(
        {"countAll": sandbox.store.count("benefits"), "countRedeemed": sandbox.store.count("benefits", redeemed)}
    )


async def batch(request: Request) -> Response:
    """Queue 1 to 500 benefits to be issued; what came of them is seen later (§6)."""
    sandbox, body = sandbox_of(request), await body_of(request, required=("benefits",))
    rows = body["benefits"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= 500:
        raise invalid({"benefits": ["The benefits must have between 1 and 500 items."]})
    made = {"id": str(uuid4()), "status": "queued", "total": len(rows), "failures": [], "created_at": sandbox.stamp()}
    sandbox.store.insert("batches", made)
    asyncio.get_running_loop().call_later(0.05, _process, sandbox, made, rows)
    return JSONResponse({"message": "Queued for processing.", "batch_id": made["id"]}, 202)


def _process(sandbox: Sandbox, batch_row: Row, rows: list[Row]) -> None:
    failures = []
    for index, row in enumerate(rows):
        try:
            assign(sandbox, row)
        except (Problem, KeyError, AttributeError) as problem:
            failures.append({"index": index, "message": str(problem)})
    sandbox.store.save("batches", {**batch_row, "status": "completed", "failures": failures})


def _profile_id(sandbox: Sandbox, body: Row) -> str | None:
    """Find whose benefit it is: a profile's id or, in a batch, its name in another system."""
    handle = body.get("profile_id_handle")
    if handle is not None:
        identity = sandbox.store.get("identities", handle=str(handle), identifier=str(body.get("profile_id")))
        return identity["profile_id"] if identity else None
    found = sandbox.store.get("profiles", id=str(body.get("profile_id")).lower())
    return found["id"] if found and not found.get("deleted_at") else None


def _as_sent(value: str) -> str:
    """Keep a time as it was sent; one in RFC 3339 is written the usual way, a bare date gets its midnight (§9)."""
    moment = read_time(value)
    return written(moment) if moment is not None else str(value)


routes = [
    Route("/benefits", index, methods=["GET"]),
    Route("/benefits", create, methods=["POST"]),
    Route("/benefits.count", count, methods=["GET"]),
    Route("/benefits/batch.json", batch, methods=["POST"]),
    Route("/benefits/extend", extend, methods=["POST"]),
    Route("/benefits/{benefit:int}", read, methods=["GET"]),
    Route("/benefits/{benefit:int}", update, methods=["PUT"]),
    Route("/benefits/{benefit:int}", delete, methods=["DELETE"]),
]
