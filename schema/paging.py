"""Lists that are read page by page, as Relay's connections (cursors, not page numbers)."""

from typing import Generic, TypeVar

import strawberry
from strawberry import field

Node = TypeVar("Node")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = field(description="Whether there is more after this page.")
    has_previous_page: bool = field(description="Whether there is something before this page.")
    start_cursor: str | None = field(description="Cursor of the first item of this page; null when it is empty.")
    end_cursor: str | None = field(
        description="Where to go on: pass it as `after`. Null when the page is empty and nothing follows."
    )


@strawberry.type(description="One item of a list, with its place in it.")
class Edge(Generic[Node]):
    cursor: str = field(description="The item's place: pass it as `after` to read what follows.")
    node: Node = field(description="The item itself.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[Node]):
    edges: list[Edge[Node]] = field(description="The items of this page, each with its cursor.")
    nodes: list[Node] = field(description="The items of this page.")
    page_info: PageInfo = field(description="Where this page stands, and how to go on.")
    total_count: int | None = field(
        description="How many items the whole list has; null when Omneo cannot count what was filtered for."
    )
