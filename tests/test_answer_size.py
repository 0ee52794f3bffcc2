"""How large an answer may be: counted object by object before it is made, whatever brings the objects along."""

import asyncio
import time
from typing import Any

import pytest
from house import open_house
from lines import written

KAIA = "d4f398ee-4b5c-4a95-b3d9-18086edd77d8"  # who holds five hundred benefits
LARGE = f"""mutation {{
    assignBenefit(input: {{profileId: "{KAIA}", definition: {{id: "1"}}, idempotencyKey: "k"}}) {{
        ... on BenefitAssigned {{ benefit {{ profileId profile {{ id benefits(first: 100) {{ nodes {{ id }} }} }} }} }}
    }}
}}"""
SMALL = (
    "{ profiles(first: 10) { nodes { a: benefits(first: 100) { totalCount } b: benefits(first: 99) { totalCount } } } }"
)
QUERIES = [
    "{ profiles(first: 10) { nodes { id benefits(first: 100) { nodes { id definition { id region { id } } } } } } }",
    "{ profiles(first: 10) { nodes { id benefits { a: nodes { ...F } b: nodes { ...F } } } } } "
    "fragment F on Benefit { x: definition { id } y: definition { name } }",
    "{ profiles(first: 10) { edges { cursor node { benefits { edges { node { id profile { id } } } } } } } }",
    "{ profiles(first: 10) { nodes { identities { id } addresses { city } redemptions { nodes { items { id } } } } } }",
    f'{{ profile(id: "{KAIA}") {{ benefits(first: 100) {{ a: nodes {{ id }} b: edges {{ node {{ id }} }} }} }} }}',
    f'{{ profile(id: "{KAIA}") {{ claimableBenefits {{ id region {{ id }} }} viewableBenefits {{ id }} }} }}',
    SMALL,
]


def objects(value: Any) -> int:
    """Count the objects of an answer."""
    if isinstance(value, dict):
        return 1 + sum(map(objects, value.values()))
    return sum(map(objects, value)) if isinstance(value, list) else 0


@pytest.mark.parametrize("query", QUERIES)
async def test_answer_of_as_many_objects_as_may_be_is_given_and_a_larger_one_is_not(query: str) -> None:
    """Nothing is counted that is not there, and nothing that multiplies is left out."""
    async with open_house() as house:
        count = objects(await house.data(query))
    assert count > 20
    async with open_house({"LIMIT_OBJECTS": str(count)}) as house:
        await house.data(query)
    async with open_house({"LIMIT_OBJECTS": str(count * 9 // 10)}) as house:
        answer = await house.ask(query)
        assert answer["data"] is None
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "LIMIT_OBJECTS"
        assert str(count * 9 // 10) in error["message"]


@pytest.mark.parametrize("selection", ["id", " ".join(f"n{n}: nodes {{ id definition {{ id }} }}" for n in range(24))])
async def test_an_answer_that_would_fill_the_memory_is_given_up_soon(selection: str) -> None:
    """A benefit knows its profile, whose benefits know theirs: that multiplies, and takes no further call."""
    query = "{ id }" if selection == "id" else f"{{ benefits(first: 100) {{ {selection} }} }}"
    for _ in range(4 if selection == "id" else 1):
        query = f"{{ benefits(first: 100) {{ nodes {{ profile {query} }} }} }}"
    async with open_house() as house:
        token = await house.member(KAIA)
        began = time.process_time()
        answer = await house.ask(f"{{ me {query} }}", token=token)
        assert time.process_time() - began < 2
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["LIMIT_OBJECTS"]


async def test_what_was_written_is_told_though_what_follows_is_too_large() -> None:
    """Only the field that is too large is missing."""
    async with open_house({"LIMIT_OBJECTS": "50"}) as house:
        answer = await house.ask(LARGE)
    benefit = answer["data"]["assignBenefit"]["benefit"]
    assert benefit == {"profileId": KAIA, "profile": {"id": KAIA, "benefits": None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["LIMIT_OBJECTS"]


async def test_nobody_is_asked_for_more_once_the_answer_is_given_up() -> None:
    """What was begun beside the place that is too large ends with it."""
    others = " ".join(
        f"b{n}: profiles(first: 60) {{ nodes {{ benefits(first: {5 + n}) {{ totalCount }} }} }}" for n in range(2)
    )
    query = f'{{ a: profile(id: "{KAIA}") {{ benefits(first: 100) {{ nodes {{ id }} }} }} {others} }}'
    async with open_house({"LIMIT_OBJECTS": "80"}) as house:
        slow = {"method": "GET", "action": "delay", "ms": 150}
        await house.faults({**slow, "path": "*/benefits"})
        assert await house.codes(query) == ["LIMIT_OBJECTS"]
        made = len(await house.calls())
        assert made < 100
        await asyncio.sleep(0.4)
        assert len(await house.calls()) < 40  # which were under way


async def test_where_limits_are_only_logged_so_is_this_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Up to ten times as much."""
    async with open_house({"LIMIT_OBJECTS": "10", "LIMITS": "log"}) as lenient:
        await lenient.data("{ profiles(first: 20) { nodes { id } } }")
        assert await lenient.codes("{ profiles(first: 60) { edges { node { id } } } }") == ["LIMIT_OBJECTS"]
        text = (await lenient.gateway.get("/metrics")).text
    assert '"exceeded":["LIMIT_OBJECTS"]' in written(capsys)
    assert 'gateway_limit_refusals_total{limit="LIMIT_OBJECTS",mode="logged"} 1.0' in text
