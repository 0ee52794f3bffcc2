"""The control routes below /_sandbox: journal, faults, settings, deliveries, reset. They are a tool, not an API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import every, nothing, one
from sandbox.core import sandbox_of
from sandbox.fields import body_of, json_of
from sandbox.journal import Journal
from sandbox.seed import seed
from sandbox.settings import Settings

Handler = Callable[[Request], Awaitable[Response]]


async def calls(request: Request) -> Response:
    """Read the journal, or begin a new one."""
    journal: Journal = request.app.state.journal
    if request.method == "DELETE":
        journal.clear()
        return nothing()
    return every(journal.as_json())


async def faults(request: Request) -> Response:
    """Read, replace or end the fault plan."""
    plan = request.app.state.faults
    if request.method == "DELETE":
        plan.plan([])
        return nothing()
    if request.method == "PUT":
        plan.plan(await json_of(request))
    return every([vars(rule) for rule in plan.rules])


async def settings(request: Request) -> Response:
    """Read the settings, change some of them, or set them back."""
    sandbox = sandbox_of(request)
    if request.method == "DELETE":
        sandbox.settings = Settings()
        return nothing()
    if request.method == "PUT":
        sandbox.settings = sandbox.settings.changed(await body_of(request))
    return one(sandbox.settings.as_json())


async def deliveries(request: Request) -> Response:
    """Read what was delivered to webhooks, or forget it."""
    kept = request.app.state.deliveries.kept
    if request.method == "DELETE":
        kept.clear()
        return nothing()
    return every(list(kept))


async def reset(request: Request) -> Response:
    """Put the data back to the seed; settings, faults and journal stay."""
    sandbox = sandbox_of(request)
    sandbox.forget_later()
    sandbox.store.clear()
    seed(sandbox)
    return nothing()


def unless_switched_off(switch: str, routes: list[Route]) -> list[Route]:
    """Serve routes only while a setting says so."""

    def guarded(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            if not getattr(sandbox_of(request).settings, switch):
                raise HTTPException(404)
            return await handler(request)

        return answer

    return [Route(each.path, guarded(each.endpoint), methods=list(each.methods or ())) for each in routes]


routes = [
    Route("/calls", calls, methods=["GET", "DELETE"]),
    Route("/faults", faults, methods=["GET", "PUT", "DELETE"]),
    Route("/settings", settings, methods=["GET", "PUT", "DELETE"]),
    Route("/deliveries", deliveries, methods=["GET", "DELETE"]),
    Route("/reset", reset, methods=["POST"]),
]
