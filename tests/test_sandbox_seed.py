"""The seed of the sandbox: what docs/sandbox.md promises of it."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, hold, open_stand

NOW = "2026-06-15T12:00:00+00:00"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """A sandbox with its seed, on 15 June 2026 at noon, UTC."""
    async with open_stand(seeded=True, clock=NOW) as opened:
        yield opened


async def everything(stand: Stand, path: str) -> list[dict[str, Any]]:
    """Read a whole list, page by page, in default order."""
    await stand.settings(page_max=10_000)
    rows: list[dict[str, Any]] = await stand.data("GET", f"{path}?page[size]=10000")
    return rows


async def test_it_is_the_same_on_every_start(stand: Stand) -> None:
    """Every list of every resource, to the last field, at the same time."""
    async with open_stand(seeded=True, clock=NOW) as again:
        for path in ("/profiles", "/benefits/definitions", "/benefits", "/identities", "/rewards", "/webhooks"):
            assert await everything(stand, path) == await everything(again, path), path


async def test_every_row_of_it_is_as_documented(stand: Stand) -> None:
    """Every definition and profile, and a member's benefits of every state."""
    for path in ("/profiles", "/benefits/definitions", "/benefits"):
        await stand.settings(page_max=100)
        answer = (await stand.ask("GET", f"{path}?page[size]=100")).json()
        assert hold("GET", path, 200, answer) == path


async def test_there_is_enough_of_everything(stand: Stand) -> None:
    """At least 50 profiles, 20 definitions and 500 benefits, besides the 500 more of one later profile."""
    profiles, benefits = await everything(stand, "/profiles"), await everything(stand, "/benefits")
    assert len(profiles) >= 50
    assert len(await everything(stand, "/benefits/definitions")) >= 20
    held = Counter(benefit["profile_id"] for benefit in benefits)
    (big, count), (_, next_count) = held.most_common(2)
    assert count >= 500 + next_count
    assert [row["id"] for row in profiles].index(big) >= 2
    assert len(benefits) - count >= 500
    assert min(held[row["id"]] for row in profiles) >= 1


async def test_the_first_definition_is_the_plainest(stand: Stand) -> None:
    """Published, assignable, claimable again and again; no cap, window, condition or pool. Two profiles hold it."""
    first = (await stand.data("GET", "/benefits/definitions?page[size]=1"))[0]
    flags = ("is_published", "is_assignable", "is_claimable", "is_reclaimable")
    assert [first[name] for name in (*flags, "is_archived")] == [True, True, True, True, False]
    free = ("max_global_redemptions", "total_allocations", "claim_period_start_at", "claim_period_end_at")
    assert [first[name] for name in (*free, "claim_condition", "view_condition")] == [None] * 6
    for profile in (await stand.data("GET", "/profiles?page[size]=60"))[:2]:
        held = await stand.data("GET", f"/profiles/{profile['id']}/benefits")
        assert first["id"] in {benefit["definition"]["id"] for benefit in held}
        claimable = await stand.data("GET", f"/profiles/{profile['id']}/benefits/claimable")
        assert claimable[0]["id"] == first["id"]
        assert (await stand.claim(profile["id"], first)).status_code == 201


async def test_there_is_a_definition_for_every_rule(stand: Stand) -> None:
    """Each kind of refusal can be seen, and each period."""
    rows = await everything(stand, "/benefits/definitions")
    messages = set()
    for profile in (await stand.data("GET", "/profiles?page[size]=10"))[:10]:
        for row in rows:
            answer = await stand.claim(profile["id"], row)
            if answer.status_code == 422:
                messages.add(answer.json()["message"])
            elif not row["is_reclaimable"]:
                messages.add((await stand.claim(profile["id"], row)).json()["message"])
    assert messages == {
        "The benefit has been archived.",
        "The benefit is not claimable.",
        "The claim period has not started.",
        "The claim period has ended.",
        "The profile does not meet the claim condition.",
        "The benefit has already been claimed.",
        "There are no allocations left.",
        "There are no redemptions left for this benefit.",
    }
    assert {row["period_type"] for row in rows} == {"days", "weeks", "months", "years", "absolute_date"}
    assert {row["is_extendable"] for row in rows} == {row["allow_user_redeem"] for row in rows} == {True, False}
    assert {row["max_redemptions"] for row in rows} > {None, 1, 3}


@pytest.mark.parametrize("whose", ["everybody", "big"])
async def test_benefits_are_in_every_state(stand: Stand, whose: str) -> None:
    """Over all of them, and among those of the one who holds most."""
    rows = await everything(stand, "/benefits")
    if whose == "big":
        ((big, _),) = Counter(row["profile_id"] for row in rows).most_common(1)
        rows = [row for row in rows if row["profile_id"] == big]

    def several(name: str, *values: Any) -> bool:
        return set(values) <= {row[name] for row in rows}

    assert several("is_expired", True, False)
    assert several("is_redeemable", True, False)
    assert several("redemptions_remaining", None, 0, 1)
    assert several("total_global_redemptions_remaining", 0)
    assert several("timezone", None, "UTC", "Australia/Melbourne", "Pacific/Auckland", "Moon/Tranquility")
    assert several("expires_at", None)
    assert several("is_combined", True, None)
    for name in ("claimed_at", "extended_at", "external_id", "combine_meta"):
        assert {row[name] is None for row in rows} == {True, False}, name
    assert {str(row["meta"])[:1] for row in rows} == {"N", "{", "["}
    partly = [
        row for row in rows if row["redemptions_remaining"] and row["definition"]["max_redemptions"] not in (None, 1)
    ]
    assert any(row["redemptions_remaining"] < row["definition"]["max_redemptions"] for row in partly)
    used = [row for row in rows if row["redemptions_remaining"] == 0]
    assert used


async def test_profiles_differ_as_real_ones_do(stand: Stand) -> None:
    """Letters of several languages, birthdays as strings and numbers and none, phones, tiers, tags or not."""
    rows = await everything(stand, "/profiles")
    assert {type(row["birth_year"]) for row in rows} == {int, str, type(None)}
    for name in ("mobile_phone", "tier", "gender", "address", "currency"):
        assert {row[name] is None for row in rows} == {True, False}, name
    assert {bool(row["custom_attributes"]) for row in rows} == {True, False}
    assert any("ễ" in row["full_name"] for row in rows)
    assert {row["profile_type"] for row in rows} == {"active", "incomplete"}
    assert len({row["email"] for row in rows}) == len(rows)


async def test_redemptions_agree_with_what_is_left(stand: Stand) -> None:
    """What the records say was used is what the benefits lack, and what their definitions counted."""
    counted: Counter[str] = Counter()
    for profile in (await everything(stand, "/profiles"))[:10]:
        for row in await stand.data("GET", f"/profiles/{profile['id']}/redemptions?page[size]=100"):
            (item,) = row["items"]
            benefit = item["type_attributes"]
            counted[benefit["definition"]["id"]] += item["count"]
            most = benefit["definition"]["max_redemptions"]
            assert most is None or benefit["redemptions_remaining"] == most - item["count"]
    assert counted
    for row in await everything(stand, "/benefits/definitions"):
        assert row["total_global_redemptions"] >= counted[row["id"]]
