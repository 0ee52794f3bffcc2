"""The ID API of the sandbox: tokens, `me`, and whom they cannot reach (API.md §2)."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from sandbox_support import SERVER, Member, Stand, document, open_stand

NOON = "2026-06-15T12:00:00+00:00"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox on 15 June 2026 at noon, UTC."""
    async with open_stand(clock=NOON) as opened:
        yield opened


async def token(stand: Stand, body: Any) -> Any:
    """Mint a token that can be."""
    answer = await stand.http.post("/id/api/v1/auth/token", json=body, headers=SERVER)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_a_token_says_whose_it_is_and_until_when(stand: Stand) -> None:
    """A JWT with `pid` and `exp`, the same `exp` as beside it; minted by profile or by identity."""
    profile = await stand.profile(identities=[{"handle": "card", "identifier": "LC1"}])
    for body in ({"id": profile}, {"id": "LC1", "id_handle": "card"}):
        minted = await token(stand, body)
        claims = jwt.decode(minted["token"], options={"verify_signature": False})
        assert (claims["pid"], claims["exp"]) == (profile, minted["exp"])
        answer = await Member(stand.http, minted["token"]).ask("GET", "/profiles/me")
        assert answer.json()["data"]["id"] == profile


async def test_only_the_server_mints(stand: Stand) -> None:
    """A member's own token does not, nor does nobody."""
    member = await stand.member(await stand.profile())
    for headers in ({}, {"authorization": f"Bearer {member.token}"}):
        assert (await stand.http.post("/id/api/v1/auth/token", json={}, headers=headers)).status_code == 401


async def test_each_token_opens_its_own_door(stand: Stand) -> None:
    """A member's token is nothing on the server API, the server's nothing on the ID API."""
    member = await stand.member(await stand.profile())
    assert (await stand.ask("GET", "/profiles", token=member.token)).status_code == 401
    assert (await Member(stand.http, "sandbox-token").ask("GET", "/profiles/me")).status_code == 401


def forged(token: str, part: int, **changes: Any) -> str:
    """Change a claim or the header of a token, and leave its signature."""
    parts = token.split(".")
    fields = json.loads(base64.urlsafe_b64decode(parts[part] + "==")) | changes
    parts[part] = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
    return ".".join(parts)


async def test_a_forged_token_is_401(stand: Stand) -> None:
    """Another profile, another algorithm, no signature, another key: none is believed."""
    profile, other = await stand.profile(), await stand.profile()
    good = (await stand.member(profile)).token
    key = "another key that is long enough for the algorithm"
    own = jwt.encode({"pid": profile, "exp": 2**32}, key, algorithm="HS256")
    bad = [
        forged(good, 1, pid=other),
        forged(good, 0, alg="none"),
        good.rpartition(".")[0] + ".",
        own,
        "a.b.c",
        good + "x",
        "é",
    ]
    for each in bad:
        headers = {b"authorization": f"Bearer {each}".encode()}
        answer = await stand.http.get("/id/api/v1/profiles/me", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


async def test_a_token_ends(stand: Stand) -> None:
    """After its life, by the sandbox's clock; the setting says how long that is."""
    await stand.settings(token_lifetime_s=60)
    member = await stand.member(await stand.profile())
    await stand.settings(clock="2026-06-15T12:00:59+00:00")
    assert (await member.ask("GET", "/profiles/me")).status_code == 200
    await stand.settings(clock="2026-06-15T12:01:00+00:00")
    assert (await member.ask("GET", "/profiles/me")).status_code == 401


async def test_tokens_outlive_a_restart() -> None:
    """The same server token signs the same way, so that a sandbox that starts again knows its members."""
    async with open_stand(seeded=True) as stand:
        (profile,) = await stand.data("GET", "/profiles?page[size]=1")
        kept = (await stand.member(profile["id"])).token
    async with open_stand(seeded=True) as stand:
        assert (await Member(stand.http, kept).ask("GET", "/profiles/me")).json()["data"]["id"] == profile["id"]


async def test_nobody_and_who_is_not_there(stand: Stand) -> None:
    """An unknown profile is 404, an unknown identity 422; nobody named is an anonymous token."""
    for body in ({"id": "nobody"}, {"id": ["x"]}):
        answer = await stand.http.post("/id/api/v1/auth/token", json=body, headers=SERVER)
        assert answer.status_code == 404
    body = {"id": "LC9", "id_handle": "card"}
    assert (await stand.http.post("/id/api/v1/auth/token", json=body, headers=SERVER)).status_code == 422
    for unnamed in ({}, {"id": ""}, {"id": None}):
        minted = await token(stand, unnamed)
        assert jwt.decode(minted["token"], options={"verify_signature": False})["pid"] == "null"


async def test_me_is_the_whole_tree_of_a_profile(stand: Stand) -> None:
    """Whatever the server API serves below a profile, the ID API serves below `me`, the same."""
    profile = await stand.profile()
    benefit = await stand.assign(profile, await stand.definition(max_redemptions=2))
    made = await stand.data("POST", f"/profiles/{profile}/benefits/{benefit['id']}/redeem")
    member = await stand.member(profile)
    paths = [path for path, methods in document()["paths"].items() if "{profile}" in path and "get" in methods]
    assert len(paths) > 10
    for path in paths:
        if "{reward}" in path:
            continue
        names = {"benefit": benefit["id"], "redemption": made["id"]}
        server = (await stand.ask("GET", path.format(profile=profile, **names))).json()["data"]
        assert (await member.ask("GET", path.format(profile="me", **names))).json()["data"] == server, path


async def test_a_member_claims_redeems_and_changes_for_oneself(stand: Stand) -> None:
    """The writes below `me` write to the token's profile."""
    profile, kind = await stand.profile(), await stand.definition(max_redemptions=2)
    member = await stand.member(profile)
    body = {"definition": kind["handle"], "timezone": "UTC"}
    claimed = (await member.ask("POST", "/profiles/me/benefits/claim", body)).json()["data"]
    assert claimed["profile_id"] == profile
    redeemed = await member.ask("POST", f"/profiles/me/benefits/{claimed['id']}/redeem")
    assert (redeemed.status_code, redeemed.json()["data"]["profile_id"]) == (201, profile)
    changed = await member.ask("PUT", "/profiles/me", {"company": "Acme"})
    assert (changed.json()["data"]["id"], changed.json()["data"]["company"]) == (profile, "Acme")
    assert (await member.ask("PUT", "/profiles/me/update-type", {"profile_type": "active"})).status_code == 200
    made = await member.ask("POST", "//profiles/me/identities", {"handle": "card", "identifier": "1"})
    assert (made.status_code, made.json()["data"]["profile_id"]) == (201, profile)


async def test_others_are_out_of_reach(stand: Stand) -> None:
    """No path of the ID API names another profile, nor what is another's, nor what is the tenant's."""
    profile, other = await stand.profile(), await stand.profile()
    benefit = await stand.assign(other, await stand.definition())
    made = await stand.data("POST", f"/profiles/{other}/benefits/{benefit['id']}/redeem")
    member = await stand.member(profile)
    paths = [
        f"/profiles/{other}", f"/profiles/{other}/benefits", f"/profiles/me/benefits/{benefit['id']}",
        f"/profiles/me/redemptions/{made['id']}", f"/profiles/me/../{other}", f"/profiles/me%2f..%2f{other}",
        "/profiles", "/benefits", f"/benefits/{benefit['id']}", "/benefits/definitions", "/identities", "/webhooks",
        f"/profiles/me?identity[handle]=x&id={other}",
    ]  # fmt: skip
    for path in paths:
        answer = await member.ask("GET", path)
        assert answer.status_code in (404, 405) or answer.json()["data"]["id"] == profile, path
    for path in (f"/profiles/me/benefits/{benefit['id']}/redeem", f"/redemptions/{made['id']}/reversal"):
        assert (await member.ask("POST", path)).status_code == 404
    body = {"first_name": "X", "last_name": "Y", "email": (await stand.data("GET", f"/profiles/{other}"))["email"]}
    assert (await member.ask("POST", "/profiles", body)).status_code == 422


async def test_an_anonymous_token_makes_a_profile_and_nothing_else(stand: Stand) -> None:
    """`me` is nobody; a new profile is made, one with the e-mail or the phone is changed."""
    nobody = await stand.member(None)
    for method, path in (("GET", ""), ("PUT", ""), ("GET", "/benefits"), ("POST", "/benefits/claim")):
        body = {"definition": "x", "timezone": "UTC"}
        answer = await nobody.ask(method, f"/profiles/me{path}", None if method == "GET" else body)
        assert answer.status_code == 404
    body = {"first_name": "Ada", "last_name": "L", "email": "ada@example.org", "mobile_phone": "+61400000001"}
    made = await nobody.ask("POST", "/profiles", body)
    again = await nobody.ask("POST", "/profiles", {"email": "ada@example.org", "company": "Acme"})
    third = await nobody.ask("POST", "/profiles", {"mobile_phone": "+61400000001", "occupation": "x"})
    assert (made.status_code, again.status_code, third.status_code) == (201, 200, 200)
    assert {each.json()["data"]["id"] for each in (made, again, third)} == {made.json()["data"]["id"]}
    assert (third.json()["data"]["company"], third.json()["data"]["occupation"]) == ("Acme", "x")


async def test_a_deleted_members_token_is_nobodys(stand: Stand) -> None:
    """It is still good, but `me` is gone."""
    profile = await stand.profile()
    member = await stand.member(profile)
    await stand.data("DELETE", f"/profiles/{profile}")
    assert (await member.ask("GET", "/profiles/me")).status_code == 404


async def test_more_server_tokens_are_made_and_taken_back(stand: Stand) -> None:
    """Each opens the server API until it is taken back or over; none is shown a second time."""
    answer = await stand.ask("POST", "/auth/api-tokens", {"name": "till", "scopes": ["read-profiles"]})
    made, secret = answer.json()["token"], answer.json()["accessToken"]
    assert (made["name"], made["scopes"], made["revoked"]) == ("till", ["read-profiles"], False)
    assert (await stand.ask("GET", "/profiles", token=secret)).status_code == 200
    assert (await stand.ask("GET", "/auth/access-tokens?type=current")).json() == [made]
    assert (await stand.ask("GET", "/auth/access-tokens?type=expired")).json() == []
    await stand.settings(clock="2027-06-15T12:00:00+00:00")
    assert (await stand.ask("GET", "/auth/access-tokens?type=expired")).json() == [made]
    assert (await stand.ask("GET", "/profiles", token=secret)).status_code == 401
    await stand.settings(clock=NOON)
    assert (await stand.ask("DELETE", f"/auth/api-tokens/{made['id']}", token=secret)).status_code == 204
    assert (await stand.ask("GET", "/profiles", token=secret)).status_code == 401
    await stand.refused("DELETE", f"/auth/api-tokens/{made['id']}", status=404)


async def test_the_server_token_can_be_checked(stand: Stand) -> None:
    """200 without a body, or the 401 of everything."""
    answer = await stand.ask("GET", "/auth/verify")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await stand.ask("GET", "/auth/verify", token="BAD-TOKEN")).status_code == 401
