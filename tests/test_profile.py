"""Profiles through GraphQL: who is found, who is not, and what it costs."""

import pytest
from house import House, open_house

PROFILE = "query($id: ID!) { profile(id: $id) { id email } }"
NOBODY = "00000000-0000-4000-8000-000000000001"


async def test_profile_by_id_is_one_call(house: House) -> None:
    """A profile is read by its id."""
    profile_id = (await house.profile_ids(1))[0]
    assert (await house.data(PROFILE, id=profile_id.upper()))["profile"]["id"] == profile_id
    assert await house.calls() == [f"GET /api/v3/profiles/{profile_id}"]


async def test_unknown_profile_is_null(house: House) -> None:
    """What Omneo does not know is null, without an error."""
    assert (await house.data(PROFILE, id=NOBODY))["profile"] is None


@pytest.mark.parametrize(
    "bad", ["", "x", "../benefits", "me", NOBODY + "/..", NOBODY + "?a", "%2e%2e", "a\x00b", f"{NOBODY}\n"]
)
async def test_malformed_id_is_refused_without_a_call(house: House, bad: str) -> None:
    """An id that cannot be one is told so, and Omneo is not asked."""
    assert await house.codes(PROFILE, id=bad) == ["BAD_USER_INPUT"]
    assert await house.calls() == []


async def test_same_profile_twice_is_one_call(house: House) -> None:
    """One object is loaded once, under whatever names it is asked for."""
    profile_id = (await house.profile_ids(1))[0]
    query = "query($id: ID!) { a: profile(id: $id) { id } b: profile(id: $id) { email } }"
    await house.data(query, id=profile_id)
    assert await house.calls() == [f"GET /api/v3/profiles/{profile_id}"]


async def test_many_profiles_are_one_call_where_the_filter_is_honoured(house: House) -> None:
    """Profiles by id are gathered into one list call (ADR 6)."""
    async with open_house(OMNEO_BATCH="auto") as gathering:
        ids = await gathering.profile_ids(5)
        query = "{" + " ".join(f'p{n}: profile(id: "{each}") {{ id }}' for n, each in enumerate(ids)) + "}"
        data = await gathering.data(query)
        assert [data[f"p{n}"]["id"] for n in range(5)] == ids
        assert await gathering.calls() == ["GET /api/v3/profiles"]


async def test_found_by_email_in_any_case(house: House) -> None:
    """An e-mail address finds its profile, however it is written."""
    query = "query($email: String!) { findProfile(by: {email: $email}) { email } }"
    assert (await house.data(query, email=" MEMBER03@Example.com"))["findProfile"] == {"email": "member03@example.com"}
    assert (await house.data(query, email="nobody@example.com"))["findProfile"] is None


async def test_found_by_identity(house: House) -> None:
    """A loyalty card finds its profile; what looks like a path is only a name nobody has."""
    query = """query($identifier: String!) {
        findProfile(by: {identity: {handle: "loyalty_card", identifier: $identifier}}) { externalId }
    }"""
    assert (await house.data(query, identifier="LC000004"))["findProfile"] == {"externalId": "LC000004"}
    assert (await house.data(query, identifier="../../benefits?x=1"))["findProfile"] is None
    assert await house.calls() == ["POST /api/v3/profiles/search-id"] * 2


async def test_lookup_names_exactly_one_way(house: House) -> None:
    """A lookup with two keys, or none, is no lookup."""
    for by in ("{}", '{email: "a@b.c", identity: {handle: "x", identifier: "y"}}', "{email: null}"):
        codes = await house.codes(f"{{ findProfile(by: {by}) {{ id }} }}")
        assert codes == ["GRAPHQL_VALIDATION_FAILED"]


async def test_member_sees_only_themselves(house: House) -> None:
    """Another's id gets a member what an id that does not exist gets them, in content and in calls."""
    own, other = (await house.profile_ids(2))[:2]
    token = await house.member(own)
    await house.calls()
    answers = [(await house.ask(PROFILE, token=token, id=each), await house.calls()) for each in (other, NOBODY)]
    assert answers[0] == answers[1]
    assert answers[0][0]["data"] == {"profile": None}
    assert answers[0][1] == ["GET /id/api/v1/profiles/me"]
    assert (await house.data(PROFILE, token=token, id=own))["profile"]["id"] == own


async def test_me_is_the_member_and_null_for_a_service(house: House) -> None:
    """`me` is who the token says."""
    own = (await house.profile_ids(2))[1]
    assert (await house.data("{ me { id } }", token=await house.member(own)))["me"] == {"id": own}
    assert (await house.data("{ me { id } }"))["me"] is None


async def test_anonymous_token_has_no_profile(house: House) -> None:
    """An anonymous ID token is a member without a profile (API.md §2.3)."""
    assert (await house.data("{ me { id } }", token=await house.member()))["me"] is None


async def test_forged_token_is_told_to_sign_in(house: House) -> None:
    """A token Omneo does not accept is the member's to renew."""
    assert await house.codes("{ me { id } }", token="aaaa.bbbb.cccc") == ["UNAUTHENTICATED"]


async def test_lists_are_for_services(house: House) -> None:
    """A member may not list profiles or benefits, or search for others; Omneo is not asked."""
    token = await house.member((await house.profile_ids(1))[0])
    await house.calls()
    for query in (
        "{ profiles { nodes { id } } }",
        "{ benefits { nodes { id } } }",
        '{ findProfile(by: {email: "a@b.c"}) { id } }',
    ):
        assert await house.codes(query, token=token) == ["FORBIDDEN"]
    assert await house.calls() == []


async def test_profiles_are_filtered(house: House) -> None:
    """Tag, status, type, e-mail and dates narrow the list as Omneo's own filters do."""
    count = """query($filter: ProfileFilter) {
        profiles(first: 100, filter: $filter) { totalCount nodes { tags statuses profileType } }
    }"""
    vips = (await house.data(count, filter={"tag": "vip"}))["profiles"]
    assert 0 < vips["totalCount"] == len(vips["nodes"]) < 60
    assert all("vip" in node["tags"] for node in vips["nodes"])
    friends = (await house.data(count, filter={"status": "staff-friend"}))["profiles"]["nodes"]
    assert friends
    assert all(node["statuses"] == ["staff-friend"] for node in friends)
    incomplete = (await house.data(count, filter={"profileType": "INCOMPLETE"}))["profiles"]
    assert incomplete["totalCount"] == 3
    assert (await house.data(count, filter={"email": "Member07@example.com"}))["profiles"]["totalCount"] == 1
    assert (await house.data(count, filter={"createdAfter": "2100-01-01T00:00:00Z"}))["profiles"]["totalCount"] == 0


async def test_balances_cost_a_call_only_when_localised(house: House) -> None:
    """The profile carries its balances; another currency is asked for."""
    profile_id = (await house.profile_ids(2))[1]
    plain = "query($id: ID!) { profile(id: $id) { balances { rewardBalance pointBalance combinedBalanceDollars } } }"
    assert (await house.data(plain, id=profile_id))["profile"]["balances"] == {
        "rewardBalance": "13",
        "pointBalance": "137",
        "combinedBalanceDollars": "14.37",
    }
    assert await house.calls() == [f"GET /api/v3/profiles/{profile_id}"]
    other = """query($id: ID!) {
        profile(id: $id) { balances(currency: "aud") { localised { rewardBalance } currency { from to rate } } }
    }"""
    balances = (await house.data(other, id=profile_id))["profile"]["balances"]
    assert balances == {"localised": {"rewardBalance": "6.5"}, "currency": {"from": "NZD", "to": "AUD", "rate": "0.5"}}
    assert len(await house.calls()) == 2
