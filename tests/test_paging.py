"""Lists through GraphQL: read to their end, each row once, whatever the sizes of pages are on either side."""

import base64
from itertools import cycle
from typing import Any

import pytest
from house import House

BIG = "d4f398ee-4b5c-4a95-b3d9-18086edd77d8"  # the seed's member with 510 benefits

# Every list of the schema: its field, and whether the big member or the tenant has it.
LISTS = {
    "profiles": ("profiles", False),
    "benefits": ("benefits", False),
    "benefitDefinitions": ("benefitDefinitions", False),
    "profile.benefits": ("benefits", True),
    "profile.redeemableBenefits": ("redeemableBenefits", True),
    "profile.redemptions": ("redemptions", True),
}
every_list = pytest.mark.parametrize("name", LISTS)
PAGE = "{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } }"


def asking(name: str) -> str:
    """Write the query of one page of a list."""
    field, is_members = LISTS[name]
    asked = f"page: {field}(first: $first, after: $after) {PAGE}"
    if is_members:
        asked = f'profile(id: "{BIG}") {{ {asked} }}'
    return f"query($first: Int! = 20, $after: String) {{ {asked} }}"


async def page(house: House, name: str, first: int, after: str | None = None) -> dict[str, Any]:
    """Read one page of a list."""
    data = await house.data(asking(name), first=first, after=after)
    found = data["page"] if "page" in data else data["profile"]["page"]
    assert isinstance(found, dict)
    return found


async def read(house: House, name: str, *sizes: int) -> list[str]:
    """Read a list to its end in pages of these sizes in turn, and check what each page says of itself."""
    ids: list[str] = []
    after = None
    for first in cycle(sizes):
        found = await page(house, name, first, after)
        edges, info = found["edges"], found["pageInfo"]
        ids += [edge["node"]["id"] for edge in edges]
        assert len(edges) == min(first, found["totalCount"] - len(ids) + len(edges))
        assert info["hasPreviousPage"] is (after is not None)
        assert info["hasNextPage"] is (len(ids) < found["totalCount"])
        assert (info["startCursor"], info["endCursor"]) == (edges[0]["cursor"], edges[-1]["cursor"])
        if not info["hasNextPage"]:
            assert len(ids) == found["totalCount"]
            return ids
        after = info["endCursor"]
    raise AssertionError("a cycle has no end")


@every_list
async def test_list_is_the_same_in_pages_of_any_size(house: House, name: str) -> None:
    """No gap and no double, also where the size changes from page to page."""
    whole = await read(house, name, 100)
    assert len(whole) == len(set(whole)) > 20
    assert await read(house, name, 7, 20, 100) == whole


@every_list
async def test_list_is_the_same_where_omneo_sends_smaller_pages(house: House, name: str) -> None:
    """Its maximum may be below what is asked for (API.md §12, U-4)."""
    whole = await read(house, name, 100)
    await house.settings(page_max=9)
    assert await read(house, name, 50) == whole


@every_list
async def test_reading_goes_on_after_any_item(house: House, name: str) -> None:
    """An edge's cursor is as good as a page's."""
    whole = await page(house, name, 20)
    for place in (0, 7, 18):
        after = await page(house, name, 3, whole["edges"][place]["cursor"])
        expected = [edge["node"]["id"] for edge in whole["edges"]][place + 1 : place + 4]
        assert [edge["node"]["id"] for edge in after["edges"]][: len(expected)] == expected


@every_list
async def test_page_after_the_last_item_is_empty(house: House, name: str) -> None:
    """And says so; the list may have shrunk since the cursor was given out."""
    total = (await page(house, name, 1))["totalCount"]
    cursor: str | None = None
    while total > 0:
        last = await page(house, name, min(100, total), cursor)
        cursor, total = last["pageInfo"]["endCursor"], total - len(last["edges"])
    beyond = await page(house, name, 20, cursor)
    assert beyond["edges"] == []
    assert beyond["pageInfo"]["hasNextPage"] is False
    assert beyond["pageInfo"]["startCursor"] is None


async def test_cursor_opens_no_list_but_its_own(house: House) -> None:
    """Of another field, of another member, of the whole tenant; nor does one that was tampered with."""
    cursors = {name: (await page(house, name, 2))["pageInfo"]["endCursor"] for name in LISTS}
    assert len(set(cursors.values())) == len(cursors)
    for name in LISTS:
        tampered = base64.urlsafe_b64encode(b"1:000000000000:2").decode()
        for after in [*(cursor for other, cursor in cursors.items() if other != name), tampered, "Mg==", "2", "\x00"]:
            await house.calls()
            assert await house.codes(asking(name), after=after) == ["BAD_CURSOR"]
            assert [call for call in await house.calls() if not call.endswith(BIG)] == []


@every_list
async def test_first_has_its_bounds(house: House, name: str) -> None:
    """1 to 100, and nothing is asked of Omneo for another."""
    for first in (0, -1, 101, 100_000, -(2**31)):
        assert await house.codes(asking(name), first=first) == ["BAD_USER_INPUT"]
    assert [call for call in await house.calls() if not call.endswith(BIG)] == []
