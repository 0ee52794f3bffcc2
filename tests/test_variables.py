"""Variables that are null, missing, or of another operation: what they decide, and that nothing breaks over them."""

from typing import Any

import pytest
from house import SERVICE, House, open_house

ADA = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"
ASSIGN = f"""mutation($v: JSON) {{
    assignBenefit(input: {{
        profileId: "{ADA}", definition: {{id: "1"}}, idempotencyKey: "k", meta: META
    }}) {{ ... on BenefitAssigned {{ benefit {{ meta }} }} }}
}}"""


async def ask(house: House, **body: Any) -> tuple[int, dict[str, Any]]:
    headers = {"authorization": f"Bearer {SERVICE}", "accept": "application/graphql-response+json"}
    answer = await house.gateway.post("/graphql", json=body, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("engine", ["compiled", "stock"])
@pytest.mark.parametrize(
    "query",
    [
        "query($x: Boolean = true) { profiles(first: 1) { nodes { id firstName @include(if: $x) } } }",
        "query($x: Boolean = true) { profiles(first: 1) { nodes { id } } me @skip(if: $x) { id } }",
        "query($x: Boolean = true) { me { ...F @skip(if: $x) } } fragment F on Profile { id }",
    ],
)
async def test_null_decides_nothing(engine: str, query: str) -> None:
    """It may be sent where a variable has a default; `@skip` and `@include` have no use for it."""
    async with open_house(ENGINE=engine) as house:
        status, answer = await ask(house, query=query, variables={"x": None})
        assert status == 400
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
        assert answer["errors"][0]["locations"]
        assert (await ask(house, query=query))[0] == 200


@pytest.mark.parametrize("value", [{"expired": True}, None])
async def test_operations_of_one_document_have_their_own_variables(house: House, value: Any) -> None:
    """What decides in one may be a filter in the other."""
    query = f"""
        query A($x: Boolean!) {{ profile(id: "{ADA}") {{ id ...F }} }}
        query B($x: BenefitFilter) {{ profile(id: "{ADA}") {{ benefits(first: 1, filter: $x) {{ nodes {{ id }} }} }} }}
        fragment F on Profile {{ ...G }}
        fragment G on Profile {{ firstName @skip(if: $x) }}
    """
    status, answer = await ask(house, query=query, operationName="B", variables={"x": value})
    assert (status, len(answer["data"]["profile"]["benefits"]["nodes"])) == (200, 1)
    for skips, expected in ((True, {"id": ADA}), (False, {"id": ADA, "firstName": "Ada"}), (True, {"id": ADA})):
        _, answer = await ask(house, query=query, operationName="A", variables={"x": skips})
        assert answer["data"]["profile"] == expected


@pytest.mark.parametrize(
    ("literal", "kept"), [("{a: $v}", {}), ("{a: {b: $v}}", {"a": {}}), ("{a: [1, $v]}", {"a": [1, None]})]
)
async def test_variable_that_is_missing_inside_json_is_left_out(house: House, literal: str, kept: Any) -> None:
    """As GraphQL leaves it out of its own inputs; in a list it is null."""
    assigned = (await house.data(ASSIGN.replace("META", literal)))["assignBenefit"]
    assert assigned["benefit"]["meta"] == kept


async def test_a_field_that_is_given_up_leaves_nothing_behind(house: House) -> None:
    """A sibling that may not be null takes the root with it: what had been begun beside it is closed."""
    query = '{ benefitOperation(id: "x") { id } profiles(first: 1) { nodes { id } } }'
    answer = await house.ask(query, token=await house.member(ADA))
    assert answer["data"] is None
