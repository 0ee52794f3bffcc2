"""Who may ask for what: every field that obtains something says so, and what it says is kept."""

import hashlib
import inspect
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from graphql import GraphQLField, GraphQLObjectType
from house import SERVICE, House, open_house

from schema import schema
from schema.access import rule_of

STRANGER = "00000000-0000-4000-8000-000000000000"


def obtains(owner: str, field: GraphQLField) -> bool:
    """Tell whether a field can obtain something: at the root, or because its resolver is handed the context. Times
    alone are, for the zone, and obtain nothing."""
    resolver = field.extensions["strawberry-definition"].base_resolver
    if resolver is None or owner in ("Query", "Mutation"):
        return owner in ("Query", "Mutation")
    function = resolver.wrapped_func
    return "info" in inspect.signature(function).parameters and function.__module__ != "resolvers.times"


def test_every_field_that_obtains_something_says_who_may_ask() -> None:
    """A root field, a mutation or a relation without a rule fails the build."""
    silent = [
        f"{owner.name}.{name}"
        for owner in schema._schema.type_map.values()
        if isinstance(owner, GraphQLObjectType) and not owner.name.startswith("__")
        for name, field in owner.fields.items()
        if obtains(owner.name, field) and rule_of(field) is None
    ]
    assert silent == []


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[House]:
    """A gateway with keys named after the scopes they have, joined by +; `none` has none."""
    names = ("none", "read-profiles", "read-benefits", "read-profiles+read-benefits", "create-benefits")
    keys = [
        {
            "name": name.replace("+", "_"),
            "sha256": hashlib.sha256(name.encode()).hexdigest(),
            "scopes": [] if name == "none" else name.split("+"),
        }
        for name in names
    ]
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    async with open_house(SERVICE_KEYS_FILE=str(file)) as opened:
        yield opened


async def test_relation_needs_the_scope_of_what_it_leads_to(keyed: House) -> None:
    """The field that is not allowed is null with a code and its path, its siblings are answered, and no call is made
    for it."""
    own = (await keyed.profile_ids(1))[0]
    query = "query($id: ID!) { profile(id: $id) { id benefits { totalCount } } }"
    answer = await keyed.ask(query, token="read-profiles", id=own)
    assert answer["data"] == {"profile": {"id": own, "benefits": None}}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["profile", "benefits"], "FORBIDDEN")
    assert "read-benefits" in error["message"]
    assert await keyed.calls() == [f"GET /api/v3/profiles/{own}"]
    data = await keyed.data(query, token="read-profiles+read-benefits", id=own)
    assert data["profile"]["benefits"]["totalCount"] == 10


async def test_key_without_scopes_makes_no_call(keyed: House) -> None:
    """Nothing is asked of Omneo for a caller who may not have it."""
    for query in (
        f'{{ profile(id: "{STRANGER}") {{ id }} }}',
        '{ findProfile(by: {email: "a@example.com"}) { id } }',
        "{ profiles { totalCount } }",
        '{ benefit(id: "1") { id } }',
        "{ benefits { totalCount } }",
        '{ benefitDefinition(by: {id: "1"}) { id } }',
        "{ benefitDefinitions { totalCount } }",
        f'mutation {{ assignBenefit(input: {{profileId: "{STRANGER}", definition: {{id: "1"}}, idempotencyKey: "k"}})'
        " { __typename } }",
        f'mutation {{ claimBenefit(input: {{profileId: "{STRANGER}", definition: {{id: "1"}}, idempotencyKey: "k"}})'
        " { __typename } }",
    ):
        assert await keyed.codes(query, token="none") == ["FORBIDDEN"], query
    assert await keyed.calls() == []


async def test_scope_to_write_shows_what_was_written(keyed: House) -> None:
    """The benefit a mutation answers with needs no further scope; what it leads to does."""
    own = (await keyed.profile_ids(1))[0]
    mutation = """
        mutation($id: ID!) {
            assignBenefit(input: {profileId: $id, definition: {id: "1"}, idempotencyKey: "k"}) {
                ... on BenefitAssigned { benefit { profileId definition { name internalNotes } profile { id } } }
            }
        }
    """
    answer = await keyed.ask(mutation, token="create-benefits", id=own)
    benefit = answer["data"]["assignBenefit"]["benefit"]
    assert benefit["profileId"] == own
    assert benefit["definition"]["name"]
    assert [error["path"][2:] for error in answer["errors"]] == [["definition", "internalNotes"], ["profile"]]


async def test_another_profile_is_the_same_as_none(house: House) -> None:
    """A member learns nothing of others: not by the answer, not by the calls their question makes."""
    own, other, *_ = await house.profile_ids(2)
    token = await house.member(own)
    its_benefit = (await house.rest("GET", f"/profiles/{other}/benefits?page[size]=1"))["data"][0]["id"]
    claim = """
        mutation($id: ID!) {
            claimBenefit(input: {profileId: $id, definition: {id: "1"}, idempotencyKey: "k"}) {
                __typename ... on BenefitMutationError { message }
            }
        }
    """
    for query, theirs, nobodys in (
        ("query($id: ID!) { profile(id: $id) { id email benefits { totalCount } } }", other, STRANGER),
        ("query($id: ID!) { me { id } profile(id: $id) { id } }", other, STRANGER),
        ("query($id: ID!) { benefit(id: $id) { id } }", str(its_benefit), "999999999"),
        (claim, other, STRANGER),
    ):
        await house.calls()
        seen = []
        for asked in (theirs, nobodys):
            answer = await house.ask(query, token=token, id=asked)
            calls = [call.replace(asked, "ID") for call in await house.calls()]
            seen.append((answer, calls))
        assert seen[0] == seen[1], query
        assert "errors" not in seen[0][0]


CATALOGUE = (
    "{ benefitDefinitions { nodes { redeemCodePos } } }",
    '{ benefitDefinition(by: {id: "1"}) { redeemCodePos } }',
    '{ benefitDefinition(by: {handle: "welcome-offer"}) { redeemCodePos } }',
)


@pytest.mark.parametrize("query", CATALOGUE)
@pytest.mark.parametrize("engine", ["compiled", "stock"])
async def test_an_invented_token_reads_no_definition(query: str, engine: str) -> None:
    """The catalogue is read as the tenant, so Omneo judges the token first, and nothing is spent before (ADR 25)."""
    async with open_house(ENGINE=engine) as house:
        await house.data(query)  # what is remembered is no more theirs than what is not
        await house.calls()
        assert await house.codes(query, token="a.b.c") == ["UNAUTHENTICATED"]
        assert await house.calls() == ["GET /id/api/v1/profiles/me"]


@pytest.mark.parametrize(("lasts_s", "calls"), [(60.0, [2, 1]), (0.0, [2, 2])])
async def test_a_token_that_was_accepted_is_not_judged_again_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, lasts_s: float, calls: list[int]
) -> None:
    """But after a minute; a visitor's, without a profile, is as good as a member's."""
    monkeypatch.setattr("omneo.credential._ACCEPTED_S", lasts_s)
    for token in (await house.member((await house.profile_ids(1))[0]), await house.member()):
        await house.calls()
        for expected in calls:
            assert (await house.ask(CATALOGUE[0], token=token))["extensions"]["upstream"]["predicted"] == 2
            assert len(await house.calls()) == expected


async def test_all_scopes_open_everything_to_a_service(house: House) -> None:
    """The star stands for every scope."""
    data = await house.data('{ benefitDefinition(by: {id: "1"}) { internalNotes issueTargetId type } }', token=SERVICE)
    assert data["benefitDefinition"].keys() == {"internalNotes", "issueTargetId", "type"}
