"""Settings: read once from the environment, checked, frozen. Tokens are Secrets, so no repr shows one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.datastructures import Secret

from parsing import (
    credential,
    existing_file,
    id_url,
    is_loopback,
    one_of,
    origins,
    redis_url,
    seconds,
    tenant,
    time_zone,
    url,
    url_with_query,
    whole,
)

T = TypeVar("T")

Environment = Literal["production", "development"]
BatchPlan = Literal["auto", "filter", "fanout"]
EngineName = Literal["compiled", "stock"]
LimitsMode = Literal["enforce", "log"]
HttpClient = Literal["curl", "httpx"]
LogLevel = Literal["debug", "info", "warning", "error"]

# Known to everyone who reads the documentation, so they open nothing but a sandbox on this machine.
DEVELOPMENT_TOKEN = "sandbox-token"  # noqa: S105 — public by design
DEVELOPMENT_SERVICE_KEY = "sandbox-service-key"

# Where writes are remembered in production, unless told otherwise: an intent that dies with its process permits a
# second benefit. Relative to where the gateway is started.
STATE_DB = Path(".state/writes.db")


class SettingsError(Exception):
    """Say in one line which setting is missing or malformed; the value itself is never quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hold every setting of the gateway. Durations in seconds; URLs without a trailing slash."""

    omneo_api_url: str
    omneo_id_url: str
    omneo_token: Secret
    tenant: str
    environment: Environment = "production"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    log_level: LogLevel = "info"
    engine: EngineName = "compiled"
    omneo_timezone: ZoneInfo
    omneo_batch: BatchPlan = "auto"
    omneo_http: HttpClient = "curl"
    omneo_page_max: int = 100
    service_keys_file: Path | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    jwks_url: str | None = None
    request_deadline_s: float = 15.0
    write_quarantine_s: float = 30.0
    state_db: Path | None = None
    redis_url: Secret | None = None
    cost_limit: int = 250
    limits: LimitsMode = "enforce"
    limit_tokens: int = 2000
    limit_depth: int = 15
    limit_aliases: int = 50
    limit_directives: int = 9
    limit_root_fields: int = 20
    limit_writes: int = 1
    limit_fields: int = 2000
    limit_repeats: int = 4000
    limit_objects: int = 50_000
    limit_body: int = 256 * 1024
    limit_body_s: float = 10.0
    limit_url: int = 8 * 1024
    limit_headers: int = 16 * 1024
    limit_headers_s: float = 10.0
    limit_batch: int = 1
    calls_per_minute_member: int = 0
    calls_per_minute_service: int = 0
    cors_origins: tuple[str, ...] = ()

    @property
    def omneo_origin(self) -> str:
        """Tell where Omneo's health check lives: scheme, host and port of the API."""
        parts = urlsplit(self.omneo_api_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def remembers(self) -> bool:
        """Tell whether writes are remembered past the process (ADR 16)."""
        return self.state_db is not None or self.redis_url is not None

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @property
    def accepts_development_credentials(self) -> bool:
        """Allow the published development credentials only towards a sandbox on this very machine."""
        return self.is_development and all(is_loopback(url) for url in (self.omneo_api_url, self.omneo_id_url))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check all settings; a blank value counts as missing.

        Raises SettingsError naming the first setting that is missing or malformed.
        """
        read = _Reader(environ)
        api_url = _api_url(read)
        settings = cls(
            omneo_api_url=api_url,
            omneo_id_url=read("OMNEO_ID_URL", id_url, re.sub(r"/api/v3\Z", "/id/api/v1", api_url)),
            omneo_token=read.required("OMNEO_TOKEN", credential),
            tenant=read("OMNEO_TENANT", tenant, urlsplit(api_url).netloc),
            environment=cast("Environment", read("GATEWAY_ENV", one_of("production", "development"), "production")),
            host=read("HOST", str, "127.0.0.1"),
            port=read("PORT", whole(0, 65535), 8000),
            workers=_workers(read),
            log_level=cast("LogLevel", read("LOG_LEVEL", one_of("debug", "info", "warning", "error"), "info")),
            engine=cast("EngineName", read("ENGINE", one_of("compiled", "stock"), "compiled")),
            omneo_timezone=read("OMNEO_TIMEZONE", time_zone, ZoneInfo("UTC")),
            omneo_batch=cast("BatchPlan", read("OMNEO_BATCH", one_of("auto", "filter", "fanout"), "auto")),
            omneo_http=cast("HttpClient", read("OMNEO_HTTP", one_of("curl", "httpx"), "curl")),
            omneo_page_max=read("OMNEO_PAGE_MAX", whole(1, 1000), 100),
            service_keys_file=read("SERVICE_KEYS_FILE", existing_file, None),
            jwt_issuer=read("JWT_ISSUER", str, None),
            jwt_audience=read("JWT_AUDIENCE", str, None),
            jwks_url=read("JWKS_URL", url_with_query, None),
            request_deadline_s=read("REQUEST_DEADLINE_S", seconds, 15.0),
            write_quarantine_s=read("WRITE_QUARANTINE_S", seconds, 30.0),
            state_db=read("STATE_DB", Path, None),
            redis_url=read("REDIS_URL", redis_url, None),
            cost_limit=read("COST_LIMIT", whole(1, 100_000), 250),
            limits=cast("LimitsMode", read("LIMITS", one_of("enforce", "log"), "enforce")),
            limit_tokens=read("LIMIT_TOKENS", whole(1, 100_000), 2000),
            limit_depth=read("LIMIT_DEPTH", whole(1, 100_000), 15),
            limit_aliases=read("LIMIT_ALIASES", whole(1, 100_000), 50),
            limit_directives=read("LIMIT_DIRECTIVES", whole(1, 100_000), 9),
            limit_root_fields=read("LIMIT_ROOT_FIELDS", whole(1, 100_000), 20),
            limit_writes=read("LIMIT_WRITES", whole(1, 100_000), 1),
            limit_fields=read("LIMIT_FIELDS", whole(1, 100_000), 2000),
            limit_repeats=read("LIMIT_REPEATS", whole(1, 100_000), 4000),
            limit_objects=read("LIMIT_OBJECTS", whole(1, 10_000_000), 50_000),
            limit_body=read("LIMIT_BODY", whole(1024, 100_000_000), 256 * 1024),
            limit_body_s=read("LIMIT_BODY_S", seconds, 10.0),
            limit_url=read("LIMIT_URL", whole(256, 60_000), 8 * 1024),
            limit_headers=read("LIMIT_HEADERS", whole(1024, 60_000), 16 * 1024),
            limit_headers_s=read("LIMIT_HEADERS_S", seconds, 10.0),
            limit_batch=read("LIMIT_BATCH", whole(1, 20), 1),
            calls_per_minute_member=read("CALLS_PER_MINUTE_MEMBER", whole(0, 1_000_000), 0),
            calls_per_minute_service=read("CALLS_PER_MINUTE_SERVICE", whole(0, 1_000_000), 0),
            cors_origins=read("CORS_ORIGINS", origins, ()),
        )
        settings._check()
        return settings if settings.remembers or settings.is_development else replace(settings, state_db=STATE_DB)

    def _check(self) -> None:
        forgets = str(self.state_db) == ":memory:" or (self.state_db is None and self.is_development)
        if self.workers > 1 and forgets and self.redis_url is None:
            raise SettingsError("STATE_DB is missing: with several WORKERS, each must know of the others' writes")
        jwt = {"JWT_ISSUER": self.jwt_issuer, "JWT_AUDIENCE": self.jwt_audience, "JWKS_URL": self.jwks_url}
        missing = [name for name, value in jwt.items() if value is None]
        if 0 < len(missing) < len(jwt):
            raise SettingsError(f"{missing[0]} is missing: JWT_ISSUER, JWT_AUDIENCE and JWKS_URL belong together")
        for name in ("CALLS_PER_MINUTE_MEMBER", "CALLS_PER_MINUTE_SERVICE"):
            if 0 < getattr(self, name.lower()) < self.cost_limit:
                # An operation that is cheap enough to run would be refused for ever.
                raise SettingsError(f"{name} is malformed: 0, or at least COST_LIMIT ({self.cost_limit}), is wanted")
        if str(self.omneo_token) == DEVELOPMENT_TOKEN and not self.accepts_development_credentials:
            raise SettingsError(
                "OMNEO_TOKEN is the published development token: "
                "it needs GATEWAY_ENV=development and an Omneo on loopback"
            )


class _Reader:
    """Read one setting at a time and turn what its parser refuses into an error that names it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self._environ.get(name, "").strip()
        return default if not text else self._parse(name, parse, text)

    def required(self, name: str, parse: Callable[[str], T]) -> T:
        text = self._environ.get(name, "").strip()
        if not text:
            raise SettingsError(f"{name} is missing")
        return self._parse(name, parse, text)

    def has(self, name: str) -> bool:
        return bool(self._environ.get(name, "").strip())

    @staticmethod
    def _parse(name: str, parse: Callable[[str], T], text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            # Our parsers say what is wanted; whatever they choked on may be a secret and stays unquoted.
            raise SettingsError(f"{name} is malformed: {error}") from None


def _workers(read: _Reader) -> int:
    if read.has("WORKERS"):
        return read("WORKERS", whole(1, 64), 1)
    return read("WEB_CONCURRENCY", whole(1, 64), 1)


def _api_url(read: _Reader) -> str:
    if read.has("OMNEO_BASE_URL"):
        base = read.required("OMNEO_BASE_URL", url)
        path = urlsplit(base).path
        if path not in ("", "/api/v3"):
            raise SettingsError("OMNEO_BASE_URL is malformed: an origin, or one ending in /api/v3, is wanted")
        return base if path else f"{base}/api/v3"
    if not read.has("OMNEO_TENANT"):
        raise SettingsError("OMNEO_TENANT is missing (or OMNEO_BASE_URL instead)")
    return f"https://api.{read.required('OMNEO_TENANT', tenant)}.getomneo.com/api/v3"
