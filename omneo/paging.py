"""Windows of Omneo's lists: from offset and count to its pages, trusting what the answers say of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Hashable, Mapping
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec

from omneo.client import Client, Params
from omneo.errors import Invalid

T = TypeVar("T")

# The one sort field seen on every list. Ascending: what is added while somebody pages comes last (API.md §4.1, U-11).
SORT = ("sort", "created_at")


class Window(NamedTuple):
    """Name the rows wanted: `first` of them from `offset` on, counted from 0."""

    offset: int
    first: int


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Hold rows of a list in order, the offset of the first of them, and the length of the whole list."""

    rows: list[T]
    offset: int
    total: int


class _Meta(msgspec.Struct):
    current_page: int
    per_page: int
    total: int


class _Answer(msgspec.Struct, Generic[T]):
    data: list[T]
    meta: _Meta


async def read_window(
    client: Client, route: str, kind: type[T], window: Window, params: Params = (), **parts: str | int
) -> Page[T]:
    """Read a window of a list in the fewest pages: one if a page size exists whose page holds it all, else two.

    Should Omneo send smaller pages than asked for (U-4), as many more are read as it takes. Returns no more rows than
    wanted; fewer at the end of the list.
    """
    wanted, number = fit(window, client.page_max)
    found = await _page(client, route, kind, wanted, number, params, parts)
    size = found.meta.per_page
    if size < 1:
        raise Invalid(detail="meta.per_page below 1")
    total, start = found.meta.total, (found.meta.current_page - 1) * size
    end = min(window.offset + window.first, total)
    if start <= window.offset and end <= start + len(found.data):  # as it should be: one page holds the window
        return Page(found.data[window.offset - start : max(end - start, 0)], window.offset, total)
    rows = dict(_numbered(found))
    missing = sorted({offset // size + 1 for offset in range(window.offset, end) if offset not in rows})
    if size < wanted:
        client.learn_page_max(size, further=len(missing))
    further = await asyncio.gather(*(_page(client, route, kind, size, page, params, parts) for page in missing))
    for answer in further:
        rows.update(_numbered(answer))
    offsets = [offset for offset in range(window.offset, end) if offset in rows]
    return Page([rows[offset] for offset in offsets], window.offset, total)


def fit(window: Window, page_max: int) -> tuple[int, int]:
    """Find the smallest page size, and the number of its page, that holds the window; where none up to `page_max`
    does, the largest page that begins in or before it."""
    for size in range(min(window.first, page_max), page_max + 1):
        if window.offset // size == (window.offset + window.first - 1) // size:
            return size, window.offset // size + 1
    return page_max, window.offset // page_max + 1


def _numbered(answer: _Answer[T]) -> list[tuple[int, T]]:
    start = (answer.meta.current_page - 1) * answer.meta.per_page
    return [(start + index, row) for index, row in enumerate(answer.data)]


def _page(
    client: Client, route: str, kind: type[T], size: int, number: int, params: Params, parts: Mapping[str, str | int]
) -> Awaitable[_Answer[T]]:
    asked = (*params, _said(size, number))
    return client.get_whole(route, _answer_of(client.seen_as(kind)), asked, **parts)


@lru_cache(maxsize=1024)
def _said(size: int, number: int) -> str:
    return urlencode([SORT, ("page[size]", size), ("page[number]", number)])


@lru_cache(maxsize=1024)
def _answer_of(kind: Hashable) -> Any:
    return _Answer[kind]  # type: ignore[valid-type]  # made at run time
