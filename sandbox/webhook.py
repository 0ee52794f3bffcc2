"""Webhooks: who wants to be told of what (§11)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox.answers import listed, nothing, one
from sandbox.core import Sandbox, sandbox_of
from sandbox.problems import invalid, not_found
from sandbox.query import Listing
from sandbox.store import Row

DEFAULTS: dict[str, Any] = {
    "trigger": None,
    "url": None,
    "namespace": None,
    "is_active": True,
    "retry_hourly": False,
    "retry_daily": False,
    "queue": "default",
    "condition": None,
    "extra_data_template": None,
}
LISTING = Listing(table="webhooks", fields=frozenset(DEFAULTS), columns={"id": "id"})
_WRITABLE: dict[str, f.Rule] = {
    "trigger": f.text,
    "url": f.text,
    "namespace": f.text,
    "is_active": f.flag,
    "retry_hourly": f.flag,
    "retry_daily": f.maybe(f.flag),
    "queue": lambda value: value if value in ("high", "default", None) else "low",
    "condition": f.maybe(f.condition),
    "extra_data_template": f.maybe(f.text),
}


async def index(request: Request) -> Response:
    return listed(request, LISTING, lambda row: row)


async def create(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await f.body_of(request, required=("trigger", "url", "namespace"))
    row = {**DEFAULTS, **f.taken(body, _WRITABLE)}
    _check(sandbox, row)
    stamp = sandbox.stamp()
    return one(sandbox.store.insert("webhooks", {"user_id": 1, **row, "created_at": stamp, "updated_at": stamp}), 201)


async def read(request: Request) -> Response:
    return one(_webhook(request))


async def update(request: Request) -> Response:
    sandbox, body = sandbox_of(request), await f.body_of(request)
    row = {**_webhook(request), **f.taken(body, _WRITABLE), "updated_at": sandbox.stamp()}
    _check(sandbox, row)
    return one(sandbox.store.save("webhooks", row))


async def delete(request: Request) -> Response:
    sandbox_of(request).store.delete("webhooks", id=_webhook(request)["id"])
    return nothing()


def _webhook(request: Request) -> Row:
    key = request.path_params["webhook"]
    found = sandbox_of(request).store.get("webhooks", id=key)
    if found is None:
        raise not_found("Webhook", key)
    return found


def _check(sandbox: Sandbox, row: Row) -> None:
    """Hold a webhook against the others: one event goes to one address once (§11)."""
    same = [
        each
        for each in sandbox.store.rows("webhooks")
        if (each["trigger"], each["url"]) == (row["trigger"], row["url"])
    ]
    if any(each["id"] != row.get("id") for each in same):
        raise invalid({"url": ["The url has already been taken."]})


routes = [
    Route("/webhooks", index, methods=["GET"]),
    Route("/webhooks", create, methods=["POST"]),
    Route("/webhooks/{webhook:id}", read, methods=["GET"]),
    Route("/webhooks/{webhook:id}", update, methods=["PUT"]),
    Route("/webhooks/{webhook:id}", delete, methods=["DELETE"]),
]
