"""Equal queries at the same moment are run once; nothing is shared across callers or a write, or once it is read."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from house import House, open_house
from http_support import on_socket

from context import Caller
from execution import Answer, Engine, Request
from schema import schema
from schema.errors import formatted
from serving.sharing import Sharing
from telemetry import Trace

SERVICE = Caller("service", "till", frozenset({"read"}))
NODE = object()


def operation(node: object = NODE, **variables: Any) -> Any:
    return SimpleNamespace(node=node, variables=variables)


def context(caller: Caller = SERVICE, *, credential: bytes = b"t", era: int = 0, deadline_s: float = 5.0) -> Any:
    client = SimpleNamespace(credential=SimpleNamespace(hash=credential), era=era)
    return SimpleNamespace(caller=caller, client=client, trace=Trace.begin(deadline_s=deadline_s))


class Runs:
    """Count what is run; each run ends when it is told to."""

    def __init__(self) -> None:
        self.sharing = Sharing()
        self.begun: list[asyncio.Future[Answer]] = []

    async def _run(self, _operation: Any, _context: Any) -> Answer:
        self.begun.append(asyncio.get_running_loop().create_future())
        return await self.begun[-1]

    async def ask(self, operation: Any, context: Any) -> "asyncio.Task[Answer]":
        asked = asyncio.create_task(self.sharing.answer(operation, context, self._run))
        await asyncio.sleep(0)
        return asked

    def end(self, data: dict[str, Any] | None = None, *, errors: list[dict[str, Any]] | None = None) -> None:
        for each in self.begun:
            if not each.done():
                each.set_result(Answer(is_executed=True, data=data, errors=errors or []))


async def test_equal_queries_are_one_run_and_one_answer() -> None:
    """Whatever is encoded once is encoded for all; and each is told that it read without calls of its own."""
    runs, contexts = Runs(), [context() for _ in range(5)]
    asked = [await runs.ask(operation(id="1"), each) for each in contexts]
    contexts[0].trace.tally.made, contexts[0].trace.tally.engine = 2, "compiled"
    runs.end({"a": 1})
    answers = [await each for each in asked]
    assert len(runs.begun) == 1
    assert all(each is answers[0] for each in answers)
    assert [each.trace.tally.cached for each in contexts] == [0, 2, 2, 2, 2]
    assert {each.trace.tally.engine for each in contexts} == {"compiled"}


@pytest.mark.parametrize(
    ("other", "asker"),
    [
        (operation(id="2"), {}),
        (operation(object(), id="1"), {}),
        (operation(id="1"), {"credential": b"another"}),
        (operation(id="1"), {"caller": Caller("service", "desk", frozenset({"read"}))}),
        (operation(id="1"), {"caller": Caller("service", "till", frozenset({"read", "write"}))}),
        (operation(id="1"), {"era": 1}),
        (operation(id="1"), {"deadline_s": 4.0}),
    ],
)
async def test_another_question_asker_era_or_shorter_deadline_is_a_run_of_its_own(
    other: Any, asker: dict[str, Any]
) -> None:
    runs = Runs()
    asked = [await runs.ask(operation(id="1"), context()), await runs.ask(other, context(**asker))]
    runs.end({})
    await asyncio.gather(*asked)
    assert len(runs.begun) == 2


@pytest.mark.parametrize("known", [{"calls_s": [("GET /x", 0.1)]}, {"cached": 1}])
async def test_run_that_has_read_something_is_not_joined(known: dict[str, Any]) -> None:
    """What it read may be older than the question."""
    runs, first = Runs(), context()
    asked = [await runs.ask(operation(), first)]
    for name, value in known.items():
        setattr(first.trace.tally, name, value)
    asked.append(await runs.ask(operation(), context()))
    runs.end({})
    await asyncio.gather(*asked)
    assert len(runs.begun) == 2


@pytest.mark.parametrize("code", ["UPSTREAM_TIMEOUT", "UPSTREAM_UNAVAILABLE", "UPSTREAM_BUDGET", "INTERNAL"])
async def test_failures_and_ends_of_one_request_are_not_anothers(code: str) -> None:
    """Who waited for a run that failed, or that was given up, runs for itself, and waits for nobody again."""
    runs = Runs()
    asked = [await runs.ask(operation(), context()) for _ in range(3)]
    runs.end(errors=[{"message": "no", "extensions": {"code": code}}])
    assert (await asked[0]).errors
    await asyncio.sleep(0)
    assert len(runs.begun) == 3
    runs.end({"a": 1})
    assert [(await each).data for each in asked[1:]] == [{"a": 1}, {"a": 1}]

    asked = [await runs.ask(operation(), context()) for _ in range(2)]
    asked[0].cancel()
    await asyncio.sleep(0.01)
    runs.end({"a": 2})
    assert (await asked[1]).data == {"a": 2}


async def test_errors_that_everyone_gets_are_shared() -> None:
    """What this caller may not see, or asked wrongly, is the same for all who ask it."""
    runs = Runs()
    asked = [await runs.ask(operation(), context()) for _ in range(3)]
    runs.end({"a": None}, errors=[{"message": "no", "extensions": {"code": "FORBIDDEN"}}])
    assert [(await each).codes() for each in asked] == [["FORBIDDEN"]] * 3
    assert len(runs.begun) == 1


async def test_a_request_knows_who_waits_for_it() -> None:
    """And does not count those who gave up."""
    runs, first = Runs(), context()
    asked = [await runs.ask(operation(), each) for each in (first, context(), context())]
    assert first.trace.followers == 2
    asked[1].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert first.trace.followers == 1
    runs.end({})
    await asked[2]
    assert first.trace.followers == 0


async def test_client_that_hangs_up_spoils_nobody_elses_answer() -> None:
    """Its run goes on for the others, who lose none of what was read; nobody's calls are made twice."""
    async with open_house(REQUEST_DEADLINE_S="4") as house:
        await house.faults({"method": "GET", "path": "*", "action": "delay", "ms": 700})
        query = "{ profiles(first: 2) { nodes { id benefits(first: 1) { nodes { id } } } } }"
        app = house.gateway._transport.app  # type: ignore[attr-defined]  # httpx has no name for it in public
        async with on_socket(app) as (host, port):
            headers = {"authorization": "Bearer sandbox-service-key", "x-upstream-report": "1"}
            async with httpx.AsyncClient(base_url=f"http://{host}:{port}", headers=headers, timeout=10) as client:

                async def ask(patience_s: float) -> Any:
                    return (await client.post("/graphql", json={"query": query}, timeout=patience_s)).json()

                impatient = asyncio.create_task(ask(1.0))
                await asyncio.sleep(0.1)
                began = time.monotonic()
                others = await asyncio.gather(ask(10), ask(10))
                with pytest.raises(httpx.ReadTimeout):
                    await impatient
        assert time.monotonic() - began < 2.0
        assert [each.get("errors") for each in others] == [None, None]
        assert [each["extensions"]["upstream"]["made"] for each in others] == [0, 0]
        assert len(await house.calls()) == 3


def test_state_of_an_operation_is_looked_up_for_each() -> None:
    """It is not read from Omneo, and may have moved since another asked."""
    engine = Engine(schema, formatted)
    shared = "{ profiles(first: 1) { nodes { id benefits { nodes { id } } } } }"
    alone = '{ benefitOperation(id: "gw1-1") { state } profiles(first: 1) { nodes { id } } }'
    assert [engine.prepare(Request(text)).is_shareable for text in (shared, alone)] == [True, False]
    assert not engine.prepare(Request("{ __schema { types { name } } }")).is_shareable


async def test_nothing_is_shared_with_who_comes_after_the_end() -> None:
    runs = Runs()
    for turn in range(2):
        asked = await runs.ask(operation(), context())
        runs.end({"turn": turn})
        assert (await asked).data == {"turn": turn}


async def test_report_of_one_is_not_in_the_answer_of_another(house: House) -> None:
    """Of two who ask the same at once, one with a report of its calls, only that one gets it."""
    await house.faults({"method": "GET", "path": "*", "action": "delay", "ms": 150})
    query = "{ profiles(first: 2) { nodes { id } } }"
    asker = {"authorization": "Bearer sandbox-service-key"}
    plain = house.gateway.post("/graphql", json={"query": query, "variables": {}}, headers=asker)
    told, bare = await asyncio.gather(house.ask(query), plain)
    assert told["extensions"]["upstream"]["made"] + told["extensions"]["upstream"]["cached"] == 1
    assert "extensions" not in bare.json()
    assert bare.json()["data"] == told["data"]
    assert len(await house.calls()) == 1
