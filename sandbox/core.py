"""What every route needs: the store, the settings, the clock and the events, and how answers are wrapped."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.problems import Problem, invalid
from sandbox.query import Listing, order, page, where
from sandbox.settings import Settings
from sandbox.store import Row, Store

Listener = Callable[[str, Row], None]
Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class Sandbox:
    """Hold the one tenant: `token` is its server token."""

    store: Store
    token: str
    settings: Settings = field(default_factory=Settings)
    listeners: list[Listener] = field(default_factory=list)

    def now(self) -> datetime:
        """Tell the time, or what the settings say it is."""
        return datetime.fromisoformat(self.settings.clock) if self.settings.clock else datetime.now(UTC)

    def stamp(self) -> str:
        """Write now as `created_at` is written: UTC, without an offset (§9)."""
        return written(self.now().astimezone(UTC))

    def wall(self, zone: str | None) -> str:
        """Write now as wall time in a zone; UTC where there is none, or no such one."""
        return written(self.now().astimezone(zone_of(zone)))

    def emit(self, event: str, payload: Row) -> None:
        """Tell the listeners, such as webhooks, what happened."""
        for listener in self.listeners:
            listener(event, payload)


def sandbox_of(request: Request) -> Sandbox:
    """Reach the tenant from a request."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def written(moment: datetime) -> str:
    """Write a time the one way Omneo is seen to write it (§9)."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def read_time(value: object) -> datetime | None:
    """Read a time as Omneo takes it: with a space or a T, a bare date for its midnight; None for what is no time."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def zone_of(name: str | None) -> ZoneInfo:
    """Find a zone; UTC where there is none of that name."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def one(row: Row, status: int = 200) -> JSONResponse:
    """Wrap a record (§3)."""
    return JSONResponse({"data": row}, status)


def every(rows: list[Row]) -> JSONResponse:
    """Wrap a list that is not paged (§3)."""
    return JSONResponse({"data": rows})


def nothing() -> Response:
    """Answer a deletion."""
    return Response(status_code=204)


async def body_of(request: Request, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a JSON object; none counts as empty. Raises a 422 that names the required fields that are missing."""
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Problem(400, {"message": "The request body is not valid JSON."}) from None
    if isinstance(body, list) and not body:
        body = {}
    if not isinstance(body, dict):
        raise invalid({"body": ["The body must be an object."]})
    missing = [name for name in required if body.get(name) in (None, "", [])]
    if missing:
        raise invalid({name: [f"The {name.replace('_', ' ')} field is required."] for name in missing})
    return body


def listed(
    request: Request,
    listing: Listing,
    shown: Callable[[Row], Row],
    *,
    within: Mapping[str, Any] | None = None,
    condition: str | None = None,
) -> JSONResponse:
    """Answer one page of a list, filtered, sorted and wrapped as §3 and §4 tell.

    `within` are keys every row must have, such as its profile; `condition` is SQL of ours that must hold.
    """
    sandbox = sandbox_of(request)
    params = dict(request.query_params)
    honoured = [
        name.partition(".")[2] for name in sandbox.settings.honour_filters if name.startswith(f"{listing.table}.")
    ]
    wanted = where(listing, request.query_params.multi_items(), honoured=honoured)
    for name, value in (within or {}).items():
        wanted.add(f"t.{name} = ?", value)
    if condition is not None:
        wanted.add(condition)
    tags = request.query_params.getlist("tags[]")
    if tags and "tags" in listing.members:
        wanted.add(listing.members["tags"].format(f"m.value IN ({', '.join('?' * len(tags))})"), *tags)
    size, number = page(params, default=sandbox.settings.page_size, maximum=sandbox.settings.page_max)
    total = sandbox.store.count(listing.table, wanted.sql, wanted.values)
    rows = sandbox.store.rows(
        listing.table,
        wanted.sql,
        wanted.values,
        order=order(listing, params),
        limit=size,
        offset=min((number - 1) * size, 2**62),
    )
    return JSONResponse(paged(request, [shown(row) for row in rows], total, size, number))


def paged(request: Request, rows: list[Row], total: int, size: int, number: int) -> Row:
    """Wrap a page as Laravel's paginator does: links, and meta with null bounds when the page is empty (§3)."""
    path = str(request.url.replace(query=""))
    last = max(1, -(-total // size))
    others = [(k, v) for k, v in request.query_params.multi_items() if k not in ("page[number]", "page")]

    def link(page_number: int) -> str | None:
        if not 1 <= page_number <= last:
            return None
        return f"{path}?{urlencode([*others, ('page[number]', str(page_number))])}"

    numbered = [
        {"url": link(each), "label": str(each), "active": each == number}
        for each in range(max(1, number - 3), min(last, number + 3) + 1)
    ]
    start = (number - 1) * size
    return {
        "data": rows,
        "links": {"first": link(1), "last": link(last), "prev": link(number - 1), "next": link(number + 1)},
        "meta": {
            "current_page": number,
            "from": start + 1 if rows else None,
            "last_page": last,
            "links": [
                {"url": link(number - 1), "label": "&laquo; Previous", "active": False},
                *numbered,
                {"url": link(number + 1), "label": "Next &raquo;", "active": False},
            ],
            "path": path,
            "per_page": size,
            "to": start + len(rows) if rows else None,
            "total": total,
        },
    }
