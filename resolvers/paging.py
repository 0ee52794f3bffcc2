"""From `first` and `after` to a window of an Omneo list, and from the rows back to a page with cursors."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import msgspec

import omneo
from loaders.listing import Listing
from resolvers.inputs import BadCursor, BadInput

T = TypeVar("T")

FIRST_MAX = 100
_OFFSET_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Edge(Generic[T]):
    cursor: str
    node: T


@dataclass(frozen=True)
class Connection(Generic[T]):
    """One page of a list: the record behind the `…Connection` types. Cursors are made only when asked for."""

    listing: Listing[T]
    place: "Place"

    @property
    def nodes(self) -> list[T]:
        return self.listing.rows

    @property
    def total_count(self) -> int | None:
        return self.listing.total

    @cached_property
    def edges(self) -> list[Edge[T]]:
        return [
            Edge(self.place.cursor(offset + 1), row)
            for offset, row in zip(self.listing.offsets, self.listing.rows, strict=True)
        ]

    @property
    def page_info(self) -> PageInfo:
        listing, place = self.listing, self.place
        return PageInfo(
            has_next_page=listing.more,
            has_previous_page=place.window.offset > 0,
            start_cursor=place.cursor(listing.offsets[0] + 1) if listing.offsets else None,
            end_cursor=place.cursor(listing.next_offset) if listing.offsets or listing.more else None,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A window of one list, and the list's fingerprint that its cursors carry."""

    window: omneo.Window
    fingerprint: str

    def cursor(self, next_offset: int) -> str:
        """Write where to go on as an opaque cursor: version, fingerprint of the list, offset (DESIGN D2)."""
        return base64.urlsafe_b64encode(f"1:{self.fingerprint}:{next_offset}".encode()).decode().rstrip("=")


def place(list_name: str, first: int, after: str | None, *what: object) -> Place:
    """Check `first` and `after` of one list.

    `what` tells lists of one name apart (whose, and filtered how): a cursor goes on only in the list it came from.
    Raises `BadInput` for a `first` outside 1 to 100, `BadCursor` for a cursor that is none or another list's.
    """
    if not 1 <= first <= FIRST_MAX:
        raise BadInput(f"first must be between 1 and {FIRST_MAX}.")
    fingerprint = hashlib.sha256(msgspec.json.encode([list_name, *what], order="deterministic")).hexdigest()[:12]
    offset = 0 if after is None else _read_cursor(after, fingerprint)
    return Place(omneo.Window(offset=offset, first=first), fingerprint)


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


Lister = Callable[[omneo.Window], Listing[T]]
