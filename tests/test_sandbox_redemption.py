"""Redemptions in the sandbox: used, given back, undone (API.md §7.4, §10)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, open_stand


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox on 15 June 2026 at noon, UTC."""
    async with open_stand(clock="2026-06-15T12:00:00+00:00") as opened:
        yield opened


async def redeem(stand: Stand, benefit: dict[str, Any], **body: Any) -> Any:
    """Redeem a benefit that can be."""
    return await stand.data("POST", f"/profiles/{benefit['profile_id']}/benefits/{benefit['id']}/redeem", body or None)


async def left(stand: Stand, benefit: dict[str, Any]) -> tuple[int | None, int | None, bool]:
    """Read what is left of a benefit: of it, of its kind, and whether it can be redeemed."""
    read = await stand.data("GET", f"/benefits/{benefit['id']}")
    return read["redemptions_remaining"], read["total_global_redemptions_remaining"], read["is_redeemable"]


async def test_redeeming_uses_a_benefit_up(stand: Stand) -> None:
    """One at a time, or as many as asked; the answer is a Redemption with the benefit as it is now."""
    profile = await stand.profile(statuses=["staff-friend"])
    benefit = await stand.assign(profile, await stand.definition(max_redemptions=3))
    first = await redeem(stand, benefit)
    (item,) = first["items"]
    assert (first["type"], first["profile_id"], first["profile"]["statuses"]) == ("redeem", profile, ["staff-friend"])
    assert (item["type"], item["count"], item["type_attributes"]["redemptions_remaining"]) == ("benefit", 1, 2)
    assert (await redeem(stand, benefit, count=2))["items"][0]["count"] == 2
    assert await left(stand, benefit) == (0, 0, False)
    path = f"/profiles/{profile}/benefits/{benefit['id']}/redeem"
    assert await stand.refused("POST", path) == "The benefit has no redemptions remaining."
    listed = await stand.data("GET", f"/profiles/{profile}/redemptions")
    assert [each["id"] for each in listed] == [first["id"], first["id"] + 1]
    assert await stand.data("GET", f"/profiles/{profile}/redemptions/{first['id']}") == listed[0]
    count = await stand.data("GET", f"/profiles/{profile}/redemptions/benefits/{benefit['id']}/count")
    assert count == {"count": 2}


async def test_more_than_is_left_is_refused_whole(stand: Stand) -> None:
    """Three of two are none."""
    benefit = await stand.assign(await stand.profile(), await stand.definition(max_redemptions=2))
    path = f"/profiles/{benefit['profile_id']}/benefits/{benefit['id']}/redeem"
    await stand.refused("POST", path, {"count": 3})
    for count in (0, -1, 1.5, "one", True, 10**30):
        assert set(await stand.errors("POST", path, {"count": count})) == {"count"}
    assert (await left(stand, benefit))[0] == 2


async def test_without_a_maximum_there_is_no_end(stand: Stand) -> None:
    """A definition without a maximum gives benefits that can be redeemed for ever."""
    benefit = await stand.assign(await stand.profile(), await stand.definition(max_redemptions=None))
    await redeem(stand, benefit, count=500)
    assert await left(stand, benefit) == (None, None, True)


async def test_a_global_cap_is_over_all_benefits(stand: Stand) -> None:
    """What one member redeems is gone for another; then nothing more is issued, and a return opens it again."""
    kind = await stand.definition(max_redemptions=2, max_global_redemptions=2, is_reclaimable=True)
    one = await stand.assign(await stand.profile(), kind)
    other = await stand.assign(await stand.profile(), kind)
    await redeem(stand, one)
    assert await left(stand, other) == (2, 1, True)
    redemption = await redeem(stand, one)
    assert await left(stand, other) == (2, 0, False)
    path = f"/profiles/{other['profile_id']}/benefits/{other['id']}/redeem"
    assert await stand.refused("POST", path) == "The benefit has no redemptions remaining."
    body = {"profile_id": one["profile_id"], "benefit_definition_id": kind["id"], "timezone": "UTC"}
    message = await stand.refused("POST", "/benefits", body | {"issued_at": "2026-06-01"})
    assert message == "There are no redemptions left for this benefit."
    await stand.data("POST", f"/redemptions/{redemption['id']}/benefit/return")
    assert await left(stand, other) == (2, 1, True)
    read = await stand.data("GET", f"/benefits/definitions/{kind['id']}")
    assert (read["total_global_redemptions"], read["total_global_redemptions_remaining"]) == (1, 1)


async def test_an_expired_benefit_is_not_redeemed(stand: Stand) -> None:
    """It says so, and stays as it was."""
    benefit = await stand.assign(await stand.profile(), await stand.definition(), expires_at="2026-06-15 11:59:59")
    path = f"/profiles/{benefit['profile_id']}/benefits/{benefit['id']}/redeem"
    assert await stand.refused("POST", path) == "The benefit has expired."
    assert (await left(stand, benefit))[0] == 1


async def test_a_return_gives_back_what_was_used_and_no_more(stand: Stand) -> None:
    """One by one or several, any day; a redemption that is given back whole has nothing more to give."""
    benefit = await stand.assign(await stand.profile(), await stand.definition(max_redemptions=5))
    redemption = await redeem(stand, benefit, count=3)
    await stand.settings(clock="2026-07-15T12:00:00+00:00")
    path = f"/redemptions/{redemption['id']}/benefit/return"
    returned = await stand.data("POST", path)
    assert (returned["type"], returned["items"][0]["count"]) == ("return", 1)
    assert (await left(stand, benefit))[0] == 3
    await stand.refused("POST", path, {"count": 3})
    await stand.data("POST", path, {"count": 2})
    assert (await left(stand, benefit))[0] == 5
    assert await stand.refused("POST", path) == "More than was redeemed can not be returned."
    await stand.refused("POST", f"/redemptions/{returned['id']}/benefit/return")


@pytest.mark.parametrize(("minutes", "seconds", "is_late"), [(0, 0, False), (10, 0, False), (10, 1, True)])
async def test_reversal_is_for_ten_minutes(stand: Stand, minutes: int, seconds: int, is_late: bool) -> None:
    """To the second; after that it is refused and nothing is given back."""
    benefit = await stand.assign(await stand.profile(), await stand.definition(max_redemptions=2))
    redemption = await redeem(stand, benefit, count=2)
    await stand.settings(clock=f"2026-06-15T12:{minutes:02}:{seconds:02}+00:00")
    path = f"/redemptions/{redemption['id']}/reversal"
    if is_late:
        message = await stand.refused("POST", path)
        assert message == "The redemption can only be reversed within 10 minutes."
        assert (await left(stand, benefit))[0] == 0
    else:
        answer = await stand.data("POST", path)
        assert (answer["profile_id"], answer["balances"]["benefit_balance"]) == (benefit["profile_id"], 1)
        assert (await left(stand, benefit))[0] == 2
        await stand.refused("POST", path)


async def test_money_and_benefits_are_spent_together_or_not_at_all(stand: Stand) -> None:
    """A benefit that cannot be used keeps the money, and one is named by id or, the first to end, by handle."""
    profile, kind = await stand.profile(), await stand.definition(handle="treat")
    stand.give(profile, reward_balance=30)
    later = await stand.assign(profile, kind, expires_at="2027-01-01")
    sooner = await stand.assign(profile, kind, expires_at="2026-09-01")
    path = f"/profiles/{profile}/redeem"
    body: dict[str, Any] = {"amount": 12.5, "benefits": [{"id": later["id"], "quantity": 2}]}
    await stand.refused("POST", path, body)
    assert (await stand.data("GET", f"/profiles/{profile}/balances"))["reward_balance"] == 30
    body = {"amount": 12.5, "benefits": [{"handle": "treat"}], "transaction_external_id": "t-1"}
    spent = await stand.data("POST", path, body)
    assert (spent["total"], spent["balances"]["reward_balance"], spent["transaction_external_id"]) == (
        12.5,
        17.5,
        "t-1",
    )
    assert ((await left(stand, sooner))[0], (await left(stand, later))[0]) == (0, 1)
    assert await stand.refused("POST", path, {"amount": 17.51}) == "The profile does not have enough balance."
    await stand.refused("POST", path, {"benefits": [{"handle": "nothing"}]}, status=404)

    back = await stand.data("POST", f"/redemptions/{spent['id']}/return", {"amount": 2.5})
    assert (back["total"], back["balances"]["reward_balance"]) == (2.5, 20)
    whole = await stand.data("POST", f"/redemptions/{spent['id']}/reversal")
    assert (whole["total"], whole["balances"]["reward_balance"]) == (10, 30)
    assert (await left(stand, sooner))[0] == 1


async def test_redemptions_are_filtered(stand: Stand) -> None:
    """By kind, by what they hold, by time; the newest first where asked."""
    profile = await stand.profile()
    stand.give(profile, reward_balance=10)
    benefit = await stand.assign(profile, await stand.definition(max_redemptions=2))
    used = await redeem(stand, benefit)
    money = await stand.data("POST", f"/profiles/{profile}/redeem", {"amount": 1})
    back = await stand.data("POST", f"/redemptions/{used['id']}/benefit/return")
    found = {
        "filter[type]=return": [back],
        "filter[has_benefit]=0": [money],
        "filter[has_benefit]=1&sort=-id": [back, used],
        "filter[has_reward]=1": [],
        f"filter[id][in]={used['id']},{money['id']}": [used, money],
        "filter[redeem_at][gt]=2026-06-15 12:00:00": [],
    }
    for query, rows in found.items():
        listed = await stand.data("GET", f"/profiles/{profile}/redemptions?{query}")
        assert [each["id"] for each in listed] == [each["id"] for each in rows], query


async def test_linked_profiles_have_no_redemptions_here(stand: Stand) -> None:
    """The list is there, and empty."""
    profile = await stand.profile()
    assert await stand.data("GET", f"/profiles/{profile}/linked/redemptions") == []
