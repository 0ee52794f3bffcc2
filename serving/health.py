"""Liveness, readiness and figures: what a platform asks, without a credential."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import telemetry
from serving.figures import Figures
from serving.metrics import CONTENT_TYPE
from telemetry import Trace

_READY_KEPT_S = 2.0


class Health:
    """Answer /healthz, /readyz and /metrics.

    `is_upstream_well` asks Omneo whether it is there; its answer is kept for two seconds, so that a platform that asks
    often costs Omneo little. `is_draining` goes up when the process is about to end.
    """

    def __init__(self, is_upstream_well: Callable[[], Awaitable[bool]], figures: Figures) -> None:
        self._is_upstream_well = is_upstream_well
        self._figures = figures
        self._asked: float | None = None
        self._was_well = False
        self._lock = asyncio.Lock()
        self.is_draining = False

    async def live(self, request: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "ok"}, headers=_headers(request))

    async def ready(self, request: Request) -> Response:
        """Say whether requests should be sent here: 200 or 503, with the reason."""
        if self.is_draining:
            return JSONResponse({"status": "draining"}, 503, headers=_headers(request))
        if not await self._is_well():
            return JSONResponse({"status": "omneo unreachable"}, 503, headers=_headers(request))
        return JSONResponse({"status": "ready"}, headers=_headers(request))

    async def metrics(self, request: Request) -> Response:
        """Return the figures for Prometheus."""
        telemetry.flush()  # what was answered before this, even in the same turn of the event loop, is counted
        return Response(self._figures.text(), media_type=CONTENT_TYPE, headers=_headers(request))

    async def _is_well(self) -> bool:
        async with self._lock:
            if self._asked is None or time.monotonic() - self._asked > _READY_KEPT_S:
                self._was_well = await self._is_upstream_well()
                self._asked = time.monotonic()
            return self._was_well


def _headers(request: Request) -> dict[str, str]:
    trace = Trace.begin(request_id=request.headers.get("x-request-id"))
    return {"cache-control": "no-store", "x-request-id": trace.request_id}
