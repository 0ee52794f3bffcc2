"""Where identities are served: those of one profile, and all of them with their profiles (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox import identity
from sandbox.answers import every, listed, nothing, one
from sandbox.core import sandbox_of
from sandbox.profile import find as find_profile
from sandbox.profile import profile_of
from sandbox.profile import shown as shown_profile
from sandbox.store import Row


async def index(request: Request) -> Response:
    """List the identities in use, with their profiles if asked for."""
    sandbox = sandbox_of(request)

    def with_profile(row: Row) -> Row:
        return {**row, "profile": shown_profile(sandbox, find_profile(sandbox, row["profile_id"]))}

    shown = with_profile if request.query_params.get("include") == "profile" else dict
    alive = (
        "EXISTS (SELECT 1 FROM profiles p WHERE p.id = t.profile_id AND json_extract(p.data, '$.deleted_at') IS NULL)"
    )
    return listed(request, identity.LISTING, shown, condition=f"json_extract(t.data, '$.is_active') AND {alive}")


async def of_profile(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return every(identity.of_profile(sandbox, profile_of(request)["id"]))


async def create(request: Request) -> Response:
    body = await f.body_of(request, required=("handle", "identifier"))
    given = f.taken(body, identity.WRITABLE)
    return one(identity.add(sandbox_of(request), profile_of(request)["id"], given), 201)


async def read(request: Request) -> Response:
    return one(_identity(request))


async def update(request: Request) -> Response:
    body = await f.body_of(request)
    return one(identity.change(sandbox_of(request), _identity(request), body))


async def delete(request: Request) -> Response:
    sandbox_of(request).store.delete("identities", id=_identity(request)["id"])
    return nothing()


def _identity(request: Request) -> Row:
    sandbox, profile, path = sandbox_of(request), profile_of(request), request.path_params
    keys = {"id": path["identity"]} if "identity" in path else {"handle": path["handle"]}
    return identity.find(sandbox, profile["id"], **keys)


def routes(profile: str) -> list[Route]:
    """Serve a profile's identities below its path."""
    by_id, by_handle = f"{profile}/identities/id/{{identity:id}}", f"{profile}/identities/{{handle}}"
    return [
        Route(f"{profile}/identities", of_profile, methods=["GET"]),
        Route(f"{profile}/identities", create, methods=["POST"]),
        *(
            Route(path, handler, methods=[method])
            for path in (by_id, by_handle)
            for method, handler in (("GET", read), ("PUT", update), ("DELETE", delete))
        ),
    ]
