"""Everything put together: the application, and the command that serves it (`python gateway.py`)."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

import omneo
import telemetry
import writes
from config import DEVELOPMENT_SERVICE_KEY, STATE_DB, Settings, SettingsError
from context import Caller, Context, Gateway
from execution import COUNTED, Engine, Limits, price_command
from pace import Pace
from schema import schema
from schema.errors import formatted
from serving.application import Application
from serving.aside import Aside
from serving.budget import Budget, LocalCounts, SharedCounts
from serving.caller import Callers, ServiceKey
from serving.cors import cross_origin
from serving.figures import Figures
from serving.graphql import GraphQLEndpoint, HttpLimits
from serving.health import Health
from serving.jwt import JwksVerifier
from serving.keys import KeysFileError, development_key, read_keys
from serving.metrics import Metrics
from serving.operations import Operations
from serving.page import Page
from serving.protocol import HeadLimits
from serving.server import PortTaken, bind, serve
from serving.workers import supervise

_HEALTH_TIMEOUT_S = 2.0
_JWKS_TIMEOUT_S = 5.0


def create_app(settings: Settings | None = None, *, http: httpx.AsyncClient | None = None) -> Starlette:
    """Build the application; without settings, from the environment (SettingsError names what is wrong there).

    `http` is the client all calls to Omneo go through, for tests; whoever passes one closes it.
    """
    settings = settings or Settings.from_environ(os.environ)
    is_log_only = settings.limits == "log"
    limits = Limits(**{name: getattr(settings, f"limit_{name}") for name in COUNTED}, is_log_only=is_log_only)
    pace = Pace()
    engine = Engine(
        schema,
        formatted,
        limits,
        hide_suggestions=not settings.is_development,
        compiled=settings.engine == "compiled",
        cost_limit=settings.cost_limit,
        pace=pace,
    )
    metrics, parts, budget, aside = Metrics(), _Parts(), _budget(settings), Aside()
    callers = Callers(_keys(settings), _verifier(settings, parts))
    figures = Figures(metrics)
    board = omneo.Board() if settings.workers > 1 else None
    health = Health(lambda: _is_well(parts.http, settings.omneo_origin), figures)
    operations = Operations(
        engine,
        parts.open_context,
        budget,
        aside,
        members_introspect=settings.is_development,
        is_log_only=is_log_only,
        shares=settings.engine == "compiled",
    )
    endpoint = GraphQLEndpoint(
        operations,
        callers,
        metrics,
        Page(),
        aside,
        deadline_s=settings.request_deadline_s,
        limits=HttpLimits(
            body=settings.limit_body,
            url=settings.limit_url,
            body_timeout_s=settings.limit_body_s,
            batch=settings.limit_batch,
        ),
        pace=pace,
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            parts.http, reads = http or omneo.open_http(), None
            if http is None:
                stack.push_async_callback(parts.http.aclose)
                if settings.omneo_http == "curl":
                    reads = omneo.open_reads(pace)
                    stack.push_async_callback(reads.aclose)
            try:
                parts.gateway = await _open_gateway(settings, parts.http, reads, board)
            except writes.StateUnavailable:
                app.state.failure = "REDIS_URL cannot be reached" if settings.redis_url else "STATE_DB cannot be opened"
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # its traceback would not say more
                raise
            stack.push_async_callback(parts.gateway.catalogue.versions.aclose)
            stack.push_async_callback(parts.gateway.writes.drain)
            stack.push_async_callback(budget.aclose)
            stack.callback(aside.close)
            await stack.enter_async_context(figures.kept())
            yield

    cors = cross_origin(settings.cors_origins)
    app = Application(
        direct={} if cors else {"/graphql": endpoint},
        routes=[
            Route("/graphql", endpoint),
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/metrics", health.metrics),
        ],
        middleware=cors,
        lifespan=lifespan,
    )
    # A redirect would name whatever host the client did.
    app.router.redirect_slashes = False
    app.state.health, app.state.metrics, app.state.failure = health, metrics, None
    app.state.figures = figures
    return app


def main() -> int:
    """Serve until told to stop. Returns the exit code: 0 then, 2 for a wrong setting, 1 when the port cannot be had.

    `gateway.py price FILE` prints what a document costs instead, and needs no settings.
    """
    if sys.argv[1:2] == ["price"]:
        return price_command(Engine(schema, formatted), sys.argv[2:])
    if sys.argv[1:]:
        sys.stderr.write("gateway.py takes no arguments, except price FILE; settings are environment variables\n")
        return 2
    try:
        settings = Settings.from_environ(os.environ)
        telemetry.configure_logging(settings.log_level)
        app = create_app(settings)
        sock = bind(settings.host, settings.port)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except PortTaken as error:
        sys.stderr.write(f"{error}\n")
        return 1

    def drain() -> None:
        app.state.health.is_draining = True

    heads = HeadLimits(bytes=settings.limit_headers, seconds=settings.limit_headers_s, url_bytes=settings.limit_url)

    def work() -> int:
        deadline_s, count = settings.request_deadline_s, app.state.metrics.count_refusal
        if serve(app, sock, deadline_s=deadline_s, on_stop=drain, heads=heads, count_refusal=count):
            return 0
        if app.state.failure is not None:
            sys.stderr.write(f"{app.state.failure}\n")
        return 2

    return work() if settings.workers == 1 else _supervised(app, sock, work, settings.workers)


def _supervised(app: Starlette, sock: socket.socket, work: Callable[[], int], count: int) -> int:
    """Serve in several processes, which add up their figures; this one lets go of the port when it stops them."""

    def at(place: int) -> int:
        app.state.figures.share(Path(folder), place)
        return work()

    try:
        shared = tempfile.TemporaryDirectory(prefix="gateway-figures-")
    except OSError as error:
        sys.stderr.write(f"TMPDIR is no place for the figures of several WORKERS: {error.strerror}\n")
        return 2
    with shared as folder:
        return supervise(at, count, on_stop=sock.close)


class _Parts:
    """Hold what only exists while the application runs."""

    http: httpx.AsyncClient
    gateway: Gateway

    def open_context(self, caller: Caller, trace: telemetry.Trace) -> Context:
        return self.gateway.context(caller, trace)


async def _open_gateway(
    settings: Settings, http: httpx.AsyncClient, reads: omneo.Transport | None, board: omneo.Board | None
) -> Gateway:
    upstream = omneo.Upstream(
        http,
        api_url=settings.omneo_api_url,
        id_url=settings.omneo_id_url,
        token=settings.omneo_token,
        page_max=settings.omneo_page_max,
        reads=reads,
        flights=omneo.Flights(board, is_only_host=settings.redis_url is None),
    )
    gateway = Gateway(upstream, settings.omneo_timezone, settings.tenant, catalogue=_catalogue(settings, board))
    gateway.capabilities = await _capabilities(settings, upstream)
    if settings.state_db == STATE_DB:
        with contextlib.suppress(OSError):  # then it cannot be opened either, and that is said
            STATE_DB.parent.mkdir(mode=0o700, exist_ok=True)
    gateway.writes = await writes.Writes.open(
        state_db=str(settings.state_db) if settings.state_db else None,
        redis_url=str(settings.redis_url) if settings.redis_url else None,
        quarantine_s=settings.write_quarantine_s,
        kinds=gateway.kinds.all(),
    )
    return gateway


def _catalogue(settings: Settings, board: omneo.Board | None) -> omneo.Catalogue:
    if settings.redis_url is None:
        return omneo.Catalogue(omneo.OwnVersions(board))
    return omneo.Catalogue(omneo.SharedVersions.at(str(settings.redis_url), settings.tenant))


def _budget(settings: Settings) -> Budget:
    shared = settings.redis_url
    return Budget(
        LocalCounts() if shared is None else SharedCounts.at(str(shared), settings.tenant),
        member=settings.calls_per_minute_member,
        service=settings.calls_per_minute_service,
    )


def _keys(settings: Settings) -> dict[str, ServiceKey]:
    keys: dict[str, ServiceKey] = {}
    if settings.service_keys_file is not None:
        try:
            keys = read_keys(settings.service_keys_file)
        except KeysFileError as error:
            raise SettingsError(f"SERVICE_KEYS_FILE is malformed: {error}") from None
    if settings.accepts_development_credentials:
        return keys | development_key(DEVELOPMENT_SERVICE_KEY)
    if hashlib.sha256(DEVELOPMENT_SERVICE_KEY.encode()).hexdigest() in keys:
        raise SettingsError("SERVICE_KEYS_FILE is malformed: it holds the published development key")
    return keys


def _verifier(settings: Settings, parts: _Parts) -> JwksVerifier | None:
    if settings.jwt_issuer is None or settings.jwt_audience is None or settings.jwks_url is None:
        return None
    url = settings.jwks_url

    async def fetch_keys() -> bytes:
        answer = await _fetched(parts.http, url, _JWKS_TIMEOUT_S)
        if answer is None or answer.status != 200:
            raise OSError("the keys cannot be read")
        return answer.body

    return JwksVerifier(settings.jwt_issuer, settings.jwt_audience, fetch_keys)


async def _capabilities(settings: Settings, upstream: omneo.Upstream) -> omneo.Capabilities:
    if settings.omneo_batch == "auto":
        trace = telemetry.Trace.begin(deadline_s=2.0)
        return await omneo.probe(upstream.as_service(trace))
    is_filtering = settings.omneo_batch == "filter"
    return omneo.Capabilities(profiles_by_id=is_filtering, benefits_by_profile=is_filtering)


async def _is_well(http: httpx.AsyncClient, origin: str) -> bool:
    answer = await _fetched(http, f"{origin}/api/health", _HEALTH_TIMEOUT_S)
    return answer is not None and 200 <= answer.status < 300


async def _fetched(http: httpx.AsyncClient, url: str, within_s: float) -> omneo.Answer | None:
    """Read what is not a call to Omneo's API, within a time and a size as calls are; None where that fails."""
    try:
        return await omneo.HttpxTransport(http).send(omneo.Request("GET", url, {}, None, within_s))
    except omneo.OmneoError:
        return None


if __name__ == "__main__":
    sys.exit(main())
