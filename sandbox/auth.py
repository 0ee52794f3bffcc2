"""Who may call: the server token on the server API, a member's ID token on the ID API (§2)."""

from __future__ import annotations

import hashlib
import hmac
from uuid import uuid4

import jwt
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import api_token
from sandbox.answers import Json, one
from sandbox.core import Sandbox, by_server_token, sandbox_of
from sandbox.fields import body_of
from sandbox.identity import owner
from sandbox.problems import Problem, invalid, unauthenticated
from sandbox.profile import find
from sandbox.store import Row

_ALGORITHM = "HS256"


class ServerTokenOnly:
    """Let only the server token through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if not _is_server(request):
            problem = unauthenticated()
            await Json(problem.body, problem.status)(scope, receive, send)
            return
        before = by_server_token.set(True)
        try:
            await self._app(scope, receive, send)
        finally:
            by_server_token.reset(before)


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
            await Json(problem.body, problem.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def mint(request: Request) -> Response:
    """Mint a member's token, or an anonymous one when nobody is named (§2.3)."""
    sandbox, body = sandbox_of(request), await body_of(request)
    profile_id = _named(sandbox, body)
    now = int(sandbox.now().timestamp())
    claims = {
        "iss": "omneo-sandbox",
        "pid": profile_id,
        "iat": now,
        "exp": now + sandbox.settings.token_lifetime_s,
        "jti": uuid4().hex,
    }
    return one({"token": jwt.encode(claims, _key(sandbox), algorithm=_ALGORITHM), "exp": claims["exp"]})


def _named(sandbox: Sandbox, body: Row) -> str:
    """Find whose token is wanted: a profile's id, or "null", which no profile has. Raises a 404 or a 422."""
    if body.get("id") in (None, ""):
        return "null"
    key = str(body["id"])
    if body.get("id_handle"):
        held = owner(sandbox, str(body["id_handle"]), key)
        if held is None:
            raise invalid({"id": ["The selected id is invalid."]})
        key = held
    profile_id: str = find(sandbox, key)["id"]
    return profile_id


async def verify(request: Request) -> Response:
    """Say that the token is good, without a body; one that is not never comes here (§2.1)."""
    return Response()


def _is_server(request: Request) -> bool:
    """Tell whether the tenant's own token is sent, or one that was made with it."""
    sandbox, bearer = sandbox_of(request), _bearer(request)
    return hmac.compare_digest(bearer.encode(), sandbox.token.encode()) or api_token.is_good(sandbox, bearer)


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
server_routes = [Route("/auth/verify", verify, methods=["GET"]), *api_token.routes]
