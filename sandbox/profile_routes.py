"""Where profiles are served: for the tenant, and as `me` for the member of a token (§7.0, §2.3)."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox import profile_change as change
from sandbox.answers import listed, nothing, one
from sandbox.core import sandbox_of
from sandbox.problems import invalid
from sandbox.profile import ALIVE, LISTING, aggregations, context, find, profile_of, shown
from sandbox.times import read_time


async def index(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return listed(request, LISTING, lambda profile: shown(sandbox, profile), condition=ALIVE)


async def create(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await f.body_of(request, required=("first_name", "last_name", "email"))
    return one(shown(sandbox, change.create(sandbox, body)), 201)


async def create_own(request: Request) -> Response:
    """Make a profile from the ID API; for an anonymous token, one that has the e-mail or phone is changed (§2.3)."""
    sandbox, body = sandbox_of(request), await f.body_of(request)
    is_anonymous = request.state.profile_id == "null"
    by = next((name for name in ("email", "mobile_phone") if body.get(name)), None)
    held = change.holder(sandbox, by, body[by]) if is_anonymous and by else None
    if held is not None:
        return one(shown(sandbox, change.update(sandbox, held, body)))
    return await create(request)


async def read(request: Request) -> Response:
    return one(shown(sandbox_of(request), profile_of(request)))


async def update(request: Request) -> Response:
    sandbox, body = sandbox_of(request), await f.body_of(request)
    return one(shown(sandbox, change.update(sandbox, profile_of(request), body)))


async def update_type(request: Request) -> Response:
    sandbox, body = sandbox_of(request), await f.body_of(request, required=("profile_type",))
    given = {"profile_type": body["profile_type"]}
    return one(shown(sandbox, change.update(sandbox, profile_of(request), given)))


async def delete(request: Request) -> Response:
    change.delete(sandbox_of(request), profile_of(request))
    return nothing()


async def merge(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await f.body_of(request, required=("source_profile_id", "destination_profile_id"))
    source, destination = find(sandbox, body["source_profile_id"]), find(sandbox, body["destination_profile_id"])
    return one(shown(sandbox, change.merge(sandbox, source, destination)))


async def resync(request: Request) -> Response:
    """Tell the world of a profile once more."""
    sandbox, profile = sandbox_of(request), profile_of(request)
    sandbox.emit("profile.updated", context(sandbox, profile))
    return one(shown(sandbox, profile))


async def sync(request: Request) -> Response:
    """Queue a re-sync of what changed since a time; here nobody is synchronised, so none is done (C-8)."""
    sandbox, body = sandbox_of(request), await f.body_of(request)
    since = read_time(body["updated_at"]) if body.get("updated_at") else None
    tomorrow = read_time(sandbox.stamp()[:10])
    assert tomorrow is not None, "it is our own"
    if body.get("updated_at") and (since is None or since >= tomorrow + timedelta(days=1)):
        raise invalid({"updated_at": ["The updated at must be a date before tomorrow."]})
    return one({"message": "Profiles queued for sync."}, 202)


async def read_aggregations(request: Request) -> Response:
    return one(aggregations(profile_of(request)))


tenant = [
    Route("/profiles", index, methods=["GET"]),
    Route("/profiles", create, methods=["POST"]),
    Route("/profiles/merge", merge, methods=["POST"]),
    Route("/profiles/sync", sync, methods=["POST"]),
]


def of_profile(path: str) -> list[Route]:
    """Serve one profile under its path."""
    return [
        Route(path, read, methods=["GET"]),
        Route(path, update, methods=["PUT"]),
        Route(path, delete, methods=["DELETE"]),
        Route(f"{path}/purge", delete, methods=["DELETE", "POST"]),  # C-7
        Route(f"{path}/resync", resync, methods=["GET"]),
        Route(f"{path}/update-type", update_type, methods=["PUT"]),
        Route(f"{path}/aggregations", read_aggregations, methods=["GET"]),
        Route(f"{path}/aggregations/calculate", read_aggregations, methods=["GET"]),
    ]


anonymous = [Route("/profiles", create_own, methods=["POST"])]
