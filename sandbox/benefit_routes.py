"""Where the benefits of the whole tenant are served (§7.0)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import benefit as benefits
from sandbox import fields as f
from sandbox.answers import every, listed, nothing, one
from sandbox.core import sandbox_of
from sandbox.expiry import extended
from sandbox.problems import invalid, refused
from sandbox.store import Row

_EXTENSION: dict[str, f.Rule] = {
    "profile_id": f.text,
    "ids": f.every(f.whole(0, 2**63 - 1)),
    "extend_days": f.maybe(f.whole(1, 36_500)),
    "extend_date": f.maybe(f.moment),
}


async def index(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return listed(request, benefits.LISTING, lambda benefit: benefits.shown(sandbox, benefit))


async def create(request: Request) -> Response:
    body = await f.body_of(request, required=("profile_id", "benefit_definition_id", "issued_at", "timezone"))
    return one(benefits.assign(sandbox_of(request), body), 201)


async def read(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return one(benefits.shown(sandbox, _benefit(request)))


async def update(request: Request) -> Response:
    body = await f.body_of(request)
    return one(benefits.change(sandbox_of(request), _benefit(request), body))


async def delete(request: Request) -> Response:
    benefits.remove(sandbox_of(request), _benefit(request))
    return nothing()


async def extend(request: Request) -> Response:
    """Put off the end of some benefits of one profile, of all or of none (§10)."""
    sandbox = sandbox_of(request)
    body = await f.body_of(request, required=("profile_id", "ids"))
    given = f.taken(body, _EXTENSION)
    days, date = given.get("extend_days"), body.get("extend_date")
    if (days is None) == (date is None):
        raise invalid({"extend_days": ["Give either extend days or extend date."]})
    held = [benefits.find(sandbox, each, given["profile_id"]) for each in dict.fromkeys(given["ids"])]
    if not all(benefits.definition_of(sandbox, benefit)["is_extendable"] for benefit in held):
        raise refused("The benefit is not extendable.")
    changed: list[Row] = [
        {**extended(sandbox, benefit, days=days, date=date), "updated_at": sandbox.stamp()} for benefit in held
    ]
    rows = [benefits.shown(sandbox, sandbox.store.save("benefits", benefit)) for benefit in changed]
    for row in rows:
        sandbox.emit("benefit.updated", row)
    return every(rows)


async def count(request: Request) -> Response:
    """Count the benefits, and those that were redeemed at least once."""
    store = sandbox_of(request).store
    redeemed = (
        "t.id IN (SELECT json_extract(i.value, '$.benefit_id') FROM redemptions r, json_each(r.data, '$.items') i)"
    )
    return one({"countAll": store.count("benefits"), "countRedeemed": store.count("benefits", redeemed)})


def _benefit(request: Request) -> Row:
    return benefits.find(sandbox_of(request), request.path_params["benefit"])


routes = [
    Route("/benefits", index, methods=["GET"]),
    Route("/benefits", create, methods=["POST"]),
    Route("/benefits.count", count, methods=["GET"]),
    Route("/benefits/extend", extend, methods=["POST"]),
    Route("/benefits/{benefit:id}", read, methods=["GET"]),
    Route("/benefits/{benefit:id}", update, methods=["PUT"]),
    Route("/benefits/{benefit:id}", delete, methods=["DELETE"]),
]
