"""Regions: those of the tenant, and those a profile is in, with its country and state there (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox.answers import every, listed, nothing, one
from sandbox.core import sandbox_of
from sandbox.problems import invalid, not_found
from sandbox.profile import profile_of
from sandbox.query import Listing
from sandbox.store import Row

LISTING = Listing(table="regions", fields=frozenset({"name", "handle"}), columns={"id": "id"})
_WRITABLE: dict[str, f.Rule] = {"name": f.text, "handle": f.text, "description": f.maybe(f.text)}
_PLACE: dict[str, f.Rule] = {"country": f.maybe(f.text), "state": f.maybe(f.text), "region_id": f.whole(0)}


async def index(request: Request) -> Response:
    return listed(request, LISTING, dict)


async def create(request: Request) -> Response:
    body = await f.body_of(request, required=("name", "handle"))
    sandbox, given = sandbox_of(request), f.taken(body, _WRITABLE)
    stamp = sandbox.stamp()
    row = {"description": None, "is_default": None, "countries": [], **given, "created_at": stamp, "updated_at": stamp}
    return one(sandbox.store.insert("regions", row), 201)


async def read(request: Request) -> Response:
    return one(_region(request, request.path_params["region"]))


async def update(request: Request) -> Response:
    body = await f.body_of(request)
    sandbox = sandbox_of(request)
    changed = _region(request, request.path_params["region"]) | f.taken(body, _WRITABLE)
    return one(sandbox.store.save("regions", {**changed, "updated_at": sandbox.stamp()}))


async def delete(request: Request) -> Response:
    sandbox_of(request).store.delete("regions", id=_region(request, request.path_params["region"])["id"])
    return nothing()


async def of_profile(request: Request) -> Response:
    return every(profile_of(request)["regions"])


async def join(request: Request) -> Response:
    """Put a profile into a region; the answer is all of its regions."""
    body = await f.body_of(request, required=("region_id",))
    given = f.taken(body, _PLACE)
    if sandbox_of(request).store.get("regions", id=given["region_id"]) is None:
        raise invalid({"region_id": ["The selected region id is invalid."]})
    return _put(request, given["region_id"], given)


async def move(request: Request) -> Response:
    """Change a profile's country and state in one of its regions; the answer is all of its regions."""
    body = await f.body_of(request)
    _joined(request)
    return _put(request, request.path_params["region"], f.taken(body, _PLACE))


async def leave(request: Request) -> Response:
    """Take a profile out of a region."""
    gone, profile = _joined(request), profile_of(request)
    sandbox_of(request).store.save("profiles", {**profile, "regions": [r for r in profile["regions"] if r != gone]})
    return nothing()


def _put(request: Request, key: int, given: Row) -> Response:
    profile, region = profile_of(request), _region(request, key)
    held = next((each for each in profile["regions"] if each["id"] == key), {"country": None, "state": None})
    kept = [each for each in profile["regions"] if each["id"] != key]
    place = {name: given[name] for name in ("country", "state") if name in given}
    changed = {**profile, "regions": [*kept, {**held, **region, **place}]}
    return every(sandbox_of(request).store.save("profiles", changed)["regions"])


def _joined(request: Request) -> Row:
    key = request.path_params["region"]
    found: Row | None = next((each for each in profile_of(request)["regions"] if each["id"] == key), None)
    if found is None:
        raise not_found("Region", key)
    return found


def _region(request: Request, key: int) -> Row:
    found = sandbox_of(request).store.get("regions", id=key)
    if found is None:
        raise not_found("Region", key)
    return found


tenant_routes = [
    Route("/regions", index, methods=["GET"]),
    Route("/regions", create, methods=["POST"]),
    Route("/regions/{region:id}", read, methods=["GET"]),
    Route("/regions/{region:id}", update, methods=["PUT"]),
    Route("/regions/{region:id}", delete, methods=["DELETE"]),
]


def routes(profile: str) -> list[Route]:
    """Serve a profile's regions below its path."""
    return [
        Route(f"{profile}/regions", of_profile, methods=["GET"]),
        Route(f"{profile}/regions", join, methods=["POST"]),
        Route(f"{profile}/regions/{{region:id}}", move, methods=["PUT"]),
        Route(f"{profile}/regions/{{region:id}}", leave, methods=["DELETE"]),
    ]
