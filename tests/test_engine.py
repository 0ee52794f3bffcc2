"""The compiled engine by itself: what it promises beyond giving the same answers (tests/test_oracle.py)."""

import ast
import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import strawberry
from endpoint import Log
from graphql import GraphQLError
from house import House
from msgspec import structs

from context import Caller
from execution import Engine, Limits, Request
from pace import COARSE
from telemetry import Trace

ROOT = Path(__file__).parent.parent


@strawberry.type
class Leaf:
    name: str
    fragile: str

    @strawberry.field
    def fails(self) -> str:
        raise ValueError


@strawberry.type
class Query:
    @strawberry.field
    def leaf(self) -> Leaf | None:
        return Leaf(name="a", fragile=None)  # type: ignore[arg-type]  # what should never be

    @strawberry.field
    def leaves(self) -> list[Leaf | None]:
        return [Leaf(name="a", fragile="x"), None, Leaf(name="b", fragile=None)]  # type: ignore[arg-type]

    @strawberry.field
    def sure(self) -> list[Leaf]:
        return [Leaf(name="a", fragile="x"), Leaf(name="b", fragile=None)]  # type: ignore[arg-type]

    @strawberry.field
    async def many(self, count: int) -> list[Leaf]:
        return [Leaf(name=str(number), fragile="x") for number in range(count)]

    @strawberry.field
    async def later(self) -> Leaf:
        await asyncio.sleep(0)
        return Leaf(name="later", fragile="x")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def step(self, info: strawberry.Info, name: str, seconds: float) -> str:
        info.context.events.append(f"{name} begins")
        await asyncio.sleep(seconds)
        info.context.events.append(f"{name} ends")
        return name

    @strawberry.mutation
    async def broken(self) -> str:
        raise ValueError


def told(error: GraphQLError) -> dict[str, Any]:
    return {"path": error.path, "message": str(error.message)}


async def run(query: str, *, compiled: bool = True) -> tuple[Any, list[dict[str, Any]], Log]:
    log = Log()
    engine = Engine(strawberry.Schema(Query, Mutation), told, Limits(writes=5), compiled=compiled)
    context = log.open(Caller("service", "x"), Trace.begin())
    answer = await engine.run(engine.prepare(Request(query)), context)
    return answer.data, answer.errors, log


@pytest.mark.parametrize(
    ("query", "data", "path"),
    [
        ("{ leaf { name fragile } }", {"leaf": None}, ["leaf", "fragile"]),
        ("{ leaf { n: name fails } later { name } }", {"leaf": None, "later": {"name": "later"}}, ["leaf", "fails"]),
        ("{ leaves { fragile } }", {"leaves": [{"fragile": "x"}, None, None]}, ["leaves", 2, "fragile"]),
        ("{ sure { fragile } }", None, ["sure", 1, "fragile"]),
        ("{ later { name fails } }", None, ["later", "fails"]),
    ],
)
async def test_null_climbs_to_where_it_may_be(query: str, data: Any, path: list[str | int]) -> None:
    """A null or an error in a place that may not be null takes the next place up that may; as in graphql-core."""
    ours = await run(query)
    assert ours[0] == data
    assert [error["path"] for error in ours[1]] == [path]
    assert ours[:2] == (await run(query, compiled=False))[:2]


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 399, 400, 401, 1000])
@pytest.mark.parametrize("turn_s", [0.0, 0.0002, 60.0])
async def test_a_long_list_is_whole_however_it_is_cut(
    count: int, turn_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces of one record each, pieces that grow, and a last one that is larger than the list."""
    monkeypatch.setattr("pace.COARSE", structs.replace(COARSE, records=200, turn_s=turn_s))
    data, errors, _ = await run(f"{{ many(count: {count}) {{ name }} }}")
    assert data == {"many": [{"name": str(number)} for number in range(count)]}
    assert errors == []


async def test_others_have_their_turn_within_a_long_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the event loop, counted: by the clock a test would flicker."""
    monkeypatch.setattr("pace.COARSE", structs.replace(COARSE, turn_s=0.0))
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await run("{ many(count: 1) { name } }")
    short, turns = turns, 0
    await run("{ many(count: 1010) { name } }")
    counting.cancel()
    assert turns >= short + 10


async def test_mutations_run_one_after_the_other() -> None:
    """The second root field of a mutation begins when the first has ended, however long that takes."""
    data, errors, log = await run('mutation { a: step(name: "a", seconds: 0.05) b: step(name: "b", seconds: 0) }')
    assert (data, errors) == ({"a": "a", "b": "b"}, [])
    assert log.events == ["a begins", "a ends", "b begins", "b ends"]


async def test_mutation_after_one_that_took_all_with_it_is_not_run() -> None:
    """A root field that may not be null and fails ends the operation: what comes after it is not begun."""
    data, errors, log = await run('mutation { broken b: step(name: "b", seconds: 0) }')
    assert data is None
    assert len(errors) == 1
    assert log.events == []


async def test_introspection_goes_to_the_stock_engine(house: House) -> None:
    """What no plan covers is answered all the same."""
    answer = await house.data("{ __schema { queryType { name } } profiles(first: 1) { nodes { id } } }")
    assert answer["__schema"]["queryType"]["name"] == "Query"
    assert len(answer["profiles"]["nodes"]) == 1


async def test_profile_and_its_benefits_are_one_round_trip(house: House) -> None:
    """Two calls side by side take as long as one; for a member, whose id is not even known, just the same."""
    [own] = await house.profile_ids(1)
    token = await house.member(own)
    await house.faults({"method": "GET", "path": "*", "action": "delay", "ms": 200})
    for query, caller in (
        (f'{{ profile(id: "{own}") {{ firstName benefits {{ nodes {{ id }} }} }} }}', "sandbox-service-key"),
        ("{ me { firstName benefits { nodes { id } } } }", token),
    ):
        await house.calls()
        begun = time.monotonic()
        await house.data(query, token=caller)
        took = time.monotonic() - begun
        assert len(await house.calls()) == 2
        assert took < 0.4, "two round trips"


async def test_nobody_else_is_asked_for_a_profile_that_fails(house: House) -> None:
    """What was asked ahead for a profile that is not there leaves no trace in the answer."""
    query = '{ profile(id: "00000000-0000-4000-8000-000000000000") { benefits { nodes { id } } } }'
    assert await house.data(query) == {"profile": None}


def test_resolvers_use_nothing_of_info_but_its_context() -> None:
    """The runner makes one info for a whole operation, which knows the context and no more."""
    for path in (ROOT / "resolvers").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "info":
                assert node.attr == "context", f"{path.name}:{node.lineno}"
