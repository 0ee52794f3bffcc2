"""Windows of lists, whatever size their pages come in."""

import asyncio
from typing import Any

import httpx
import pytest
from client_support import PROFILE, Handler, Wire, fails

import omneo
from omneo import Filters, Window


def listed(total: int, *, at_most: int = 100) -> Handler:
    """Answer like a list of `total` profiles, numbered in their first name, with pages of `at_most` rows."""

    def answer(request: httpx.Request) -> httpx.Response:
        size = min(int(request.url.params["page[size]"]), at_most)
        number = int(request.url.params["page[number]"])
        start = (number - 1) * size
        names = range(start, max(start, min(start + size, total)))
        meta = {
            "current_page": number, "per_page": size, "total": total, "last_page": -(-total // size),
            "from": start + 1 if names else None, "to": start + len(names) if names else None,
        }  # fmt: skip
        return httpx.Response(200, json={"data": [PROFILE | {"first_name": str(n)} for n in names], "meta": meta})

    return answer


@pytest.mark.parametrize("at_most", [100, 15, 7, 1])
@pytest.mark.parametrize("window", [Window(0, 20), Window(20, 20), Window(33, 7), Window(50, 20), Window(3, 1)])
async def test_window_is_read_whatever_size_pages_come_in(at_most: int, window: Window) -> None:
    """Omneo may send smaller pages than asked for (API.md §12, U-4): no gap, no double, none too many."""
    wire = Wire(listed(61, at_most=at_most))
    page = await omneo.list_profiles(wire.client(), window, Filters())
    assert [row.first_name for row in page.rows] == [
        str(n) for n in range(window.offset, min(61, window.offset + window.first))
    ]
    assert (page.offset, page.total) == (window.offset, 61)
    assert all(request.url.params["sort"] == "created_at" for request in wire.requests)
    if at_most == 100:
        assert len(wire.requests) <= 2


async def test_smaller_pages_are_asked_for_until_that_may_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One odd answer of one route does not make every list dear for good."""
    monkeypatch.setattr("omneo.client._LEARNT_S", 0.05)
    client = Wire(listed(61, at_most=20)).client()
    await omneo.list_profiles(client, Window(0, 50), Filters())
    assert client.page_max == 20
    await asyncio.sleep(0.03)
    client.learn_page_max(12, further=0)
    client.learn_page_max(3, further=0)  # too small to be anything but a slip
    await asyncio.sleep(0.03)
    assert client.page_max == 12  # what was learnt last counts from then on
    await asyncio.sleep(0.07)
    assert client.page_max == 100


@pytest.mark.parametrize("rows", [0, 4])
async def test_a_page_with_fewer_rows_than_its_list_says_is_invalid(rows: int) -> None:
    """No other page has them, so none is asked; half a list shown as a whole would lose rows without a word."""
    meta = {"current_page": 1, "per_page": 5, "total": 5}
    wire = Wire(httpx.Response(200, json={"data": [PROFILE] * rows, "meta": meta}))
    with fails(omneo.Invalid):
        await omneo.list_profiles(wire.client(), Window(0, 5), Filters())
    assert len(wire.requests) == 1


@pytest.mark.parametrize("number", [-1, 0, 9])
async def test_another_page_than_was_asked_for_is_invalid(number: int) -> None:
    meta = {"current_page": number, "per_page": 5, "total": 50}
    with fails(omneo.Invalid):
        wire = Wire(httpx.Response(200, json={"data": [PROFILE] * 5, "meta": meta}))
        await omneo.list_profiles(wire.client(), Window(0, 5), Filters())
    assert len(wire.requests) == 1


async def test_page_beyond_the_end_is_empty() -> None:
    """`from` and `to` are null there."""
    page = await omneo.list_profiles(Wire(listed(10)).client(), Window(200, 20), Filters())
    assert (page.rows, page.total) == ([], 10)


async def test_page_is_what_its_meta_says_not_what_was_asked() -> None:
    """Page 1 in place of page 2 is not taken for page 2."""
    first = listed(60)

    def stuck(request: httpx.Request) -> httpx.Response:
        answer = first(httpx.Request("GET", request.url.copy_set_param("page[number]", 1)))
        assert isinstance(answer, httpx.Response)
        return answer

    page = await omneo.list_profiles(Wire(stuck).client(), Window(20, 20), Filters())
    assert page.rows == []


@pytest.mark.parametrize(
    "meta",
    [
        None,
        [],
        {},
        {"current_page": 1, "per_page": 0, "total": 5},
        {"current_page": 1, "per_page": -3, "total": 5},
        {"current_page": "one", "per_page": 15, "total": 5},
    ],
)
async def test_list_that_does_not_say_where_it_stands_is_invalid(meta: Any) -> None:
    wire = Wire(httpx.Response(200, json={"data": [PROFILE], "meta": meta}))
    with fails(omneo.Invalid):
        await omneo.list_profiles(wire.client(), Window(0, 20), Filters())
    assert len(wire.requests) == 1


async def test_list_whose_numbers_are_strings_is_read() -> None:
    meta = {"current_page": "1", "per_page": "15", "total": "1"}
    wire = Wire(httpx.Response(200, json={"data": [PROFILE], "meta": meta}))
    assert (await omneo.list_profiles(wire.client(), Window(0, 20), Filters())).total == 1


async def test_list_that_shrinks_while_it_is_read_ends_early() -> None:
    """The second page says less than the first promised: what is there is returned."""
    wire = Wire(listed(30, at_most=15), listed(15, at_most=15))
    page = await omneo.list_profiles(wire.client(), Window(0, 30), Filters())
    assert [row.first_name for row in page.rows] == [str(n) for n in range(15)]
