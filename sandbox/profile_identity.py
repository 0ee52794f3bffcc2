"""Identities of one profile, and the list of all with their profiles (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import identity
from sandbox.core import body_of, every, listed, nothing, one, sandbox_of
from sandbox.profile import find as find_profile
from sandbox.profile import profile_of
from sandbox.profile import shown as shown_profile
from sandbox.store import Row


async def index(request: Request) -> Response:
    """List the identities in use, with their profiles if asked for."""
    sandbox = sandbox_of(request)
    with_profile = request.query_params.get("include") == "profile"

    def shown(row: Row) -> Row:
        return (
            {**row, "profile": shown_profile(sandbox, find_profile(sandbox, row["profile_id"]))}
            if with_profile
            else row
        )

    return listed(request, identity.LISTING, shown, condition="json_extract(t.data, '$.is_active')")


async def of_profile(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return every(identity.of_profile(sandbox, profile_of(request)["id"]))


async def create(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    body = await body_of(request, required=("handle", "identifier"))
    return one(identity.add(sandbox, profile["id"], body), 201)


async def read(request: Request) -> Response:
    return one(_identity(request))


async def update(request: Request) -> Response:
    return await identity.change(request, _identity(request))


async def delete(request: Request) -> Response:
    sandbox_of(request).store.delete("identities", id=_identity(request)["id"])
    return nothing()


def _identity(request: Request) -> Row:
    sandbox, profile, path = sandbox_of(request), profile_of(request), request.path_params
    keys = {"id": path["identity"]} if "identity" in path else {"handle": path["handle"]}
    return identity.find(sandbox, profile["id"], **keys)


def routes(profile: str) -> list[Route]:
    """Serve a profile's identities below its path."""
    by_id, by_handle = f"{profile}/identities/id/{{identity:int}}", f"{profile}/identities/{{handle}}"
    return [
        Route(f"{profile}/identities", of_profile, methods=["GET"]),
        Route(f"{profile}/identities", create, methods=["POST"]),
        *(
            Route(path, handler, methods=[method])
            for path in (by_id, by_handle)
            for method, handler in (("GET", read), ("PUT", update), ("DELETE", delete))
        ),
    ]
