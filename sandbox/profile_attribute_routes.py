"""Where the attributes of one profile are served (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox import profile_attributes as attributes
from sandbox.answers import every, nothing, one
from sandbox.core import sandbox_of
from sandbox.problems import invalid
from sandbox.profile import profile_of
from sandbox.store import Row


async def read_plain(request: Request) -> Response:
    return one(profile_of(request)["attributes"][_kind(request)])


async def update_plain(request: Request) -> Response:
    given = await f.body_of(request)
    changed = attributes.with_plain(profile_of(request), _kind(request), given)
    return one(_saved(request, changed)["attributes"][_kind(request)])


async def dates(request: Request) -> Response:
    return every(profile_of(request)["attributes"]["dates"])


async def update_date(request: Request) -> Response:
    """Put a date over the one with its handle and relationship, or add it."""
    given = _read(attributes.DATE, await f.body_of(request), "date")
    changed, date = attributes.with_date(sandbox_of(request), profile_of(request), given)
    _saved(request, changed)
    return one(date)


async def delete_date(request: Request) -> Response:
    """Take a date away; the answer is those that remain (§5)."""
    changed = attributes.without_date(profile_of(request), request.path_params["date"])
    return every(_saved(request, changed)["attributes"]["dates"])


async def custom(request: Request) -> Response:
    return every(profile_of(request)["custom_attributes"])


async def read_custom(request: Request) -> Response:
    return one(attributes.find_custom(profile_of(request), *_name(request)))


async def update_custom(request: Request) -> Response:
    namespace, handle = _name(request)
    body = await f.body_of(request)
    given = _read(attributes.CUSTOM, {**body, "namespace": namespace, "handle": handle}, "value")
    changed = _saved(request, attributes.with_custom(profile_of(request), given))
    return one(attributes.find_custom(changed, namespace, handle))


async def delete_custom(request: Request) -> Response:
    profile = profile_of(request)
    found = attributes.find_custom(profile, *_name(request))
    kept = [each for each in profile["custom_attributes"] if each is not found]
    _saved(request, {**profile, "custom_attributes": kept})
    return nothing()


def _kind(request: Request) -> str:
    return "appearance" if request.url.path.endswith("appearance") else "comms"


def _name(request: Request) -> tuple[str, str]:
    return request.path_params["namespace"], request.path_params["handle"]


def _read(rule: f.Rule, body: Row, name: str) -> Row:
    try:
        given: Row = rule(body)
    except (ValueError, TypeError) as error:
        raise invalid({name: [f"It must be {error}."]}) from None
    return given


def _saved(request: Request, profile: Row) -> Row:
    sandbox = sandbox_of(request)
    return sandbox.store.save("profiles", {**profile, "updated_at": sandbox.stamp()})


def routes(profile: str) -> list[Route]:
    """Serve a profile's attributes below its path."""
    plain = [f"{profile}/attributes/comms", f"{profile}/attributes/appearance"]
    by_name = f"{profile}/attributes/custom/{{namespace}}:{{handle}}"
    return [
        *(Route(path, read_plain, methods=["GET"]) for path in plain),
        *(Route(path, update_plain, methods=["PUT"]) for path in plain),
        Route(f"{profile}/attributes/dates", dates, methods=["GET"]),
        Route(f"{profile}/attributes/dates", update_date, methods=["PUT"]),
        Route(f"{profile}/attributes/dates/{{date:id}}", delete_date, methods=["DELETE"]),
        Route(f"{profile}/attributes/custom", custom, methods=["GET"]),
        Route(by_name, read_custom, methods=["GET"]),
        Route(by_name, update_custom, methods=["PUT"]),
        Route(by_name, delete_custom, methods=["DELETE"]),
    ]


def aliases(profile: str) -> list[Route]:
    """Serve comms where the SDK's helpers look for them (C-12)."""
    return [Route(f"{profile}/comms", update_plain, methods=["PUT"])]
