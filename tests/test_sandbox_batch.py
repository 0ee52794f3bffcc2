"""Batches in the sandbox: queued at once, done a moment later (API.md §6, §7.0)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, open_stand

GONE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox whose batches take a fifth of a second."""
    async with open_stand(batch_delay_ms=200) as opened:
        yield opened


async def item(stand: Stand, **fields: Any) -> dict[str, Any]:
    """Say what a batch shall issue: a benefit of a new kind for a new profile."""
    kind = await stand.definition()
    given = {"profile_id": await stand.profile(), "benefit_definition_id": kind["id"]}
    return given | {"issued_at": "2026-06-01 09:00:00", "timezone": "UTC"} | fields


async def done(stand: Stand, batch: str) -> Any:
    """Wait until a batch is done."""
    for _ in range(1000):
        read = await stand.data("GET", f"/batches/{batch}")
        if read["status"] == "completed":
            return read
        await asyncio.sleep(0.02)
    raise AssertionError("the batch is never done")


async def test_items_land_a_moment_after_the_answer(stand: Stand) -> None:
    """The answer is 202 without an envelope; until the setting's time is over nothing is there, then everything is."""
    rows = [await item(stand, external_id=f"x-{n}", value=n, meta={"n": n}) for n in range(3)]
    await stand.settings(batch_delay_ms=2000)
    answer = await stand.ask("POST", "/benefits/batch.json", {"benefits": rows})
    assert (answer.status_code, answer.json()["message"]) == (202, "Queued for processing.")
    batch = answer.json()["batch_id"]
    read = await stand.data("GET", f"/batches/{batch}")
    assert (read["status"], read["total"], read["processed"]) == ("queued", 3, 0)
    assert await stand.data("GET", "/benefits") == []
    assert (await done(stand, batch))["processed"] == 3
    landed = await stand.data("GET", "/benefits?filter[external_id][in]=x-0,x-1,x-2&sort=id")
    assert [(each["external_id"], each["value"], each["meta"]) for each in landed] == [
        (f"x-{n}", n, {"n": n}) for n in range(3)
    ]
    assert [each["profile_id"] for each in landed] == [each["profile_id"] for each in rows]


async def test_items_name_definitions_and_profiles_in_more_ways(stand: Stand) -> None:
    """A definition by its handle, a profile by an identity."""
    kind = await stand.definition(handle="first-spend")
    profile = await stand.profile(identities=[{"handle": "loyalty_card", "identifier": "LC1"}])
    row = {
        "profile_id": "LC1", "profile_id_handle": "loyalty_card", "benefit_definition_handle": "first-spend",
        "issued_at": "2026-06-01", "timezone": "UTC",
    }  # fmt: skip
    answer = await stand.ask("POST", "/benefits/batch.json", {"benefits": [row], "import_job_id": "j-1"})
    assert (await done(stand, answer.json()["batch_id"]))["failures"] == []
    (landed,) = await stand.data("GET", f"/profiles/{profile}/benefits")
    assert landed["definition"]["id"] == kind["id"]


async def test_a_bad_item_stops_no_other(stand: Stand) -> None:
    """Whatever is wrong with an item, the batch is accepted; the item is missing later, and the batch tells why."""
    good = await item(stand, external_id="good")
    bad: list[Any] = [
        good | {"profile_id": GONE},
        good | {"benefit_definition_id": "99"},
        good | {"benefit_definition_id": None, "benefit_definition_handle": "nothing"},
        {name: value for name, value in good.items() if name != "issued_at"},
        good | {"issued_at": "soon"},
        good | {"value": "much"},
        good | {"profile_id": None},
        "no object",
        None,
    ]
    answer = await stand.ask("POST", "/benefits/batch.json", {"benefits": [*bad, good]})
    assert answer.status_code == 202
    read = await done(stand, answer.json()["batch_id"])
    assert [each["index"] for each in read["failures"]] == list(range(len(bad)))
    assert all(each["message"] == "The given data was invalid." and each["errors"] for each in read["failures"])
    assert [each["external_id"] for each in await stand.data("GET", "/benefits")] == ["good"]


async def test_a_pool_runs_dry_within_a_batch(stand: Stand) -> None:
    """The first items get what there is."""
    kind = await stand.definition(total_allocations=2)
    row = await item(stand, benefit_definition_id=kind["id"])
    answer = await stand.ask("POST", "/benefits/batch.json", {"benefits": [row] * 3})
    read = await done(stand, answer.json()["batch_id"])
    assert read["failures"] == [{"index": 2, "message": "There are no allocations left."}]


@pytest.mark.parametrize("count", [0, 501])
async def test_a_batch_has_one_to_five_hundred_items(stand: Stand, count: int) -> None:
    """None are too few, 501 too many."""
    row = await item(stand)
    assert set(await stand.errors("POST", "/benefits/batch.json", {"benefits": [row] * count})) == {"benefits"}
    for wrong in ({"benefits": "x"}, {"benefits": {"a": 1}}, {}):
        assert set(await stand.errors("POST", "/benefits/batch.json", wrong)) == {"benefits"}


async def test_five_hundred_items_land(stand: Stand) -> None:
    """The largest batch is served whole."""
    row = await item(stand)
    answer = await stand.ask("POST", "/benefits/batch.json", {"benefits": [row] * 500})
    assert (await done(stand, answer.json()["batch_id"]))["failures"] == []
    assert (await stand.data("GET", "/benefits.count"))["countAll"] == 500


async def test_profiles_are_matched_or_made(stand: Stand) -> None:
    """By e-mail or by an identity; the plain route has an envelope, the one with `.json` has none."""
    by_mail = await stand.profile(email="old@example.org")
    by_card = await stand.profile(identities=[{"handle": "loyalty_card", "identifier": "LC1"}])
    rows = [
        {"email": "OLD@example.org", "company": "Acme"},
        {"email": "made@example.org", "first_name": "SDK test profile batch"},
        {"email": "no e-mail"},
    ]
    answer = await stand.data("POST", "/profiles/batch", {"match_criteria": "email", "profiles": rows})
    assert answer["message"] == "Profiles queued for batch import."
    assert [each["index"] for each in (await done(stand, answer["batch_id"]))["failures"]] == [2]
    assert (await stand.data("GET", f"/profiles/{by_mail}"))["company"] == "Acme"
    (made,) = await stand.data("GET", "/profiles?filter[email]=made@example.org")
    assert made["first_name"] == "Sdk Test Profile Batch"

    cards = [{"identities": [{"handle": "loyalty_card", "identifier": "LC1"}], "company": "Card"}]
    body = {"match_criteria": "loyalty_card", "profiles": cards}
    bare = (await stand.ask("POST", "/profiles/batch.json", body)).json()
    assert (await done(stand, bare["batch_id"]))["failures"] == []
    assert (await stand.data("GET", f"/profiles/{by_card}"))["company"] == "Card"


async def test_an_unknown_batch_is_404(stand: Stand) -> None:
    """As for any other record."""
    await stand.refused("GET", "/batches/nothing", status=404)


async def test_what_waits_is_given_up_with_the_sandbox() -> None:
    """A sandbox that is closed does not write into its closed database; a reset one does not get old items."""
    async with open_stand(seeded=True, batch_delay_ms=100) as stand:
        row = await item(stand)
        before = (await stand.data("GET", "/benefits.count"))["countAll"]
        await stand.ask("POST", "/benefits/batch.json", {"benefits": [row]})
        await stand.http.post("/_sandbox/reset")
        await asyncio.sleep(0.2)
        assert (await stand.data("GET", "/benefits.count"))["countAll"] == before
        await stand.ask("POST", "/benefits/batch.json", {"benefits": [row | {"benefit_definition_id": "1"}]})
    await asyncio.sleep(0.2)
