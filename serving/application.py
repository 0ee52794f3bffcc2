"""The application uvicorn serves: Starlette, with the one busy path in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.asgi import DIRECT


class Application(Starlette):
    """Serve `direct` paths by their endpoint alone, everything else as Starlette does.

    Starlette's router and error handlers take a tenth of a small query's time, and an endpoint that answers whatever
    goes wrong by itself needs neither. Paths that middleware has to see are not direct.
    """

    def __init__(self, *, direct: Mapping[str, ASGIApp], **options: Any) -> None:
        super().__init__(**options)
        self._direct = dict(direct)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._direct.get(scope["path"]) if scope["type"] == "http" else None
        if endpoint is None:
            # Middleware sees an answer through `send` alone, so nobody behind it may answer past that.
            scope.get("extensions", {}).pop(DIRECT, None)
            await super().__call__(scope, receive, send)
        else:
            await endpoint(scope, receive, send)
