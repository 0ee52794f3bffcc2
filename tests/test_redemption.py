"""Redemptions through GraphQL: what was spent, whose it is, and what became of it."""

import json
from typing import Any

import pytest
from house import House

BRUNO = "f3f49249-dc28-4f90-a5ae-c7978306d03b"
ADA = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"
LISTED = """query($id: ID!, $first: Int! = 20) { profile(id: $id) { redemptions(first: $first) {
    totalCount nodes {
        id profileId type total redeemAt location { name } transaction { externalId total transactedAt }
        items { id type value count benefit { id profileId redemptionsRemaining definition { handle } } }
    }
} } }"""
REDEEM = """mutation($benefit: ID!, $key: String!) { redeemBenefit(input: {benefitId: $benefit, idempotencyKey: $key}) {
    __typename ... on BenefitRedeemed { redemption { id items { count benefit { id } } } }
} }"""


async def redemptions(house: House, profile_id: str, **more: Any) -> list[dict[str, Any]]:
    """List a profile's redemptions, oldest first."""
    profile = (await house.data(LISTED, id=profile_id, **more))["profile"]
    nodes: list[dict[str, Any]] = profile["redemptions"]["nodes"]
    return nodes


async def test_redemption_shows_the_benefit_as_it_was_after(house: House) -> None:
    """With it in the answer, so that no call is made for it; times are UTC."""
    (redemption,) = await redemptions(house, BRUNO)
    assert (redemption["profileId"], redemption["type"], redemption["total"]) == (BRUNO, "REDEEM", None)
    assert redemption["redeemAt"].endswith("+00:00")
    (item,) = redemption["items"]
    assert (item["type"], item["count"], item["value"]) == ("BENEFIT", 3, None)
    assert item["benefit"]["profileId"] == BRUNO
    assert item["benefit"]["redemptionsRemaining"] == 0
    assert await house.calls() == [f"GET /api/v3/profiles/{BRUNO}", f"GET /api/v3/profiles/{BRUNO}/redemptions"]


async def test_what_was_redeemed_just_now_comes_last(house: House) -> None:
    before = await redemptions(house, BRUNO)
    made = (await house.data(REDEEM, benefit="2", key="k"))["redeemBenefit"]
    assert made["__typename"] == "BenefitRedeemed"
    after = await redemptions(house, BRUNO)
    assert [each["id"] for each in after] == [*(each["id"] for each in before), made["redemption"]["id"]]
    assert after[-1]["items"][0]["benefit"]["id"] == "2"
    assert after[-1]["items"][0]["count"] == 1


async def test_money_that_was_spent_is_a_redemption_without_a_benefit(house: House) -> None:
    """Made elsewhere, say at the till: it has a total, and no items."""
    await house.rest("POST", f"/profiles/{BRUNO}/redeem", json={"amount": 5})
    spent = (await redemptions(house, BRUNO))[-1]
    assert (spent["type"], spent["total"], spent["items"]) == ("REDEEM", "5", [])


@pytest.mark.parametrize("kind", ["reward", "point", "credit", "something-new"])
async def test_items_of_other_kinds_have_no_benefit(house: House, kind: str) -> None:
    """Whatever Omneo tells of them is not taken for a benefit; a kind nobody knows is no kind."""
    path = f"/profiles/{BRUNO}/redemptions"
    listed = await house.rest("GET", f"{path}?page[size]=1")
    item = listed["data"][0]["items"][0] | {
        "type": kind,
        "value": "12.5",
        "count": None,
        "type_attributes": {"id": "x"},
    }
    sale = {"external_id": "S-1", "receipt_ref": None, "transacted_at": "2026-03-01 09:30:00", "total": 80}
    listed["data"][0] |= {"items": [item], "total": 12.5, "transaction": sale, "location": {"id": 1, "name": "Shop"}}
    await house.faults({"path": f"/api/v3{path}", "action": "status", "status": 200, "body": json.dumps(listed)})
    (redemption,) = await redemptions(house, BRUNO, first=1)
    known = None if kind == "something-new" else kind.upper()
    assert [(each["type"], each["value"], each["benefit"]) for each in redemption["items"]] == [(known, "12.5", None)]
    assert redemption["location"] == {"name": "Shop"}
    # A sale's time is wall time of the retailer's own zone.
    assert redemption["transaction"] == {
        "externalId": "S-1",
        "total": "80",
        "transactedAt": "2026-03-01T09:30:00+11:00",
    }


async def test_member_sees_their_own(house: House) -> None:
    """Through the ID API, and nobody else's."""
    token = await house.member(BRUNO)
    await house.calls()
    own = (await house.data(LISTED, token=token, id=BRUNO))["profile"]["redemptions"]["nodes"]
    assert own == await redemptions(house, BRUNO)
    assert "GET /id/api/v1/profiles/me/redemptions" in await house.calls()
    assert (await house.data(LISTED, token=token, id=ADA))["profile"] is None


async def test_list_that_fails_leaves_the_profile(house: House) -> None:
    await house.faults({"path": "*/redemptions", "action": "status", "status": 503})
    answer = await house.ask("query($id: ID!) { profile(id: $id) { id redemptions { totalCount } } }", id=BRUNO)
    assert answer["data"]["profile"] == {"id": BRUNO, "redemptions": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_UNAVAILABLE"]
