"""Definitions through GraphQL: found by either name, shown as far as published, filtered, and remembered."""

import asyncio
from typing import Any

import pytest
from house import SERVICE, House

BY_ID = "query($id: ID!) { benefitDefinition(by: {id: $id}) { id handle name period periodType isPublished } }"
BY_HANDLE = "query($handle: String!) { benefitDefinition(by: {handle: $handle}) { id handle name isPublished } }"
LISTED = """query($filter: BenefitDefinitionFilter) { benefitDefinitions(first: 100, filter: $filter) {
    totalCount nodes { handle type isClaimable isAssignable isPublished isArchived campaign }
} }"""
ADA = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"  # bronze, female, a VIP with a birthday and no reward money


async def handles(house: House, *, token: str = SERVICE, **filter: Any) -> list[str]:
    """List the handles of the definitions that fit, in order."""
    found = (await house.data(LISTED, token=token, filter=filter))["benefitDefinitions"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["handle"] for node in found["nodes"]]


async def test_found_by_id_and_by_handle(house: House) -> None:
    """One call each, the first time; zeros before a number say nothing."""
    by_id = (await house.data(BY_ID, id="002"))["benefitDefinition"]
    by_handle = (await house.data(BY_HANDLE, handle="birthday-gift"))["benefitDefinition"]
    assert by_id["id"] == by_handle["id"] == "2"
    assert (by_id["name"], by_id["period"], by_id["periodType"]) == ("Birthday gift", 90, "DAYS")
    paths = ["/api/v3/benefits/definitions/2", "/api/v3/benefits/definitions/handle/birthday-gift"]
    assert await house.calls() == [f"GET {path}" for path in paths]


async def test_unknown_definition_is_null_and_asked_for_again(house: House) -> None:
    """That there is none is not remembered: it may be made in a moment."""
    for _ in range(2):
        assert (await house.data(BY_ID, id="999999"))["benefitDefinition"] is None
        assert (await house.data(BY_HANDLE, handle="no-such-thing"))["benefitDefinition"] is None
    assert len(await house.calls()) == 4


async def test_definition_is_remembered_for_everyone(house: House) -> None:
    """The catalogue is nobody's data: the second caller's costs nothing, and says so, once Omneo knows who asks."""
    token = await house.member(ADA)
    await house.data("{ me { id } }", token=token)
    await house.calls()
    first = await house.ask(BY_ID, id="1")
    second = await house.ask(BY_ID, token=token, id="1")
    assert first["data"] == second["data"]
    assert len(await house.calls()) == 1
    assert second["extensions"]["upstream"]["made"] == 0
    assert second["extensions"]["upstream"]["cached"] == 1


async def test_who_asks_at_the_same_time_shares_one_call(house: House) -> None:
    answers = await asyncio.gather(*(house.data(BY_ID, id="3") for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert await house.calls() == ["GET /api/v3/benefits/definitions/3"]


async def test_failure_is_not_remembered(house: House) -> None:
    await house.faults({"path": "*/definitions/4", "action": "status", "status": 500, "times": 3})
    assert await house.codes(BY_ID, id="4") == ["UPSTREAM_UNAVAILABLE"]
    assert (await house.data(BY_ID, id="4"))["benefitDefinition"]["handle"] == "summer-preview"


async def test_members_find_what_is_published_and_not_retired(house: House) -> None:
    """Both by name and in the list; a service finds everything."""
    token = await house.member(ADA)
    for handle in ("secret-sale", "retired-perk"):
        assert (await house.data(BY_HANDLE, handle=handle))["benefitDefinition"]["handle"] == handle
        assert (await house.data(BY_HANDLE, token=token, handle=handle))["benefitDefinition"] is None
    everything, shown = await handles(house), await handles(house, token=token)
    assert len(everything) == 26
    assert set(everything) - set(shown) == {"secret-sale", "retired-perk"}
    assert await handles(house, token=token, published=True, archived=False) == shown
    await house.calls()
    for hidden in ({"published": False}, {"archived": True}):
        assert await house.codes(LISTED, token=token, filter=hidden) == ["BAD_USER_INPUT"]
    assert await house.calls() == []


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"handles": ["year-end", "welcome-offer", "no-such-thing"]}, ["welcome-offer", "year-end"]),
        ({"claimable": False}, ["staff-gesture", "two-years"]),
        ({"published": False}, ["secret-sale"]),
        ({"archived": True}, ["retired-perk"]),
        ({"campaign": "birthdays"}, ["birthday-gift"]),
        ({"type": "COMPETITION"}, ["look-only"]),
        ({"type": "VALUE", "claimable": True, "handles": ["year-end", "look-only"]}, ["year-end"]),
        ({"campaign": "no-such-thing"}, []),
    ],
    ids=str,
)
async def test_list_is_filtered(house: House, filter: dict[str, Any], expected: list[str]) -> None:
    """What is given must all hold; oldest first."""
    assert await handles(house, **filter) == expected


async def test_claimable_and_viewable_agree_with_the_rules(house: House) -> None:
    """Ada may claim what is open, in its window, in stock and meant for her; she may see more than that."""
    query = """{ me { claimableBenefits { handle } viewableBenefits { handle } } }"""
    me = (await house.data(query, token=await house.member(ADA)))["me"]
    claimable, viewable = ({each["handle"] for each in me[f"{kind}Benefits"]} for kind in ("claimable", "viewable"))
    assert {"welcome-offer", "this-month", "for-her", "vip-preview", "coffee-code"} <= claimable
    refused = {"staff-gesture", "summer-preview", "last-season", "gold-lounge", "sold-out", "first-hundred",
               "secret-sale", "retired-perk", "look-only", "rich-reader"}  # fmt: skip
    assert not refused & claimable
    assert {"look-only", "gold-lounge"} <= viewable
    assert not {"secret-sale", "retired-perk"} & viewable


async def test_both_names_of_one_definition_are_two_look_ups(house: House) -> None:
    """The id and the handle of a request are asked for side by side, each once."""
    query = """{
        a: benefitDefinition(by: {id: "1"}) { name }
        b: benefitDefinition(by: {handle: "welcome-offer"}) { name }
        c: benefitDefinition(by: {id: "1"}) { handle }
    }"""
    data = await house.data(query)
    assert data["a"] == data["b"]
    assert len(await house.calls()) == 2
