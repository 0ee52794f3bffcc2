"""The application: both APIs of one tenant, the health check, and the control routes beside them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import (
    auth,
    batch,
    benefit_definition_routes,
    benefit_routes,
    control,
    profile_account,
    profile_attribute_routes,
    profile_benefit,
    profile_identity,
    profile_routes,
    profile_search,
    redemption_routes,
    region,
    tier,
    transaction,
    transaction_claim,
    webhook,
)
from sandbox.answers import Json
from sandbox.core import Sandbox
from sandbox.delivery import Deliveries
from sandbox.fault_actions import FaultMiddleware
from sandbox.faults import Faults
from sandbox.journal import Journal, JournalMiddleware
from sandbox.problems import Problem
from sandbox.seed import seed
from sandbox.settings import Settings
from sandbox.store import Store


def create_app(
    settings: Settings | None = None,
    *,
    token: str = "sandbox-token",  # noqa: S107 — published on purpose, for loopback alone
    db: str | Path | None = None,
    seeded: bool = True,
) -> Starlette:
    """Build a sandbox. An empty database is seeded unless told otherwise."""
    sandbox = Sandbox(Store(db), token, settings or Settings())
    if seeded and sandbox.store.is_empty:
        seed(sandbox)
    journal, faults, deliveries = Journal(), Faults(), Deliveries(sandbox)
    sandbox.listeners.append(deliveries.notice)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        sandbox.forget_later()
        await faults.aclose()
        await deliveries.aclose()
        sandbox.store.close()

    app = Starlette(
        routes=[
            Route("/api/health", _health),
            Mount("/api/v3", routes=_server_routes(), middleware=[Middleware(auth.ServerTokenOnly)]),
            Mount("/id/api/v1", routes=_id_routes(), middleware=[Middleware(auth.IdTokenOnly)]),
            Mount("/_sandbox", routes=control.routes),
        ],
        middleware=[
            Middleware(JournalMiddleware, journal=journal),
            Middleware(FaultMiddleware, faults=faults),
            Middleware(_PlainSlashes),
        ],
        exception_handlers={Problem: _problem, HTTPException: _http_problem, Exception: _bug},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.sandbox, app.state.journal, app.state.faults, app.state.deliveries = sandbox, journal, faults, deliveries
    return app


def _server_routes() -> list[BaseRoute]:
    one_profile = "/profiles/{profile}"
    return [
        *auth.server_routes,
        *batch.routes,
        *benefit_definition_routes.routes("/benefits/definitions"),
        *control.unless_switched_off("aliases", benefit_definition_routes.routes("/benefit-definitions")),
        *benefit_routes.routes,
        *profile_routes.tenant,
        *profile_search.routes,
        Route("/identities", profile_identity.index, methods=["GET"]),
        Route("/rewards", profile_account.all_rewards, methods=["GET"]),
        Route("/tiers/definitions", tier.definitions, methods=["GET"]),
        *redemption_routes.tenant_routes,
        *region.tenant_routes,
        *transaction.tenant_routes,
        *webhook.routes,
        *_profile_tree(one_profile),
    ]


def _id_routes() -> list[BaseRoute]:
    return [*auth.id_routes, *profile_routes.anonymous, *_profile_tree("/profiles/me")]


def _profile_tree(path: str) -> list[Route]:
    return [
        *profile_routes.of_profile(path),
        *profile_attribute_routes.routes(path),
        *profile_benefit.routes(path),
        *profile_identity.routes(path),
        *profile_account.routes(path),
        *redemption_routes.routes(path),
        *region.routes(path),
        *transaction_claim.routes(path),
        *transaction.routes(path),
        *control.unless_switched_off("aliases", profile_benefit.aliases(path)),
        *control.unless_switched_off("aliases", profile_attribute_routes.aliases(path)),
    ]


class _PlainSlashes:
    """Read `//` in a path as `/`, and none at its end, as the servers before Omneo do: its SDK's tests send some."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("//" in scope["path"] or scope["path"].endswith("/")):
            scope = {**scope, "path": re.sub("/{2,}", "/", scope["path"]).rstrip("/") or "/"}
        await self._app(scope, receive, send)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("OK")


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return Json(error.body, error.status, headers=error.headers)


async def _bug(_request: Request, _error: Exception) -> Response:
    return Json({"message": "Server Error"}, 500)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"The route {request.url.path} could not be found." if error.status_code == 404 else error.detail
    return Json({"message": message}, error.status_code, headers=error.headers)
