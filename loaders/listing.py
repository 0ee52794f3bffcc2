"""Pieces of long lists: what a page holds, and how a list is read that Omneo cannot filter by itself."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

import omneo

T = TypeVar("T")

SCAN_PAGES = 10  # a filtered page reads at most this many upstream pages, and says where to go on


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """Rows of a list with their offsets in it, ascending; `next_offset` is where to go on.

    `total` is None where only a full reading of the list could tell.
    """

    rows: list[T]
    offsets: Sequence[int]
    total: int | None
    more: bool
    next_offset: int

    def without(self, unwanted: Callable[[T], bool]) -> "Listing[T]":
        """Leave rows out; the others keep their places."""
        kept = [(offset, row) for offset, row in zip(self.offsets, self.rows, strict=True) if not unwanted(row)]
        offsets = [offset for offset, _ in kept]
        return Listing([row for _, row in kept], offsets, self.total, self.more, self.next_offset)


def whole_page(page: omneo.Page[T], window: omneo.Window, matches: Callable[[T], bool] | None = None) -> Listing[T]:
    """Take a page as Omneo filtered it, without rows that do not match: an unknown filter is ignored silently
    (API.md §12, U-3)."""
    next_offset = page.offset + len(page.rows)
    more = max(window.offset + window.first, next_offset) < page.total and bool(page.rows)
    if matches is None:
        return Listing(page.rows, range(page.offset, next_offset), page.total, more, next_offset)
    kept = [(page.offset + index, row) for index, row in enumerate(page.rows) if matches(row)]
    return Listing([row for _, row in kept], [offset for offset, _ in kept], page.total, more, next_offset)


async def scan(
    read: Callable[[omneo.Window], Awaitable[omneo.Page[T]]],
    window: omneo.Window,
    matches: Callable[[T], bool],
    page_max: int,
) -> Listing[T]:
    """Read on until the window is full of rows that match, the list ends, or `SCAN_PAGES` pages are read.

    Offsets are those of the unfiltered list, so a cursor goes on without reading anything twice. The total is known
    only when one call of this read the list from end to end.
    """
    kept: list[tuple[int, T]] = []
    offset = window.offset
    total_rows = offset
    for _ in range(SCAN_PAGES):
        # Up to the next page boundary, so that every part is one upstream page.
        page = await read(omneo.Window(offset=offset, first=page_max - offset % page_max))
        total_rows = page.total
        kept += [(page.offset + index, row) for index, row in enumerate(page.rows) if matches(row)]
        offset = page.offset + len(page.rows)
        if len(kept) > window.first or offset >= page.total or not page.rows:
            break
    return _cut(kept, window, offset, total_rows)


def _cut(kept: list[tuple[int, T]], window: omneo.Window, read_to: int, total_rows: int) -> Listing[T]:
    page = kept[: window.first]
    beyond = kept[window.first :]
    read_to_the_end = read_to >= total_rows
    return Listing(
        rows=[row for _, row in page],
        offsets=[offset for offset, _ in page],
        total=len(kept) if read_to_the_end and window.offset == 0 else None,
        more=bool(beyond) or not read_to_the_end,
        next_offset=page[-1][0] + 1 if beyond else read_to,
    )


def slice_of(rows: list[T], window: omneo.Window) -> Listing[T]:
    """Cut a window out of a list that is here as a whole."""
    end = min(window.offset + window.first, len(rows))
    return Listing(
        rows=rows[window.offset : end],
        offsets=range(window.offset, max(end, window.offset)),
        total=len(rows),
        more=end < len(rows),
        next_offset=end,
    )
