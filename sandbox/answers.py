"""How answers are wrapped: one record, a list, a page of a list (§3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.core import sandbox_of
from sandbox.query import Listing, order, page, where
from sandbox.store import Row


class Json(JSONResponse):
    """A JSON answer, written quickly."""

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def one(row: Row, status: int = 200) -> Response:
    """Wrap a record."""
    return Json({"data": row}, status)


def every(rows: list[Row]) -> Response:
    """Wrap a list that is not paged."""
    return Json({"data": rows})


def nothing() -> Response:
    """Answer a deletion."""
    return Response(status_code=204)


def listed(
    request: Request,
    listing: Listing,
    shown: Callable[[Row], Row],
    *,
    within: Mapping[str, Any] | None = None,
    condition: str | None = None,
    values: tuple[Any, ...] = (),
) -> Response:
    """Answer one page of a list, filtered, sorted and wrapped as §3 and §4 tell.

    `within` are keys every row must have, such as its profile; `condition` is SQL of ours that must hold, and
    `values` what it binds.
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
        wanted.add(condition, *values)
    size, start = page(params, default=sandbox.settings.page_size, maximum=sandbox.settings.page_max)
    total = sandbox.store.count(listing.table, wanted.sql, wanted.values)
    rows = sandbox.store.rows(
        listing.table, wanted.sql, wanted.values, order=order(listing, params), limit=size, offset=start
    )
    return Json(_paged(request, [shown(row) for row in rows], total, size, start))


def _paged(request: Request, rows: list[Row], total: int, size: int, start: int) -> Row:
    """Wrap a page as Laravel's paginator does: links, and meta with null bounds when the page is empty."""
    path = _address(request)
    number, last = start // size + 1, max(1, -(-total // size))
    others = [(k, v) for k, v in request.query_params.multi_items() if k not in ("page[number]", "page", "offset")]

    def link(page_number: int) -> str | None:
        if not 1 <= page_number <= last:
            return None
        return f"{path}?{urlencode([*others, ('page[number]', str(page_number))])}"

    numbered = [
        {"url": link(each), "label": str(each), "active": each == number}
        for each in range(max(1, number - 3), min(last, number + 3) + 1)
    ]
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


def _address(request: Request) -> str:
    """Write the address that was asked, without its query; a host that is none does not come back."""
    host = request.headers.get("host", "")
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9a-fA-F:]+\](:[0-9]+)?", host):
        host = "sandbox.invalid"
    return f"{request.scope['scheme']}://{host}{quote(request.scope['path'])}"
