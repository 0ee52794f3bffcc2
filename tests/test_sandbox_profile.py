"""Profiles of the sandbox: made, changed, found, merged, with their attributes (API.md §7.2, §8)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, open_stand

NEW = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"}
NAMED, TAKEN = "an object with handle, identifier", "has already been taken"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox on 15 June 2026 at noon, UTC."""
    async with open_stand(clock="2026-06-15T12:00:00+00:00") as opened:
        yield opened


async def test_a_profile_and_what_follows_from_it(stand: Stand) -> None:
    """Names in Title Case, the parts of a phone number, birthdays, the primary identity, PHP's empty object."""
    given = {
        **NEW, "first_name": "SDK test", "mobile_phone": "+61404123123", "birth_day": "29", "birth_month": "2",
        "birth_year": "1988", "identities": [{"handle": "loyalty_card", "identifier": "LC1"}],
        "addresses": [{"city": "Melbourne", "is_default": True}],
    }  # fmt: skip
    made = await stand.data("POST", "/profiles", given)
    assert (made["first_name"], made["full_name"]) == ("Sdk Test", "Sdk Test Lovelace")
    assert (made["mobile_phone_country"], made["mobile_phone_national"]) == (61, "404123123")
    assert (made["birth_date"], made["next_birthday"]) == ("1988-02-29", "2027-02-28")
    assert (made["birth_days"], made["birth_days_past"]) == (258, 107)
    assert (made["external_id"], made["identities"][0]["is_primary"]) == ("LC1", True)
    assert (made["address"]["city"], made["custom_attributes"]) == ("Melbourne", [])
    assert made["created_at"] == made["joined_at"] == "2026-06-15 12:00:00"
    assert await stand.data("GET", f"/profiles/{made['id'].upper()}") == made


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"email": "taken@example.org"}, {"email": ["The email exists"]}),
        ({"email": "TAKEN@example.org"}, {"email": ["The email exists"]}),
        ({"mobile_phone": "+61400000001"}, {"mobile_phone": ["The phone number exists"]}),
        ({"email": "nobody"}, {"email": ["The email must be a valid email address."]}),
        ({"gender": "witheld"}, {"gender": ["The gender must be one of male, female, withheld, other."]}),
        ({"tags": "vip"}, {"tags": ["The tags must be an array."]}),
        (
            {"identities": [{"handle": "x"}]},
            {"identities": ["The identities must be an object with handle, identifier."]},
        ),
        (
            {"identities": [{"handle": "c", "identifier": "1"}]},
            {"identifier": ["The identifier has already been taken."]},
        ),
        ({"first_name": None}, {"first_name": ["The first name field is required."]}),
        ({"addresses": [7]}, {"addresses": ["The addresses must be an object."]}),
        ({"birth_day": {}}, {"birth_day": ["The birth day must be a string or an integer."]}),
    ],
)
async def test_a_profile_that_cannot_be(stand: Stand, fields: dict[str, Any], wrong: dict[str, list[str]]) -> None:
    """Each reason in Omneo's words, and nothing is made, the identities included."""
    await stand.profile(
        email="taken@example.org", mobile_phone="+61400000001", identities=[{"handle": "c", "identifier": "1"}]
    )
    assert await stand.errors("POST", "/profiles", NEW | fields) == wrong
    assert (await stand.ask("GET", "/profiles")).json()["meta"]["total"] == 1
    assert (await stand.ask("GET", "/identities")).json()["meta"]["total"] == 1


async def test_a_change_is_partial_and_arrays_are_replaced(stand: Stand) -> None:
    """What is not sent stays; tags and statuses are the new set; keeping one's own e-mail is no clash."""
    made = await stand.data("POST", "/profiles", NEW | {"tags": ["a", "b"], "company": "Acme"})
    await stand.settings(clock="2026-06-16T12:00:00+00:00")
    body = {"tags": ["c"], "email": "ADA@example.org", "reward_balance": 1000, "id": "x", "colour": "red"}
    changed = await stand.data("PUT", f"/profiles/{made['id']}", body)
    assert changed == made | {"tags": ["c"], "email": "ADA@example.org", "updated_at": "2026-06-16 12:00:00"}
    typed = await stand.data("PUT", f"/profiles/{made['id']}/update-type", {"profile_type": "temporary"})
    assert typed["profile_type"] == "temporary"
    assert set(await stand.errors("PUT", f"/profiles/{made['id']}/update-type", {})) == {"profile_type"}


async def test_a_deleted_profile_is_gone(stand: Stand) -> None:
    """For reads, lists, searches and by identity; its e-mail is free again. Purge is the same, by either method."""
    for method, path in (("DELETE", ""), ("DELETE", "/purge"), ("POST", "/purge")):
        card = [{"handle": "card", "identifier": f"{method}{len(path)}"}]
        made = await stand.data("POST", "/profiles", NEW | {"identities": card})
        assert (await stand.ask(method, f"/profiles/{made['id']}{path}")).status_code == 204
        message = await stand.refused("GET", f"/profiles/{made['id']}", status=404)
        assert message == f"No query results for model [App\\Models\\Profile] {made['id']}"
        for found in ("/profiles", "/profiles?search=ada", f"/identities/search-profile/{card[0]['identifier']}"):
            assert await stand.data("GET", found) == []
        assert await stand.data("GET", "/identities?include=profile") == []


async def test_a_profile_is_found_in_many_ways(stand: Stand) -> None:
    """By id or identity in a body, by an identifier in the path with its handle, by any identifier."""
    profile = await stand.profile(identities=[{"handle": "shopify", "identifier": "7000"}])
    for body in ({"type": "profile_id", "id": profile}, {"type": "shopify", "id": "7000"}):
        assert (await stand.data("POST", "/profiles/search-id", body))["id"] == profile
        assert await stand.data("POST", "/profiles/exists", body) == {"id": profile}
    assert (await stand.data("GET", "/profiles/7000?identity[handle]=shopify"))["id"] == profile
    assert [each["id"] for each in await stand.data("GET", "/identities/search-profile/7000")] == [profile]
    for body in ({"type": "profile_id", "id": "7000"}, {"type": "magento", "id": "7000"}, {"type": "x", "id": profile}):
        await stand.refused("POST", "/profiles/search-id", body, status=404)
    await stand.refused("GET", "/profiles/7000?identity[handle]=magento", status=404)
    await stand.refused("GET", f"/profiles/{profile}?identity[handle]=shopify", status=404)


async def test_availability(stand: Stand) -> None:
    """Free, taken and by whom, and null for what was not asked."""
    profile = await stand.profile(email="taken@example.org")
    answer = await stand.data("POST", "/profiles/availability", {"email": "taken@example.org"})
    assert answer == {"email": {"available": False, "profile": {"id": profile}}, "mobile_phone": None}
    answer = await stand.data("POST", "/profiles/availability", {"mobile_phone": "+61400000009"})
    assert answer == {"email": None, "mobile_phone": {"available": True, "profile": None}}


async def test_a_merge_moves_everything(stand: Stand) -> None:
    """Benefits, redemptions and identities go over; the source is gone; nobody is merged with oneself."""
    source = await stand.profile(identities=[{"handle": "card", "identifier": "1"}])
    target = await stand.profile(identities=[{"handle": "card", "identifier": "2"}])
    benefit = await stand.assign(source, await stand.definition())
    await stand.data("POST", f"/profiles/{source}/benefits/{benefit['id']}/redeem")
    body = {"source_profile_id": source, "destination_profile_id": target}
    merged = await stand.data("POST", "/profiles/merge", body)
    assert (merged["id"], merged["benefit_balance"], merged["external_id"]) == (target, 1, "2")
    assert [each["merged_from"] for each in merged["identities"]] == [source, None]
    assert (await stand.data("GET", f"/profiles/{target}/benefits/{benefit['id']}"))["profile_id"] == target
    assert len(await stand.data("GET", f"/profiles/{target}/redemptions")) == 1
    await stand.refused("GET", f"/profiles/{source}", status=404)
    await stand.errors("POST", "/profiles/merge", {"source_profile_id": target, "destination_profile_id": target})


async def test_identities_of_a_profile(stand: Stand) -> None:
    """Made, read, changed and taken away, by id or handle; a name is one profile's alone."""
    profile, other = await stand.profile(), await stand.profile()
    path = f"/profiles/{profile}/identities"
    made = await stand.data("POST", path, {"handle": "card", "identifier": "1"})
    assert (made["profile_id"], made["is_primary"], made["is_active"]) == (profile, False, True)
    assert await stand.data("POST", path, {"handle": "card", "identifier": "1"}) == made
    taken = {"identifier": ["The identifier has already been taken."]}
    elsewhere = f"/profiles/{other}/identities"
    assert await stand.errors("POST", elsewhere, {"handle": "card", "identifier": "1"}) == taken
    for key in ("card", f"id/{made['id']}"):
        assert await stand.data("GET", f"{path}/{key}") == await stand.data("GET", f"{path}/card")
        changed = await stand.data("PUT", f"{path}/{key}", {"identifier": f"new-{key[:2]}"})
        assert (changed["id"], changed["identifier"]) == (made["id"], f"new-{key[:2]}")
        await stand.refused("GET", f"{elsewhere}/{key}", status=404)
    await stand.data("POST", elsewhere, {"handle": "card", "identifier": "2"})
    assert await stand.errors("PUT", f"{path}/card", {"identifier": "2"}) == taken
    await stand.data("PUT", f"{path}/card", {"is_active": False})
    assert [each["identifier"] for each in await stand.data("GET", "/identities?include=profile")] == ["2"]
    await stand.data("DELETE", f"{path}/card")
    await stand.refused("GET", f"{path}/id/{made['id']}", status=404)


async def test_comms_and_appearance(stand: Stand) -> None:
    """Written over, read back, and shown in the profile; the SDK's path for comms is an alias."""
    profile = await stand.profile(attributes={"comms": {"sms_promo": True}}, comms_attributes={"email_promo": False})
    path = f"/profiles/{profile}/attributes"
    assert await stand.data("PUT", f"{path}/comms", {"email_promo": True}) == {"sms_promo": True, "email_promo": True}
    await stand.data("PUT", f"/profiles/{profile}/comms", {"sms_promo": False})
    assert await stand.data("GET", f"{path}/comms") == {"sms_promo": False, "email_promo": True}
    await stand.data("PUT", f"{path}/appearance", {"body_height": 170})
    shown = (await stand.data("GET", f"/profiles/{profile}"))["attributes"]
    assert (shown["appearance"], shown["dates"]) == ({"body_height": 170}, [])


async def test_dates(stand: Stand) -> None:
    """One per handle and relationship; deleting one answers those that remain, with 200."""
    profile = await stand.profile(dates_attributes=[{"date": "2024-12-02", "handle": "wedding", "relationship": "me"}])
    path = f"/profiles/{profile}/attributes/dates"
    again = {"date": "2024-12-03", "handle": "wedding", "relationship": "me", "note": "moved"}
    changed = await stand.data("PUT", path, again)
    assert (changed["id"], changed["profile_id"], changed["note"]) == (1, profile, "moved")
    await stand.data("PUT", path, {"date": "2025-01-01", "handle": "wedding", "relationship": "son"})
    assert [each["id"] for each in await stand.data("GET", path)] == [1, 2]
    answer = await stand.ask("DELETE", f"{path}/1")
    assert (answer.status_code, [each["id"] for each in answer.json()["data"]]) == (200, [2])
    await stand.refused("DELETE", f"{path}/1", status=404)
    await stand.errors("PUT", path, {"handle": "x"})
    await stand.errors("PUT", path, {"date": "soon"})


async def test_custom_attributes(stand: Stand) -> None:
    """Written by name, listed with their profile, embedded by namespace, and searched for across profiles."""
    profile = await stand.profile(custom_attributes=[{"namespace": "shoes", "handle": "width", "value": "E"}])
    path = f"/profiles/{profile}/attributes/custom"
    made = await stand.data("PUT", f"{path}/shoes:size", {"type": "string", "value": "42"})
    named = {"profile_id": profile, "namespace": "shoes", "handle": "size", "type": "string", "value": "42"}
    assert made == named == await stand.data("GET", f"{path}/shoes:size")
    assert [each["handle"] for each in await stand.data("GET", path)] == ["width", "size"]
    shown = (await stand.data("GET", f"/profiles/{profile}"))["custom_attributes"]
    assert shown == {"shoes": {"width": "E", "size": "42"}}
    await stand.profile(custom_attributes=[{"namespace": "shoes", "handle": "size", "value": "43"}])

    async def found(*conditions: str) -> list[str]:
        query = "&".join(
            f"attributes[{n}][namespace]=shoes&attributes[{n}][handle]={handle}&attributes[{n}][value]{value}"
            for n, (handle, _, value) in enumerate(each.partition(" ") for each in conditions)
        )
        return [row["id"] for row in await stand.data("GET", f"/profiles/attributes/custom?{query}")]

    assert await found("size [in]=42,44", "width =E") == [profile]
    assert len(await found("size [in]=42,43")) == 2
    assert await found("size =44") == []
    await stand.data("DELETE", f"{path}/shoes:size")
    await stand.refused("GET", f"{path}/shoes:size", status=404)
    await stand.refused("DELETE", f"{path}/shoes:size", status=404)


async def test_tier_balances_aggregations(stand: Stand) -> None:
    """A profile without a tier has none; one that is assigned a tier stands on its ladder."""
    async with open_stand(seeded=True) as seeded:
        profile = await seeded.profile()
        assert (await seeded.data("GET", f"/profiles/{profile}"))["tier"] is None
        progress = await seeded.data("POST", f"/profiles/{profile}/tiers/assign", {"tier": "silver"})
        assert [progress[name]["handle"] for name in ("prev_tier", "current_tier", "next_tier")] == [
            "bronze", "silver", "gold",
        ]  # fmt: skip
        assert (progress["next_remain"], progress["is_floor"]) == (1000, False)
        assert (await seeded.data("GET", f"/profiles/{profile}"))["tier"]["handle"] == "silver"
        seeded.give(profile, reward_balance=30, point_balance=250)
        balances = await seeded.data("GET", f"/profiles/{profile}/balances?currency=NZD")
        assert (balances["point_balance_dollars"], balances["combined_balance_dollars"]) == (2.5, 32.5)
        assert (balances["currency"]["from"], balances["currency"]["to"]) == ("AUD", "NZD")
        for path in ("aggregations", "aggregations/calculate"):
            assert (await seeded.data("GET", f"/profiles/{profile}/{path}"))["profile_id"] == profile


async def test_regions(stand: Stand) -> None:
    """A profile joins a region with a country and a state, changes them, and leaves."""
    profile = await stand.profile()
    region = await stand.data("POST", "/regions", {"name": "Victoria", "handle": "vic"})
    path, body = f"/profiles/{profile}/regions", {"region_id": region["id"], "country": "AU", "state": "VIC"}
    (joined,) = await stand.data("POST", path, body)
    assert (joined["id"], joined["handle"], joined["country"], joined["state"]) == (region["id"], "vic", "AU", "VIC")
    (moved,) = await stand.data("PUT", f"{path}/{region['id']}", {"state": "NSW"})
    assert (moved["country"], moved["state"]) == ("AU", "NSW")
    assert (await stand.data("GET", f"/profiles/{profile}"))["regions"] == [moved]
    assert (await stand.ask("DELETE", f"{path}/{region['id']}")).status_code == 204
    assert await stand.data("GET", path) == []
    await stand.refused("PUT", f"{path}/{region['id']}", {}, status=404)
    assert set(await stand.errors("POST", path, {"region_id": 99})) == {"region_id"}


async def test_sync_is_queued_for_the_past_alone(stand: Stand) -> None:
    """The SDK's messages tell which dates there are: any before tomorrow."""
    answer = await stand.data("POST", "/profiles/sync", {"updated_at": "2026-06-15T23:00:00.000Z"})
    assert answer == {"message": "Profiles queued for sync."}
    for wrong in ("2026-06-16", "soon"):
        assert set(await stand.errors("POST", "/profiles/sync", {"updated_at": wrong})) == {"updated_at"}
