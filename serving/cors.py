"""Which web pages of other origins a browser lets in: those in the settings, and without any, none."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

_SENT = (
    *("authorization", "content-type", "x-request-id", "traceparent", "x-upstream-report"),
    *("apollographql-client-name", "apollographql-client-version"),  # which Apollo's clients send when they have a name
    *("tracestate", "baggage", "sentry-trace"),  # and tracing in browsers
)
_READ = ("x-request-id", "retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
_KEPT_S = 600


def cross_origin(origins: Sequence[str]) -> list[Middleware]:
    """Return what answers browsers that ask for a page of these origins. No cookie is ever let in with them."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST"),
            allow_headers=_SENT,
            expose_headers=_READ,
            max_age=_KEPT_S,
        )
    ]
