"""Windows of Omneo's lists: from offset and count to its pages, trusting what the answers say of themselves."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec

from omneo.client import Client
from omneo.errors import Invalid, Landed, OmneoError
from omneo.urls import Params

T = TypeVar("T")
Parts = Mapping[str, str | int]  # of a route, such as the profile's id

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
    reading = _Windows(client, route, kind, window, params)
    found = await client.get_whole(route, reading.kind, reading.params, **parts)
    page = reading.page(found) or (await reading.completed([(parts, found)]))[0]
    if isinstance(page, OmneoError):
        raise page
    return page


async def read_windows(
    client: Client, route: str, kind: type[T], window: Window, params: Params, each: Sequence[Parts]
) -> list[Page[T] | OmneoError]:
    """Read the same window of many lists side by side, one for each of these parts of the route: a page, or the error
    it ended with, in their order."""
    reading = _Windows(client, route, kind, window, params)
    answers = await client.get_each(route, reading.kind, [(parts, reading.params) for parts in each])
    pages: list[Any] = [found if isinstance(found, OmneoError) else reading.page(found) for found in answers]
    short = [place for place, page in enumerate(pages) if page is None]
    if short:
        completed = await reading.completed([(each[place], answers[place]) for place in short])
        for place, page in zip(short, completed, strict=True):
            pages[place] = page
    return pages


class _Windows(Generic[T]):
    """The same window of one list, or of several."""

    def __init__(self, client: Client, route: str, kind: type[T], window: Window, params: Params) -> None:
        self._client = client
        self._route = route
        self._window = window
        self._params = params
        self._size, self._number = fit(window, client.page_max)
        self.kind = _answer_of(client.seen_as(kind))
        self.params = (*params, _said(self._size, self._number))

    def page(self, found: _Answer[T]) -> Page[T] | None:
        """Cut the window out of a page that holds all of it, as it should; None where it does not."""
        window, meta = self._window, found.meta
        start, end = _start(meta), min(window.offset + window.first, meta.total)
        if meta.per_page < 1 or meta.current_page < 1 or start > window.offset or end > start + len(found.data):
            return None
        return Page(found.data[window.offset - start : max(end - start, 0)], window.offset, meta.total)

    async def completed(self, begun: Sequence[tuple[Parts, Any]]) -> list[Page[T] | OmneoError]:
        """Read what the pages that have come do not hold of their windows, all of it side by side."""
        missing = [self._missing(found) for _, found in begun]
        asked = [
            (parts, (*self._params, _said(found.meta.per_page, number)))
            for (parts, found), numbers in zip(begun, missing, strict=True)
            for number in numbers
        ]
        further = iter(await self._client.get_each(self._route, self.kind, asked))
        return [
            self._joined([found, *(next(further) for _ in numbers)])
            for (_, found), numbers in zip(begun, missing, strict=True)
        ]

    def _wanted(self, found: _Answer[T]) -> range:
        """Return the offsets of the window that the list has."""
        return range(self._window.offset, min(self._window.offset + self._window.first, found.meta.total))

    def _missing(self, found: _Answer[T]) -> list[int]:
        """List the numbers of the pages that have to be read besides this one."""
        size, page = found.meta.per_page, found.meta.current_page
        if size < 1 or not 1 <= page <= self._number:
            return []
        here = {offset for offset, _ in _numbered(found)}
        numbers = sorted({offset // size + 1 for offset in self._wanted(found) if offset not in here} - {page})
        if size < self._size:
            self._client.learn_page_max(size, further=len(numbers))
        return numbers

    def _joined(self, answers: list[Any]) -> Page[T] | OmneoError:
        first = answers[0]
        if first.meta.per_page < 1 or not 1 <= first.meta.current_page <= self._number:
            return Invalid(detail="another page than was asked for")
        rows: dict[int, T] = {}
        for answer in answers:
            if isinstance(answer, OmneoError):
                return answer
            if len(answer.data) < min(answer.meta.per_page, answer.meta.total - _start(answer.meta)):
                # Which is in no other page; and that something is missing must not be taken from half a list.
                return Invalid(landed=Landed.UNKNOWN, detail="fewer rows than the list says")
            rows.update(_numbered(answer))
        return Page(
            [rows[offset] for offset in self._wanted(first) if offset in rows], self._window.offset, first.meta.total
        )


def fit(window: Window, page_max: int) -> tuple[int, int]:
    """Find the smallest page size, and the number of its page, that holds the window; where none up to `page_max`
    does, the largest page that begins in or before it."""
    for size in range(min(window.first, page_max), page_max + 1):
        if window.offset // size == (window.offset + window.first - 1) // size:
            return size, window.offset // size + 1
    return page_max, window.offset // page_max + 1


def _numbered(answer: _Answer[T]) -> list[tuple[int, T]]:
    start = _start(answer.meta)
    return [(start + index, row) for index, row in enumerate(answer.data)]


def _start(meta: _Meta) -> int:
    return (meta.current_page - 1) * meta.per_page


@lru_cache(maxsize=1024)
def _said(size: int, number: int) -> str:
    return urlencode([SORT, ("page[size]", size), ("page[number]", number)])


@lru_cache(maxsize=1024)
def _answer_of(kind: Hashable) -> Any:
    return _Answer[kind]  # type: ignore[valid-type]  # made at run time
