"""The oracle: both engines over the same loaders, with the same faults, must answer every document alike.

Documents come from the schema (hypothesis-graphql) and are made to meet data: ids that exist, pages that fit, aliases,
fragments, `@skip` and `@include`. Omneo's answers are the sandbox's, some of them spoiled, always the same ones for a
seed: a status, half a JSON, a null or a wrong value where there was a good one. A difference is a bug in ours.

    python -m benchmarks.oracle --documents 50000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from graphql import parse, print_ast
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis_graphql import queries

import omneo
import telemetry
import writes
from benchmarks.seasoning import Season, season
from context import Caller, Gateway
from execution import Engine, Limits, Refused, Request
from sandbox.app import create_app
from schema import schema
from schema.errors import formatted

OMNEO = "http://127.0.0.1:9"
SERVER = {"authorization": "Bearer sandbox-token"}
_BOUNDLESS = Limits(
    tokens=100_000, depth=60, aliases=5000, directives=5000, root_fields=500, fields=50_000, repeats=500_000
)
_SPOILED_VALUES: tuple[Any, ...] = (None, "", "2026-13-45 99:00:00", [], {}, -1, 2**40, "x" * 40, True, 0.5)


class Spoiled(httpx.AsyncBaseTransport):
    """Answer for Omneo from the sandbox, once per URL, and spoil some of the answers, the same for the same seed."""

    def __init__(self, sandbox: httpx.AsyncBaseTransport) -> None:
        self._sandbox = sandbox
        self._known: dict[tuple[str, str, bytes, str], tuple[int, bytes]] = {}
        self.seed = 0
        self.share = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        key = (request.method, str(request.url), content, request.headers.get("authorization", ""))
        if key not in self._known:
            answer = await self._sandbox.handle_async_request(request)
            self._known[key] = (answer.status_code, await answer.aread())
        status, body = self._known[key]
        dice = random.Random(f"{self.seed}{key}")  # noqa: S311 — repeatable, not secret
        if dice.random() < self.share:
            status, body = _spoil(dice, status, body)
        return httpx.Response(status, content=body)


def _spoil(dice: random.Random, status: int, body: bytes) -> tuple[int, bytes]:
    kind = dice.randrange(8)
    if kind == 0:
        return dice.choice([400, 401, 403, 404, 418, 422]), b'{"message": "no"}'
    if kind == 1:
        return status, body[: len(body) // 2]
    if kind == 2:
        return status, b"<html>"
    try:
        value = json.loads(body)
    except ValueError:
        return status, body
    for _ in range(dice.randrange(1, 4)):
        _spoil_value(dice, value.get("data", value))
    return status, json.dumps(value).encode()


def _spoil_value(dice: random.Random, value: Any) -> None:
    while True:
        if isinstance(value, list) and value:
            value = dice.choice(value)
        elif isinstance(value, dict) and value:
            name = dice.choice(list(value))
            if isinstance(value[name], dict | list) and value[name] and dice.random() < 0.6:
                value = value[name]
                continue
            value[name] = dice.choice(_SPOILED_VALUES)
            return
        else:
            return


@dataclass
class Oracle:
    """Ask both engines, and compare. `differences` holds what was found, `seen` counts what came up."""

    gateway: Gateway
    omneo: Spoiled
    compiled: Engine
    stock: Engine
    callers: list[Caller]
    good: Season
    differences: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    async def check(self, text: str, number: int) -> None:
        """Season a document, run it by both engines, and note a difference."""
        dice = random.Random(number)  # noqa: S311
        query, variables = season(text, dice, self.good)
        self.omneo.seed, self.omneo.share = number, dice.choice([0.0, 0.0, 0.1, 0.3])
        caller = dice.choices(self.callers, weights=(6, 1, 2))[0]
        ours, theirs = [await self._ask(engine, query, variables, caller) for engine in (self.compiled, self.stock)]
        self.seen["documents"] += 1
        self.seen.update(code for code in ours[3])
        if ours[:2] != theirs[:2]:
            told = json.dumps(variables)
            self.differences.append(f"#{number} as {caller.kind}, {told}\n{query}\nours   {ours}\ntheirs {theirs}")
            sys.stderr.write(f"\n{self.differences[-1]}\n")  # at once: one that comes of timing does not come again

    async def _ask(
        self, engine: Engine, query: str, variables: dict[str, Any], caller: Caller
    ) -> tuple[str, list[str], int, list[str]]:
        self.gateway.catalogue = omneo.Catalogue()
        trace = telemetry.Trace.begin(deadline_s=60)
        try:
            operation, context = engine.prepare(Request(query, variables)), self.gateway.context(caller, trace)
            engine.admit(operation, context)
            answer = await engine.run(operation, context)
        except Refused as refused:
            answer = refused.answer
        data = json.dumps(answer.data, default=repr)
        errors = sorted({_comparable(error, answer.data) for error in answer.errors})
        return data, errors, trace.tally.made, answer.codes()


def _comparable(error: dict[str, Any], data: Any) -> str:
    """Write an error so that time does not count: of the errors that made one place null, and of those below it that
    came before, only that there were some can be told."""
    path, value = error.get("path", []), data
    if data is None and path:
        return "null"
    for depth, step in enumerate(path):
        value = None if value is None else value[step]
        if value is None and depth < len(path) - 1:
            return f"null at {path[: depth + 1]}"
    return json.dumps(error, sort_keys=True, default=repr)


@asynccontextmanager
async def open_oracle() -> AsyncIterator[Oracle]:
    """Open a gateway over a sandbox, both in this process."""
    sandbox = create_app()
    transport = Spoiled(httpx.ASGITransport(sandbox))
    async with (
        sandbox.router.lifespan_context(sandbox),
        httpx.AsyncClient(transport=transport, base_url=OMNEO) as http,
    ):
        upstream = omneo.Upstream(
            http,
            api_url=f"{OMNEO}/api/v3",
            id_url=f"{OMNEO}/id/api/v1",
            token="sandbox-token",  # noqa: S106
        )
        gateway = Gateway(upstream, ZoneInfo("Australia/Melbourne"), "oracle")
        gateway.writes = await writes.Writes.open(
            state_db=None, redis_url=None, quarantine_s=1, kinds=gateway.kinds.all()
        )
        good = await _season(http)
        minted = await http.post("/id/api/v1/auth/token", json={"id": good.profiles[0]}, headers=SERVER)
        callers = [
            Caller("service", "all", frozenset({"*"})),
            Caller("service", "few", frozenset({"read-profiles", "read-benefits"})),
            Caller("member", "member", token=minted.json()["data"]["token"]),
        ]
        engines = [
            Engine(schema, formatted, _BOUNDLESS, compiled=compiled, cost_limit=10**9) for compiled in (True, False)
        ]
        yield Oracle(gateway, transport, engines[0], engines[1], callers, good)
        await gateway.writes.drain()


async def _season(http: httpx.AsyncClient) -> Season:
    async def rows(path: str) -> list[dict[str, Any]]:
        answer = await http.get(f"/api/v3{path}", headers=SERVER)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    profiles, benefits, definitions = await asyncio.gather(
        rows("/profiles?page[size]=100"), rows("/benefits?page[size]=100"), rows("/benefits/definitions?page[size]=100")
    )
    return Season(
        profiles=[row["id"] for row in profiles],
        emails=[row["email"] for row in profiles],
        benefits=[str(row["id"]) for row in benefits],
        definitions=[row["id"] for row in definitions],
        handles=[row["handle"] for row in definitions],
    )


def documents(count: int, from_seed: int) -> list[str]:
    """Generate documents from the schema."""
    found: list[str] = []

    @seed(from_seed)
    @settings(
        max_examples=count,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
        phases=[Phase.generate],
    )
    @given(queries(schema.as_str()))
    def collect(document: str) -> None:
        found.append(print_ast(parse(document)))

    collect()
    return found


async def _run(count: int, from_seed: int, variants: int) -> int:
    telemetry.configure_logging("error")
    async with open_oracle() as oracle:
        number = from_seed * 10_000_000
        while oracle.seen["documents"] < count:
            for text in documents(500, number):
                for _ in range(variants):
                    number += 1
                    await oracle.check(text, number)
            sys.stdout.write(f"{dict(oracle.seen)} differences: {len(oracle.differences)}\n")
            sys.stdout.flush()
        return len(oracle.differences)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.oracle")
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", type=int, default=4, help="how often each document is seasoned anew")
    given_arguments = parser.parse_args()
    sys.exit(bool(asyncio.run(_run(given_arguments.documents, given_arguments.seed, given_arguments.variants))))
