"""From `first` and `after` to a window of an Omneo list, and from the rows back to a page with cursors."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

import omneo
from loaders.listing import Listing
from resolvers.inputs import BadCursor, BadInput

T = TypeVar("T")

FIRST_MAX = 100
_OFFSET_MAX = 10_000_000


class PageInfo:
    """Tell where a page stands. Cursors are made only when asked for."""

    __slots__ = ("_listing", "_place")

    def __init__(self, listing: Listing[Any], place: "Place") -> None:
        self._listing = listing
        self._place = place

    @property
    def has_next_page(self) -> bool:
        return self._listing.more

    @property
    def has_previous_page(self) -> bool:
        return self._place.window.offset > 0

    @property
    def start_cursor(self) -> str | None:
        offsets = self._listing.offsets
        return self._place.cursor(offsets[0] + 1) if offsets else None

    @property
    def end_cursor(self) -> str | None:
        listing = self._listing
        return self._place.cursor(listing.next_offset) if listing.offsets or listing.more else None


class Edge(msgspec.Struct, Generic[T], frozen=True):
    """One item of a page, and where it stands."""

    node: T
    place: "Place"
    next_offset: int

    @property
    def cursor(self) -> str:
        return self.place.cursor(self.next_offset)


class Connection(Generic[T]):
    """One page of a list: the record behind the `…Connection` types."""

    __slots__ = ("_place", "listing")

    def __init__(self, listing: Listing[T], place: "Place") -> None:
        self.listing = listing
        self._place = place

    @property
    def nodes(self) -> list[T]:
        return self.listing.rows

    @property
    def total_count(self) -> int | None:
        return self.listing.total

    @property
    def edges(self) -> list[Edge[T]]:
        return [
            Edge(row, self._place, offset + 1)
            for offset, row in zip(self.listing.offsets, self.listing.rows, strict=True)
        ]

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(self.listing, self._place)


class Place(msgspec.Struct, frozen=True):
    """A window of one list, and what tells that list apart, whose hash its cursors carry."""

    window: omneo.Window
    of_list: tuple[object, ...]

    def cursor(self, next_offset: int) -> str:
        """Write where to go on as an opaque cursor: version, fingerprint of the list, offset (ADR 2)."""
        text = f"1:{_fingerprint(self.of_list)}:{next_offset}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place(list_name: str, first: int, after: str | None, *what: object) -> Place:
    """Check `first` and `after` of one list.

    `what` tells lists of one name apart (whose, and filtered how): a cursor goes on only in the list it came from.
    Raises `BadInput` for a `first` outside 1 to 100, `BadCursor` for a cursor that is none or another list's.
    """
    if not 1 <= first <= FIRST_MAX:
        raise BadInput(f"first must be between 1 and {FIRST_MAX}.")
    of_list = (list_name, *what)
    offset = 0 if after is None else _read_cursor(after, _fingerprint(of_list))
    return Place(omneo.Window(offset, first), of_list)


def connection(place: Place) -> Callable[[Listing[T]], Connection[T]]:
    """Make of a listing the page that stands at this place."""
    return lambda listing: Connection(listing, place)


@lru_cache(maxsize=1024)
def _fingerprint(of_list: tuple[object, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode(of_list, order="deterministic")).hexdigest()[:12]


def _read_cursor(cursor: str, fingerprint: str) -> int:
    try:
        version, of_list, offset = (
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            .decode("ascii")
            .split(":")
        )
    except (ValueError, binascii.Error):
        raise BadCursor("after is not a cursor. Pass an endCursor of this list, unchanged.") from None
    if version != "1" or not (offset.isascii() and offset.isdigit() and len(offset) <= 8) or int(offset) > _OFFSET_MAX:
        raise BadCursor("after is not a cursor. Pass an endCursor of this list, unchanged.")
    if of_list != fingerprint:
        raise BadCursor("after is a cursor of another list. A list goes on with the arguments it began with.")
    return int(offset)
