"""Where benefit definitions are served (§7.0)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import listed, nothing, one
from sandbox.benefit_definition import LISTING, WRITABLE, checked, new_definition, shown
from sandbox.core import sandbox_of
from sandbox.fields import body_of
from sandbox.problems import not_found, refused
from sandbox.store import Row


async def index(request: Request) -> Response:
    return listed(request, LISTING, shown)


async def create(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("name", "handle", "period"))
    return one(shown(new_definition(sandbox, checked(sandbox, body))), 201)


async def read(request: Request) -> Response:
    return one(shown(_definition(request)))


async def read_by_handle(request: Request) -> Response:
    handle = request.path_params["handle"]
    found = sandbox_of(request).store.get("definitions", handle=handle)
    if found is None:
        raise not_found("BenefitDefinition", handle)
    return one(shown(found))


async def update(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await body_of(request)
    definition = _definition(request)
    changed = {**definition, **checked(sandbox, body, definition), "updated_at": sandbox.stamp()}
    return one(shown(sandbox.store.save("definitions", changed, handle=changed["handle"])))


async def delete(request: Request) -> Response:
    """Take a definition away. Whether Omneo does so while there are benefits of it is unknown (U-10); here not."""
    sandbox, definition = sandbox_of(request), _definition(request)
    if sandbox.store.count("benefits", "definition_id = ?", [int(definition["id"])]):
        raise refused("The benefit definition has benefits.")
    sandbox.store.delete("definitions", id=int(definition["id"]))
    return nothing()


async def clone(request: Request) -> Response:
    """Copy a definition under another handle, without what was counted of it."""
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("handle",))
    definition = _definition(request)
    named = checked(sandbox, {name: body[name] for name in ("handle", "name") if body.get(name) is not None})
    return one(shown(new_definition(sandbox, _copied(definition) | named)), 201)


def _copied(definition: Row) -> Row:
    return {name: value for name, value in definition.items() if name in WRITABLE or name == "region"}


def _definition(request: Request) -> Row:
    key = request.path_params["definition"]
    found = sandbox_of(request).store.get("definitions", id=key)
    if found is None:
        raise not_found("BenefitDefinition", key)
    return found


def routes(prefix: str) -> list[Route]:
    """Serve definitions under a prefix; C-1 knows two."""
    return [
        Route(prefix, index, methods=["GET"]),
        Route(prefix, create, methods=["POST"]),
        Route(f"{prefix}/handle/{{handle}}", read_by_handle, methods=["GET"]),
        Route(f"{prefix}/{{definition:id}}", read, methods=["GET"]),
        Route(f"{prefix}/{{definition:id}}", update, methods=["PUT"]),
        Route(f"{prefix}/{{definition:id}}", delete, methods=["DELETE"]),
        Route(f"{prefix}/{{definition:id}}/clone", clone, methods=["POST"]),
    ]
