"""The table of docs/access.md, asked cell by cell through GraphQL."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)
from house import House, open_house

from resolvers.access import Rule
from schema import schema
from scripts import docs

RULES = docs.rules()
IDS: dict[str, Any] = {"profileId": "PROFILE", "definitionId": "1", "idempotencyKey": "key-1"}
ASSIGN = """
    mutation($profile: ID!) {
        assignBenefit(input: {profileId: $profile, definition: {id: "1"}, idempotencyKey: "made"}) {
            ... on BenefitAssigned { benefit { externalId } }
        }
    }
"""
CLAIM = """
    mutation($profile: ID!) {
        claimBenefit(input: {profileId: $profile, definition: {id: "1"}, idempotencyKey: "made"}) {
            ... on BenefitClaimed { benefit { externalId } }
        }
    }
"""

# How to come to an object of each type, and the scopes that takes.
WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Query": ("{ FIELD }", ()),
    "Mutation": ("mutation { FIELD }", ()),
    "Profile": ('{ profile(id: "PROFILE") { FIELD } }', ("read-profiles",)),
    "Balances": ('{ profile(id: "PROFILE") { balances { FIELD } } }', ("read-profiles",)),
    "Benefit": ('{ benefit(id: "BENEFIT") { FIELD } }', ("read-benefits",)),
    "BenefitDefinition": ('{ benefit(id: "BENEFIT") { definition { FIELD } } }', ("read-benefits",)),
    "BenefitBatchRow": (
        'mutation { assignBenefits(input: {rows: [{profileId: "PROFILE", definition: {id: "1"}}], idempotencyKey: "b"})'
        " { ... on BenefitsQueued { rows { nodes { FIELD } } } } }",
        ("create-benefits",),
    ),
    "BenefitOperation": ('{ benefitOperation(id: "OPERATION") { FIELD } }', ("create-benefits",)),
}

# What a query made of required arguments alone cannot ask: a claim wants to know for whom, an e-mail address one.
ASKS_MORE = {
    "Query.findProfile",
    "BenefitDefinition.claimability",
    "Mutation.claimBenefit",
    "Mutation.claimAndRedeemBenefit",
    "Mutation.updateBenefitDefinition",
}

WAY_CALLS = {"Query": 0, "Mutation": 0, "BenefitBatchRow": 2}  # what it takes to come to a field; else one call


def literal(kind: GraphQLInputType, name: str) -> str:
    """Write some value that an argument or input field accepts."""
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type, name)
    if isinstance(kind, GraphQLList):
        return f"[{literal(kind.of_type, name)}]"
    if isinstance(kind, GraphQLInputObjectType):
        chosen = {key: field for key, field in kind.fields.items() if is_required_input_field(field)}
        if kind.name.endswith(("LookupInput", "ExtensionInput")):  # @oneOf
            chosen = dict([next(iter(kind.fields.items()))])
        return "{" + ", ".join(f"{key}: {literal(field.type, key)}" for key, field in chosen.items()) + "}"
    if isinstance(kind, GraphQLEnumType):
        return str(next(iter(kind.values)))
    if name in IDS:
        return json.dumps(IDS[name])
    return {"Int": "1", "Boolean": "true", "DateTime": '"2030-01-01T00:00:00Z"'}.get(str(kind), '"1"')


def query_for(field: str) -> str:
    """Write an operation that asks for one field of the table."""
    owner, _, name = field.partition(".")
    holder = schema._schema.type_map[owner]
    assert isinstance(holder, GraphQLObjectType)
    definition = holder.fields[name]
    arguments = ", ".join(
        f"{key}: {literal(argument.type, key)}"
        for key, argument in definition.args.items()
        if is_required_argument(argument)
    )
    if field == "Query.profile":
        arguments = 'id: "PROFILE"'
    selected = f"{name}({arguments})" if arguments else name
    if not is_leaf_type(get_named_type(definition.type)):
        selected += " { __typename }"
    return WAYS[owner][0].replace("FIELD", selected)


def key_for(scopes: tuple[str, ...]) -> str:
    return "key-of-" + "+".join(sorted(set(scopes)))


def scopes_of(field: str, rule: Rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the scopes of a service that may ask, and of one that lacks what this field needs."""
    way = WAYS[field.partition(".")[0]][1]
    return (*way, *rule.scopes), tuple(scope for scope in way if scope not in rule.scopes)


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[House]:
    """A gateway with a key for every set of scopes the table asks with."""
    sets = {tuple(sorted(set(scopes))) for field, rule in RULES.items() for scopes in scopes_of(field, rule)}
    keys = [
        {
            "name": "_".join(scopes) or "none",
            "sha256": hashlib.sha256(key_for(scopes).encode()).hexdigest(),
            "scopes": list(scopes),
        }
        for scopes in sets
    ]
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    async with open_house(SERVICE_KEYS_FILE=str(file)) as opened:
        yield opened


async def ask(house: House, field: str, token: str, profile: str) -> dict[str, Any]:
    """Ask for one field as one caller, about the profile and a benefit it holds; the journal then holds that alone."""
    query = query_for(field)
    if "BENEFIT" in query:
        page = await house.rest("GET", f"/profiles/{profile}/benefits?page[size]=1")
        query = query.replace("BENEFIT", str(page["data"][0]["id"]))
    if "OPERATION" in query:
        member = "." in token
        made = await house.data(CLAIM if member else ASSIGN, token=token, profile=profile)
        benefit = made["claimBenefit" if member else "assignBenefit"]["benefit"]
        query = query.replace("OPERATION", benefit["externalId"])
    await house.calls()
    return await house.ask(query.replace("PROFILE", profile), token=token)


def assert_answered(answer: dict[str, Any], field: str) -> None:
    """The field answers; some, for which the query lacks what makes sense, say just that."""
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert codes <= ({"BAD_USER_INPUT"} if field in ASKS_MORE else set()), (field, answer)


def assert_refused(answer: dict[str, Any], field: str) -> None:
    """One error, at the field or at what leads to it."""
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN", (field, answer)


def test_printed_table_is_current() -> None:
    """docs/access.md is what `make docs` writes."""
    assert (docs.DOCS / "access.md").read_text("utf-8") == docs.access()


@pytest.mark.parametrize("field", RULES)
async def test_cell_is_as_the_table_says(keyed: House, field: str) -> None:
    """Member, service with exactly the scopes, service without them, anonymous: each gets what its cell says."""
    rule, profile = RULES[field], (await keyed.profile_ids(1))[0]
    answer = await ask(keyed, field, await keyed.member(profile), profile)
    (assert_answered if rule.members else assert_refused)(answer, field)

    allowed, lacking = scopes_of(field, rule)
    answer = await ask(keyed, field, key_for(allowed), profile)
    assert_answered(answer, field)
    if rule.scopes:
        answer = await ask(keyed, field, key_for(lacking), profile)
        assert_refused(answer, field)
        assert len(await keyed.calls()) <= WAY_CALLS.get(field.partition(".")[0], 1)

    anonymous = await keyed.gateway.post("/graphql", json={"query": query_for(field)})
    assert anonymous.status_code == 401
    assert anonymous.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
