"""Server tokens beside the first one (§2.1): made, listed, taken back. Their answers have no envelope."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, timedelta
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox.answers import Json, nothing
from sandbox.core import Sandbox, sandbox_of
from sandbox.problems import not_found
from sandbox.store import Row
from sandbox.times import written

_WRITABLE: dict[str, f.Rule] = {"name": f.text, "scopes": f.every(f.text)}
_LIFE = timedelta(days=365)


async def create(request: Request) -> Response:
    """Make a token; it is shown this once, and kept as a hash. Scopes are kept too, and open every door here."""
    sandbox, body = sandbox_of(request), await f.body_of(request, required=("name",))
    given = {"scopes": [], **f.taken(body, _WRITABLE)}
    secret, stamp = secrets.token_urlsafe(48), sandbox.stamp()
    row: Row = {
        "id": uuid4().hex, "user_id": 1, "client_id": 1, **given, "revoked": False, "created_at": stamp,
        "updated_at": stamp, "expires_at": written(sandbox.now().astimezone(UTC) + _LIFE),
    }  # fmt: skip
    sandbox.store.insert("tokens", row, hash=_hash(secret))
    return Json({"accessToken": secret, "token": row}, 201)


async def index(request: Request) -> Response:
    """List the tokens that are good, or with `type=expired` those that were."""
    sandbox = sandbox_of(request)
    is_over = request.query_params.get("type") == "expired"
    rows = sandbox.store.rows("tokens")
    return Json([row for row in rows if (row["expires_at"] <= sandbox.stamp()) == is_over])


async def delete(request: Request) -> Response:
    """Take a token back; it opens nothing from now on."""
    sandbox, key = sandbox_of(request), request.path_params["token"]
    if sandbox.store.get("tokens", id=key) is None:
        raise not_found("Token", key)
    sandbox.store.delete("tokens", id=key)
    return nothing()


def is_good(sandbox: Sandbox, secret: str) -> bool:
    """Tell whether a token was made here, and is neither taken back nor over."""
    found = sandbox.store.get("tokens", hash=_hash(secret))
    return found is not None and found["expires_at"] > sandbox.stamp()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


routes = [
    Route("/auth/api-tokens", create, methods=["POST"]),
    Route("/auth/access-tokens", index, methods=["GET"]),
    Route("/auth/api-tokens/{token}", delete, methods=["DELETE"]),
]
