"""Every code of the table, provoked through the front door, with the status and the advice the table gives it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from endpoint import KEY, MEMBER, MODERN, Log, endpoint_over
from house import House, open_house
from http_support import DEVELOPMENT, on_socket

import omneo
from config import Settings
from context import Caller, Gateway
from execution import Engine, Request
from gateway import create_app
from schema import schema
from schema.codes import CODES
from schema.errors import formatted
from serving.protocol import HeadLimits
from telemetry import Trace
from writes import Writes

PROFILES = "{ profiles { totalCount } }"
Provoked = tuple[int, dict[str, Any]]
Provocation = Callable[[House], Awaitable[Provoked]]


def read(answer: httpx.Response) -> Provoked:
    return answer.status_code, answer.json()["errors"][0]["extensions"]


def asking(query: str, **variables: Any) -> Provocation:
    """Ask this."""

    async def provoke(house: House) -> Provoked:
        body = {"query": query, "variables": variables}
        return read(await house.gateway.post("/graphql", json=body, headers=KEY | MODERN))

    return provoke


def sending(method: str = "POST", path: str = "/graphql", content: bytes = b"", **headers: str) -> Provocation:
    """Send this, as a service and as JSON unless the headers say otherwise."""

    async def provoke(house: House) -> Provoked:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = KEY | MODERN | {"content-type": "application/json"} | named
        return read(await house.gateway.request(method, path, content=content, headers=sent))

    return provoke


def failing(status: int, *, body: str = "{}", **more: Any) -> Provocation:
    """Ask an Omneo that answers every call so."""

    async def provoke(house: House) -> Provoked:
        await house.faults({"path": "*", "action": "status", "status": status, "body": body, **more})
        return await asking(PROFILES)(house)

    return provoke


def under(settings: dict[str, str], query: str, *, caller: dict[str, str] = KEY) -> Provocation:
    """Ask a gateway with these settings, twice; the second answer counts."""

    async def provoke(house: House) -> Provoked:
        async with open_house(settings) as other:
            await other.faults({"path": "*", "action": "delay", "ms": 300})
            for _ in range(2):
                answer = await other.gateway.post("/graphql", json={"query": query}, headers=caller | MODERN)
            return read(answer)

    return provoke


def over_a_socket(*pieces: bytes) -> Provocation:
    """Send this to a gateway that waits for headers no longer than a test does."""

    async def provoke(house: House) -> Provoked:
        app = create_app(Settings.from_environ(DEVELOPMENT))
        async with on_socket(app, HeadLimits(seconds=0.2)) as address:
            reader, writer = await asyncio.open_connection(*address)
            for piece in pieces:
                writer.write(piece)
            head, body = (await asyncio.wait_for(reader.read(), 5)).split(b"\r\n\r\n", 1)
            writer.close()
        return int(head.split(b" ", 2)[1]), json.loads(body)["errors"][0]["extensions"]

    return provoke


async def beyond_what_was_foreseen(house: House) -> Provoked:
    """Run an operation whose calls were foreseen wrongly, which no query can bring about."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http:
        upstream = omneo.Upstream(http, api_url="http://x", id_url="http://x", token="t")
        trace, caller = Trace.begin(), Caller("service", "till", frozenset({"*"}))
        gateway = Gateway(upstream, ZoneInfo("UTC"), "acme")
        gateway.writes = await Writes.open(state_db=None, redis_url=None, quarantine_s=1, kinds=gateway.kinds.all())
        context = gateway.context(caller, trace)
        engine = Engine(schema, formatted)
        operation = engine.prepare(Request(PROFILES))
        trace.tally.budget = 0
        answer = await engine.run(operation, context)
    return 200, answer.errors[0]["extensions"]


async def a_bug(house: House) -> Provoked:
    transport = httpx.ASGITransport(endpoint_over(Log(), fails=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return read(await client.post("/graphql", json={"query": "{ hello }"}, headers=KEY))


def deep(opening: str, levels: int) -> str:
    return "{ " + opening * levels + "id" + " }" * (levels + 1)


PRODUCTION = {"GATEWAY_ENV": "production", "OMNEO_TOKEN": "a-real-token"}
POOR = {"COST_LIMIT": "1", "CALLS_PER_MINUTE_SERVICE": "1"}
BOMB = "".join(f" fragment F{n} on X {{ a {{ ...F{n + 1} }} b {{ ...F{n + 1} }} }}" for n in range(12))

PROVOCATIONS: dict[str, Provocation] = {
    "BAD_REQUEST": sending(content=b"{"),
    "UNAUTHENTICATED": sending(content=b"{}", authorization="Bearer nobody"),
    "METHOD_NOT_ALLOWED": sending("DELETE"),
    "NOT_ACCEPTABLE": sending(accept="image/png"),
    "LIMIT_TIME": over_a_socket(b"GET /graphql HTTP/1.1\r\n"),
    "LIMIT_BODY": sending(content=b" " * 300_000),
    "LIMIT_URL": sending("GET", "/graphql?query=" + "x" * 9000),
    "UNSUPPORTED_MEDIA_TYPE": sending(content=b"{}", content_type="text/plain"),
    "LIMIT_HEADERS": over_a_socket(b"GET /graphql HTTP/1.1\r\nhost: x\r\nx-a: " + b"a" * 17_000 + b"\r\n\r\n"),
    "RATE_LIMITED": under(POOR, PROFILES),
    "GRAPHQL_PARSE_FAILED": asking("{"),
    "GRAPHQL_VALIDATION_FAILED": asking("{ nope }"),
    "BAD_USER_INPUT": asking("query($id: ID!) { profile(id: $id) { id } }"),
    "LIMIT_TOKENS": asking("{ " + "__typename " * 2001 + "}"),
    "LIMIT_DEPTH": asking(deep("me { ", 16)),
    "LIMIT_ALIASES": asking("{ me { " + " ".join(f"a{n}: id" for n in range(51)) + " } }"),
    "LIMIT_DIRECTIVES": asking("{ __typename " + "@skip(if: false) " * 10 + "}"),
    "LIMIT_ROOT_FIELDS": asking("{ " + " ".join(f"a{n}: __typename" for n in range(21)) + " }"),
    "LIMIT_WRITES": asking("mutation { a: claimBenefit { __typename } b: claimBenefit { __typename } }"),
    "LIMIT_FIELDS": asking("{ x { ...F0 } }" + BOMB + " fragment F12 on X { c }"),
    "LIMIT_REPEATS": asking("{ me { " + "id " * 100 + "} }"),
    "LIMIT_OBJECTS": under({"LIMIT_OBJECTS": "5"}, "{ profiles { nodes { benefits { totalCount } } } }"),
    "LIMIT_INTROSPECTION": under(PRODUCTION, "{ __schema { description } }", caller=MEMBER),
    "LIMIT_BATCH": sending(content=b'[{"query": "{ __typename }"}]'),
    "COST_LIMIT": under({"COST_LIMIT": "5"}, "{ profiles { nodes { benefits { totalCount } } } }"),
    "BAD_CURSOR": asking('{ profiles(after: "?") { totalCount } }'),
    "FORBIDDEN": failing(403),
    "UPSTREAM_UNAVAILABLE": failing(503),
    "UPSTREAM_TIMEOUT": under({"REQUEST_DEADLINE_S": "0.1"}, PROFILES),
    "UPSTREAM_RATE_LIMITED": failing(429, retry_after=60),
    "UPSTREAM_INVALID": failing(200, body="<html>"),
    "UPSTREAM_UNAUTHENTICATED": failing(401),
    "UPSTREAM_BUDGET": beyond_what_was_foreseen,
    "INTERNAL": a_bug,
}


def test_every_code_can_be_provoked() -> None:
    assert CODES.keys() == PROVOCATIONS.keys()


@pytest.mark.parametrize("code", PROVOCATIONS)
async def test_code_is_reached_and_is_as_the_table_says(house: House, code: str) -> None:
    status, extensions = await PROVOCATIONS[code](house)
    assert extensions["code"] == code
    assert extensions["retryable"] is CODES[code].retryable
    assert status == (CODES[code].status or 200)
    assert ("requestId" in extensions) is (code == "INTERNAL")
    assert ("retryAfter" in extensions) is ("RATE_LIMITED" in code)


async def test_errors_of_fields_come_with_200(house: House) -> None:
    """Also those whose code would refuse a whole request: the rest of the answer is there."""
    await house.faults({"path": "*", "action": "status", "status": 401, "body": "{}"})
    answer = await house.gateway.post(
        "/graphql", json={"query": "{ me { id } __typename }"}, headers={"authorization": "Bearer a.b.c"} | MODERN
    )
    assert answer.status_code == 200
    assert answer.json()["data"] == {"me": None, "__typename": "Query"}
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "retryable": False}
