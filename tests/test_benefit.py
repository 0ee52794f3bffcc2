"""Benefits through GraphQL: what is shown, what it costs, and that nobody sees another's."""

import json
from datetime import datetime
from typing import Any

import pytest
from house import House, open_house

NESTED = """query($first: Int!) {
    profiles(first: $first) { nodes { id benefits { totalCount nodes { id profileId definition { name handle } } } } }
}"""
BIG = 40  # the seed's member with 510 benefits


async def test_profile_with_benefits_and_definitions_is_two_calls(house: House) -> None:
    """The definition comes with the benefit (ADR 4)."""
    profile_id = (await house.profile_ids(1))[0]
    query = "query($id: ID!) { profile(id: $id) { benefits { nodes { id definition { name isClaimable tags } } } } }"
    await house.data(query, id=profile_id)
    assert await house.calls() == [f"GET /api/v3/profiles/{profile_id}", f"GET /api/v3/profiles/{profile_id}/benefits"]


async def test_fifty_profiles_fan_out_in_fifty_one_calls(house: House) -> None:
    """Where the tenant does not filter by profile, each profile's list is one call."""
    data = await house.data(NESTED, first=50)
    assert [len(node["benefits"]["nodes"]) for node in data["profiles"]["nodes"]].count(10) == 49
    calls = await house.calls()
    assert len(calls) == 51
    assert len(set(calls)) == 51


async def test_fifty_profiles_take_one_list_where_the_filter_is_honoured() -> None:
    """Where it does, all of their benefits come by one list and its pages."""
    async with open_house(OMNEO_BATCH="auto") as ignoring:
        plain = await ignoring.data(NESTED, first=30)
    async with _honouring() as house:
        data = await house.data(NESTED, first=30)
        calls = await house.calls()
        assert data == plain
        assert calls == ["GET /api/v3/profiles", *["GET /api/v3/benefits"] * 3]


async def test_list_that_is_longer_than_asking_each_is_not_read() -> None:
    """Over n keys the list plan costs n + 1 calls at most: here one look, then each."""
    async with _honouring() as house:
        ids = await house.profile_ids()
        pair = [ids[BIG], ids[0]]
        query = (
            "{"
            + " ".join(
                f'p{n}: profile(id: "{each}") {{ benefits(first: 5) {{ totalCount nodes {{ id }} }} }}'
                for n, each in enumerate(pair)
            )
            + "}"
        )
        data = await house.data(query)
        assert data["p0"]["benefits"]["totalCount"] == 510
        calls = await house.calls()
        assert calls.count("GET /api/v3/benefits") == 1
        assert len(calls) == 1 + 1 + 2


@pytest.mark.parametrize("batch", ["auto", "filter", "fanout"])
async def test_ignored_filter_shows_nobody_anothers_benefits(batch: str) -> None:
    """With the sandbox ignoring filter[profile_id], every benefit stands under its owner, in every mode."""
    async with open_house(OMNEO_BATCH=batch) as house:
        for _ in range(2):
            data = await house.data(NESTED, first=50)
            for node in data["profiles"]["nodes"]:
                assert {benefit["profileId"] for benefit in node["benefits"]["nodes"]} == {node["id"]}
                assert node["benefits"]["totalCount"] in (10, 510)


async def test_filter_that_stops_being_honoured_is_not_trusted_again() -> None:
    """A row nobody asked for ends the list plan for good."""
    async with _honouring() as house:
        await house.settings(honour_filters=[])
        data = await house.data(NESTED, first=10)
        assert {len(node["benefits"]["nodes"]) for node in data["profiles"]["nodes"]} == {10}
        assert (await house.calls()).count("GET /api/v3/benefits") == 1
        await house.data(NESTED, first=10)
        assert (await house.calls()).count("GET /api/v3/benefits") == 0


async def test_paging_to_the_end_has_no_gap_and_no_double(house: House) -> None:
    """510 benefits, page by page, each once and in order."""
    profile_id = (await house.profile_ids())[BIG]
    query = """query($id: ID!, $after: String) {
        profile(id: $id) { benefits(first: 33, after: $after) {
            totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { id } } } }
    }"""
    seen: list[int] = []
    after = None
    while True:
        page = (await house.data(query, id=profile_id, after=after))["profile"]["benefits"]
        assert page["totalCount"] == 510
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        seen += [int(edge["node"]["id"]) for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(seen) == 510
    assert seen == sorted(set(seen))
    assert len(await house.calls()) <= 16 * 3


async def test_cursor_of_another_list_is_refused(house: House) -> None:
    """A cursor goes on only in the list it came from, filters included."""
    first, second = (await house.profile_ids(2))[:2]
    query = """query($id: ID!, $after: String, $filter: BenefitFilter) {
        profile(id: $id) { benefits(first: 2, after: $after, filter: $filter) { pageInfo { endCursor } } }
    }"""
    cursor = (await house.data(query, id=first))["profile"]["benefits"]["pageInfo"]["endCursor"]
    assert await house.codes(query, id=second, after=cursor) == ["BAD_CURSOR"]
    assert await house.codes(query, id=first, after=cursor, filter={"expired": True}) == ["BAD_CURSOR"]
    for bad in ("", "x", "MTox", cursor + "A", "ÄÖ", "A" * 500):
        assert await house.codes(query, id=first, after=bad) == ["BAD_CURSOR"]


@pytest.mark.parametrize("first", [0, -1, 101, 100_000])
async def test_first_outside_its_bounds_is_refused(house: House, first: int) -> None:
    """A page has 1 to 100 items."""
    assert await house.codes("query($n: Int!) { benefits(first: $n) { nodes { id } } }", n=first) == ["BAD_USER_INPUT"]
    assert await house.calls() == []


@pytest.mark.parametrize(
    ("filter", "holds"),
    [
        ({"expired": True}, lambda b: b["isExpired"]),
        ({"expired": False}, lambda b: not b["isExpired"]),
        ({"redeemable": True}, lambda b: b["isRedeemable"]),
        ({"redeemable": False}, lambda b: not b["isRedeemable"]),
        ({"claimed": True}, lambda b: b["claimedAt"] is not None),
        ({"definitionId": "1"}, lambda b: b["definition"]["id"] == "1"),
        ({"tags": ["birthday", "gold"]}, lambda b: {"birthday", "gold"} & set(b["definition"]["tags"])),
        ({"expired": False, "definitionId": "2"}, lambda b: not b["isExpired"] and b["definition"]["id"] == "2"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
async def test_filters_agree_with_what_they_filter(house: House, filter: dict[str, Any], holds: Any) -> None:
    """A filtered list, read to its end, has exactly the benefits of the whole list that match."""
    profile_id = (await house.profile_ids())[BIG]
    everything = await _all(house, profile_id, None)
    wanted = [benefit["id"] for benefit in everything if holds(benefit)]
    assert 0 < len(wanted) < 510
    assert [benefit["id"] for benefit in await _all(house, profile_id, filter)] == wanted


async def test_dates_filter_by_the_moment_not_the_wall_clock(house: House) -> None:
    """Bounds are moments, whatever zone a benefit's own times are in; one that never expires is after any bound."""
    profile_id = (await house.profile_ids())[BIG]
    everything = await _all(house, profile_id, None)
    ends = sorted(benefit["expiresAt"] for benefit in everything if benefit["expiresAt"])
    bound = datetime.fromisoformat(ends[len(ends) // 2])
    later = {benefit["id"] for benefit in await _all(house, profile_id, {"expiresAfter": bound.isoformat()})}
    expected = {
        b["id"] for b in everything if b["expiresAt"] is None or datetime.fromisoformat(b["expiresAt"]) >= bound
    }
    assert later == expected
    earlier = {benefit["id"] for benefit in await _all(house, profile_id, {"expiresBefore": bound.isoformat()})}
    assert earlier == {benefit["id"] for benefit in everything} - expected


async def test_times_have_the_offset_of_their_zone(house: House) -> None:
    """Wall time in the benefit's zone; in the tenant's where it names none, or one nobody knows (API.md C-5)."""
    profile_id = (await house.profile_ids())[BIG]
    query = "query($id: ID!) { profile(id: $id) { benefits(first: 100) { nodes { timezone issuedAt createdAt } } } }"
    nodes = (await house.data(query, id=profile_id))["profile"]["benefits"]["nodes"]
    zones = {node["timezone"] for node in nodes}
    assert {None, "Moon/Tranquility", "Pacific/Auckland", "Australia/Melbourne"} <= zones
    for node in nodes:
        offset = node["issuedAt"][-6:]
        assert offset in (
            ("+12:00", "+13:00") if node["timezone"] == "Pacific/Auckland" else ("+10:00", "+11:00", "+00:00")
        )
        assert node["createdAt"].endswith("+00:00")


async def test_field_the_embedded_copy_lacks_loads_each_definition_once(house: House) -> None:
    """`type` is not in a benefit's copy of its definition: one call per distinct definition, none the second time."""
    profile_id = (await house.profile_ids(1))[0]
    query = "query($id: ID!) { profile(id: $id) { benefits { nodes { definition { id type value } } } } }"
    nodes = (await house.data(query, id=profile_id))["profile"]["benefits"]["nodes"]
    distinct = {node["definition"]["id"] for node in nodes}
    calls = await house.calls()
    assert sorted(calls[2:]) == sorted(f"GET /api/v3/benefits/definitions/{each}" for each in distinct)
    await house.data(query, id=profile_id)
    assert len(await house.calls()) == 2
    await house.settings(embedded_definition="full")
    other = (await house.profile_ids(2))[1]
    await house.data(query, id=other)
    assert len(await house.calls()) == 2


async def test_benefits_of_a_page_share_their_profiles() -> None:
    """The owners of a page of benefits are one list call; who was seen already costs nothing."""
    async with open_house(OMNEO_BATCH="auto") as house:
        data = await house.data(
            """{ benefits(first: 20) { nodes { profileId
                profile { id benefits(first: 1) { nodes { profile { id } } } } } } }"""
        )
        assert all(node["profile"]["id"] == node["profileId"] for node in data["benefits"]["nodes"])
        calls = await house.calls()
        assert calls[:2] == ["GET /api/v3/benefits", "GET /api/v3/profiles"]
        assert len(calls) == 2 + 20


async def test_benefit_by_id(house: House) -> None:
    """One benefit by its number; for a member one of their own, and null for another's."""
    own, other = (await house.profile_ids(2))[:2]
    query = "query($id: ID!) { benefit(id: $id) { id profileId } }"
    assert (await house.data(query, id="1"))["benefit"] == {"id": "1", "profileId": own}
    token = await house.member(other)
    assert (await house.data(query, token=token, id="1"))["benefit"] is None
    assert (await house.data(query, token=token, id="2"))["benefit"] == {"id": "2", "profileId": other}
    for bad in ("x", "-1", "1/../2", "1e3", "٣", ""):
        assert await house.codes(query, id=bad) == ["BAD_USER_INPUT"]


async def test_what_issued_a_benefit_is_told(house: House) -> None:
    """Omneo names it by kind and number; the seed's benefits were issued by nothing."""
    query = '{ benefit(id: "1") { sourceType sourceId } }'
    assert (await house.data(query))["benefit"] == {"sourceType": None, "sourceId": None}
    row = (await house.rest("GET", "/benefits/1"))["data"] | {"source_type": "reaction", "source_id": 12}
    body = json.dumps({"data": row})
    await house.faults({"path": "/api/v3/benefits/1", "action": "status", "status": 200, "body": body})
    assert (await house.data(query))["benefit"] == {"sourceType": "reaction", "sourceId": "12"}


async def test_failing_benefits_leave_the_profile_alone(house: House) -> None:
    """A relation that fails is null beside the profile's own fields, and its neighbour's are as they were."""
    ids = await house.profile_ids(2)
    await house.faults(
        {"path": f"/api/v3/profiles/{ids[0]}/benefits", "action": "status", "status": 500, "body": "<html>boom</html>"}
    )
    answer = await house.ask("{ profiles(first: 2) { nodes { id email benefits { totalCount } } } }")
    broken, fine = answer["data"]["profiles"]["nodes"]
    assert broken["email"]
    assert broken["benefits"] is None
    assert fine["benefits"] == {"totalCount": 10}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_UNAVAILABLE"]
    assert "boom" not in str(answer)


async def test_redeemable_benefits_and_redemptions(house: House) -> None:
    """What can be redeemed, as Omneo judges it, and what was, with the benefit in it."""
    profile_id = (await house.profile_ids())[BIG]
    query = """query($id: ID!) { profile(id: $id) {
        redeemableBenefits(first: 100) { totalCount nodes { isRedeemable } }
        redemptions(first: 100) { totalCount nodes { type items { type count benefit { id profileId } } } } } }"""
    profile = (await house.data(query, id=profile_id))["profile"]
    assert profile["redeemableBenefits"]["totalCount"] == len(list(await _all(house, profile_id, {"redeemable": True})))
    assert all(node["isRedeemable"] for node in profile["redeemableBenefits"]["nodes"])
    assert profile["redemptions"]["totalCount"] > 0
    for node in profile["redemptions"]["nodes"]:
        assert node["type"] == "REDEEM"
        assert [item["benefit"]["profileId"] for item in node["items"]] == [profile_id]


def _honouring() -> Any:
    return open_house(OMNEO_BATCH="auto", honour_filters=("benefits.profile_id",))


async def _all(house: House, profile_id: str, filter: dict[str, Any] | None) -> list[dict[str, Any]]:
    query = """query($id: ID!, $after: String, $filter: BenefitFilter) {
        profile(id: $id) { benefits(first: 100, after: $after, filter: $filter) { pageInfo { hasNextPage endCursor }
            nodes { id isExpired isRedeemable claimedAt expiresAt definition { id tags } } } }
    }"""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await house.data(query, id=profile_id, after=after, filter=filter))["profile"]["benefits"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_row_of_somebody_else_is_not_shown(house: House) -> None:
    """Whatever Omneo answers for a profile, the benefits of another are left out."""
    one, two = await house.profile_ids(2)
    page = await house.rest("GET", f"/profiles/{one}/benefits?page[size]=2&sort=created_at")
    page["data"][1]["profile_id"] = two
    await house.faults(
        {"method": "GET", "path": f"/api/v3/profiles/{one}/benefits", "action": "status", "body": json.dumps(page)}
        | {"status": 200}
    )
    for wanted in ("", "filter: {redeemable: true}", "filter: {redeemable: false}"):
        query = f'{{ profile(id: "{one}") {{ benefits(first: 2 {wanted}) {{ nodes {{ id profileId }} }} }} }}'
        nodes = (await house.data(query))["profile"]["benefits"]["nodes"]
        assert {node["profileId"] for node in nodes} <= {one}


async def test_lists_that_are_null_are_empty(house: House) -> None:
    """A member without tags reads as one with an empty list of them, however Omneo puts it."""
    [one] = await house.profile_ids(1)
    profile = await house.rest("GET", f"/profiles/{one}")
    profile["data"] |= dict.fromkeys(("tags", "statuses", "identities", "addresses", "regions"))
    await house.faults({"path": "*", "action": "status", "status": 200, "body": json.dumps(profile)})
    fields = "tags statuses identities { id } addresses { id } regions { id }"
    answer = (await house.data(f'{{ profile(id: "{one}") {{ {fields} }} }}'))["profile"]
    assert answer == {name: [] for name in ("tags", "statuses", "identities", "addresses", "regions")}
