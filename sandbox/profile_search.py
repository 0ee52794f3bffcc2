"""Where profiles are looked for: by id or identity, by what is taken, by custom attributes (§7.0, §4.1)."""

from __future__ import annotations

import re

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import identity
from sandbox.answers import every, listed, one
from sandbox.core import Sandbox, sandbox_of
from sandbox.fields import body_of
from sandbox.problems import not_found
from sandbox.profile import ALIVE, LISTING, find, shown
from sandbox.profile_change import holder
from sandbox.store import Row

_ASKED = re.compile(r"attributes\[(\d{1,2})\]\[(namespace|handle|value)\](?:\[(eq|in)\])?")


async def search_id(request: Request) -> Response:
    """Read a profile by its id or by an identity, both in the body."""
    sandbox = sandbox_of(request)
    return one(shown(sandbox, _named(sandbox, await body_of(request, required=("type", "id")))))


async def exists(request: Request) -> Response:
    """Tell the id of a profile, found as `search_id` finds it."""
    sandbox = sandbox_of(request)
    return one({"id": _named(sandbox, await body_of(request, required=("type", "id")))["id"]})


async def availability(request: Request) -> Response:
    """Tell whether an e-mail and a phone are free, and who has them."""
    sandbox, body = sandbox_of(request), await body_of(request)

    def of(field: str) -> Row | None:
        if body.get(field) is None:
            return None
        taken = holder(sandbox, field, body[field])
        return {"available": taken is None, "profile": {"id": taken["id"]} if taken else None}

    return one({"email": of("email"), "mobile_phone": of("mobile_phone")})


async def by_identifier(request: Request) -> Response:
    """List who has an identifier, whatever its handle."""
    sandbox = sandbox_of(request)
    found = sandbox.store.rows("identities", "identifier = ?", [request.path_params["identifier"]])
    owners = dict.fromkeys(each["profile_id"] for each in found)
    alive = [sandbox.store.rows("profiles", f"id = ? AND {ALIVE}", [owner]) for owner in owners]
    return every([shown(sandbox, profile) for rows in alive for profile in rows])


async def by_custom_attributes(request: Request) -> Response:
    """List who has all the custom attributes that are asked for, equal to a value or in a list of values."""
    sandbox = sandbox_of(request)
    asked: dict[str, dict[str, str]] = {}
    for name, value in request.query_params.multi_items():
        if match := _ASKED.fullmatch(name):
            asked.setdefault(match[1], {})[f"{match[2]} {match[3]}" if match[3] == "in" else match[2]] = value
    condition, values = ALIVE, []
    for each in asked.values():
        wanted = each["value in"].split(",") if "value in" in each else [each.get("value", "")]
        condition += (
            " AND EXISTS (SELECT 1 FROM json_each(t.data, '$.custom_attributes') c WHERE "
            "c.value ->> '$.namespace' = ? AND c.value ->> '$.handle' = ? AND "
            "CAST(c.value ->> '$.value' AS TEXT) IN (SELECT j.value FROM json_each(?) j))"
        )
        values += [each.get("namespace", ""), each.get("handle", ""), orjson.dumps(wanted).decode()]
    return listed(request, LISTING, lambda row: shown(sandbox, row), condition=condition, values=tuple(values))


def _named(sandbox: Sandbox, body: Row) -> Row:
    kind, key = str(body["type"]), str(body["id"])
    if kind == "profile_id":
        return find(sandbox, key)
    owner = identity.owner(sandbox, kind, key)
    if owner is None:
        raise not_found("Profile", key)
    return find(sandbox, owner)


routes = [
    Route("/profiles/search-id", search_id, methods=["POST"]),
    Route("/profiles/exists", exists, methods=["POST"]),
    Route("/profiles/availability", availability, methods=["POST"]),
    Route("/profiles/attributes/custom", by_custom_attributes, methods=["GET"]),
    Route("/identities/search-profile/{identifier}", by_identifier, methods=["GET"]),
]
