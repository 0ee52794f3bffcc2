"""Who may call: the server token on the server API, a member's ID token on the ID API (§2)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from uuid import uuid4

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.core import Sandbox, body_of, one, sandbox_of
from sandbox.identity import owner
from sandbox.problems import Problem, invalid, unauthenticated
from sandbox.profile import find

_ALGORITHM = "HS256"


class ServerTokenOnly:
    """Let only the server token through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if not _is_server(request):
            problem = unauthenticated()
            await JSONResponse(problem.body, problem.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class IdTokenOnly:
    """Let a member's token through, and note whose it is; minting is for the server token alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            if not scope["path"].endswith("/id/api/v1/auth/token"):
                scope.setdefault("state", {})["profile_id"] = _profile_of_token(request)
            elif not _is_server(request):
                raise unauthenticated()
        except Problem as problem:
            await JSONResponse(problem.body, problem.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def mint(request: Request) -> Response:
    """Mint a member's token, or an anonymous one when nobody is named (§2.3)."""
    sandbox, body = sandbox_of(request), await body_of(request)
    key: Any = body.get("id")
    if body.get("id_handle"):
        key = owner(sandbox, str(body["id_handle"]), str(key))
        if key is None:
            raise invalid({"id": ["The selected id is invalid."]})
    profile_id = "null" if key in (None, "") else find(sandbox, key)["id"]
    now = int(sandbox.now().timestamp())
    claims = {
        "iss": "omneo-sandbox",
        "pid": profile_id,
        "iat": now,
        "exp": now + sandbox.settings.token_lifetime_s,
        "jti": uuid4().hex,
    }
    return one({"token": jwt.encode(claims, _key(sandbox), algorithm=_ALGORITHM), "exp": claims["exp"]})


async def verify(request: Request) -> Response:
    """Say that the token is good; one that is not never comes here (§2.1)."""
    return one({"verified": True})


def _is_server(request: Request) -> bool:
    return hmac.compare_digest(_bearer(request).encode(), sandbox_of(request).token.encode())


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _profile_of_token(request: Request) -> str:
    """Read whose token it is: a profile's id, or "null", which no profile has."""
    sandbox = sandbox_of(request)
    options = {"require": ["pid", "exp"], "verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(_bearer(request), _key(sandbox), algorithms=[_ALGORITHM], options=options)  # type: ignore[arg-type]  # a plain dict
    except jwt.InvalidTokenError:
        raise unauthenticated() from None
    if claims["exp"] <= sandbox.now().timestamp():
        raise unauthenticated()
    return str(claims["pid"])


def _key(sandbox: Sandbox) -> bytes:
    """Derive the signing key from the server token, so that tokens outlive a restart."""
    return hashlib.sha256(b"id tokens of the sandbox:" + sandbox.token.encode()).digest()


id_routes = [Route("/auth/token", mint, methods=["POST"])]
server_routes = [Route("/auth/verify", verify, methods=["GET"])]
