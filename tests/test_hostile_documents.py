"""Documents and bodies made to hurt: each a clear refusal or an answer, soon, and without holding up anybody."""

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from endpoint import KEY, MEMBER, MODERN
from house import House

from execution import Engine, Limits, Refused, Request
from loaders.prices import Terms
from schema import schema
from schema.codes import CODES
from schema.errors import formatted

STALL_S = 0.1  # of CPU, between two turns of the event loop
FRAGMENTS = range(40)


def text(query: str, variables: Any = None) -> bytes:
    return json.dumps({"query": query} if variables is None else {"query": query, "variables": variables}).encode()


def spread_twice(selection: str) -> str:
    """Write fragments that each spread the next one twice, so that their fields double with each."""
    return "".join(f" fragment F{n} on Query {{ {selection} ...F{n + 1} ...F{n + 1} }}" for n in FRAGMENTS)


REFUSALS = "claimability { reasons { code message retryable } }"  # an interface of eighteen types
ALIASES = " ".join(f"u{n}: code" for n in range(40))
REFUSED_ALIKE = (
    "fragment D on BenefitDefinition { claimability { reasons { ...R } } } "
    f"fragment R on BenefitMutationError {{ code message retryable {ALIASES} }}"
)


def catalogue(selection: str, places: int, directive: str = "") -> str:
    """Write places that each select the same of definitions, twice."""
    both = f"{{ nodes {{ {selection} }} edges {{ node {{ {selection} }} }} }}"
    return " ".join(
        f"r{n}: benefitDefinitions(first: 1) {directive.replace('N', str(n))} {both}" for n in range(places)
    )


HOSTILE: dict[str, bytes] = {
    "interfaces": text(f"{{ {catalogue(REFUSALS, 20)} }}"),
    "interfaces in a fragment": text(f"{{ {catalogue('...D', 9)} }} {REFUSED_ALIKE}"),
    "aliases": text("{" + " ".join(f"a{n}: __typename" for n in range(1000)) + "}"),
    "aliases of one relation": text("{ me {" + " ".join(f"a{n}: benefits {{ totalCount }}" for n in range(60)) + "} }"),
    "doubling fragments": text("{ ...F0 }" + spread_twice("me { id }") + " fragment F40 on Query { __typename }"),
    "empty fragments": text("{ ...F0 }" + spread_twice("") + " fragment F40 on Query { __typename }"),
    "fragment cycle": text("{ ...A } fragment A on Query { ...B } fragment B on Query { me { id } ...A }"),
    "fragment of itself": text("{ ...A } fragment A on Query { ...A }"),
    "spreads": text("{" + "...F " * 900 + "} fragment F on Query { __typename }"),
    "deep selection": text("{ me " * 5000 + "{ id" + " }" * 5001),
    "deep list": text("{ benefits(filter: {tags: " + "[" * 50_000 + "]" * 50_000 + "}) { totalCount } }"),
    "deep object": text("{ benefits(filter: " + "{a: " * 500 + "1" + "}" * 500 + ") { totalCount } }"),
    "deep type": text("query($a: " + "[" * 900 + "Int" + "]" * 900 + ") { __typename }"),
    "unclosed": text("{" * 100_000),
    "directives": text("{ __typename " + "@skip(if: false) " * 600 + "}"),
    "unknown directives": text("{ __typename " + "".join(f"@d{n} " for n in range(600)) + "}"),
    "the same field": text("{" + " __typename" * 1990 + "}"),
    "conflicting fields": text("{" + " ".join(f'profile(id: "{n}") {{ id }}' for n in range(20)) + "}"),
    "unknown fields": text("{" + " ".join(f"nope{n}" for n in range(20)) + "}"),
    "operations": text(" ".join(f"query q{n} {{ __typename }}" for n in range(380))),
    "unused fragments": text("{ __typename }" + " ".join(f"fragment f{n} on Profile {{ id }}" for n in range(200))),
    "unused variables": text("query(" + " ".join(f"$v{n}: Int" for n in range(480)) + ") { __typename }"),
    "comments": text("#\n" * 80_000 + "{ __typename }"),
    "commas": text("," * 250_000 + "{ __typename }"),
    "long string": text('{ profile(id: "' + "a" * 250_000 + '") { id } }'),
    "long name": text("{ " + "a" * 250_000 + " }"),
    "escapes": text('{ profile(id: "' + "\\u0041" * 30_000 + '") { id } }'),
    "block string": text('{ profile(id: """' + "\n " * 60_000 + '""") { id } }'),
    "lone surrogate": text('{ profile(id: "\\ud83d") { id } }'),
    "NUL": text('{ profile(id: "\x00") { id } }'),
    "byte order mark": text("\ufeff{ __typename }"),
    "huge number": text("{ profiles(first: " + "9" * 50_000 + ") { totalCount } }"),
    "huge exponent": text("{ profiles(first: 1e999999999) { totalCount } }"),
    "circular introspection": text("{ __schema { types " + "{ fields { type " * 6 + "{ name" + " } }" * 6 + " } }"),
    "introspection of everything": text("{ __schema { types { name fields { name args { name } type { name } } } } }"),
    "writes": text("mutation {" + " ".join(f"a{n}: claimBenefit {{ __typename }}" for n in range(50)) + "}"),
    "subscription": text("subscription { __typename }"),
    "type definition": text("type Query { a: Int } { __typename }"),
    "batch": b"[" + b",".join([text("{ __typename }")] * 1000) + b"]",
    "deep JSON list": b"[" * 120_000 + b"]" * 120_000,
    "deep JSON object": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "deep variables": text("{ __typename }", json.loads('{"a":' * 90 + "1" + "}" * 90)),
    "many keys": text("{ __typename }", {f"k{n}": 1 for n in range(20_000)}),
    "many objects": text("{ __typename }", {"a": [{}] * 60_000}),
    "many values": text(
        "query($t: [String!]) { benefits(filter: {tags: $t}) { totalCount } }", {"t": [f"a{n}" for n in range(20_000)]}
    ),
    "many wrong values": text(
        "query($t: [Int!]) { __typename @skip(if: false) a: profiles(first: 1) { totalCount } }", {"t": ["x"] * 20_000}
    ),
    "huge JSON number": b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 200_000 + b"}}",
    "key twice": b'{"query": "{ __typename }", "query": "{ me { id } }"}',
    "other encoding": "{}".encode("utf-16"),
    "half a character": b'{"query": "{ __typename } \xe2\x82"}',
}


@pytest.fixture
def without_collections() -> Iterator[None]:
    """Leave out what collecting the garbage of a whole test run costs; a gateway has frozen what lives for ever."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Turns:
    """Watch how much CPU the event loop's thread spends between two of its turns; other processes do not count."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def watch(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest_s = max(self.longest_s, now - before)
            before = now


async def send(client: httpx.AsyncClient, body: bytes, caller: dict[str, str]) -> httpx.Response:
    headers = caller | MODERN | {"content-type": "application/json"}
    return await client.post("/graphql", content=body, headers=headers)


@pytest.mark.usefixtures("without_collections")
@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_document_is_refused_or_answered_and_holds_up_nobody(house: House, name: str) -> None:
    """Eight at once: not one 5xx, not one error without a code, and nobody waits long for their turn."""
    assert len(HOSTILE[name]) <= 256 * 1024 or name == "batch"
    for usual in ("{ __typename }", "{ me { id } }", "{ __schema { description } }", "{", "{ nope }"):
        await send(house.gateway, text(usual), KEY)  # what the first of all requests costs is not the question
    turns = Turns()
    watching = asyncio.create_task(turns.watch())
    callers = [KEY, MEMBER] * 4
    # A byte more or less makes each its own text, which no cache knows.
    bodies = [HOSTILE[name] + b" " * position for position in range(len(callers))]
    bodies = [body.replace(b'{"query": "', b'{"query": "' + b" " * n, 1) for n, body in enumerate(bodies)]
    answers = await asyncio.gather(
        *(send(house.gateway, body, caller) for body, caller in zip(bodies, callers, strict=True))
    )
    watching.cancel()
    assert turns.longest_s < STALL_S
    for answer in answers:
        assert answer.status_code < 500
        assert len(answer.content) < 1_000_000
        for error in answer.json().get("errors", ()):
            assert error["extensions"]["code"] in CODES
            assert error["extensions"]["code"] != "INTERNAL", error
            assert len(error["message"]) <= 500
        assert "data" in answer.json() or answer.status_code >= 400


async def test_memory_stays_flat_under_texts_nobody_sends_twice(house: House) -> None:
    """Documents, refused or not, are kept within bounds, and so is whatever is kept by name or by token."""

    async def storm(start: int) -> int:
        for number in range(start, start + 300):
            query = f"query Name{number} {{ a{number}: __typename " + "__typename " * 10 + "}"
            await send(house.gateway, text(query), KEY)
            await send(house.gateway, text(f"{{ nope{number} }}"), {"authorization": f"Bearer a.b{number}.c"})
        await asyncio.sleep(0.05)  # the loop forgets cancelled timers when it next waits
        gc.collect()
        return len(gc.get_objects())

    first = await storm(0)
    assert await storm(10_000) < first * 1.02


def test_plans_are_kept_within_bounds() -> None:
    """A document has as many plans as its directives have choices, and a plan more fields than its document."""
    engine = Engine(schema, formatted)
    choices = ", ".join(f"$d{n}: Boolean!" for n in range(7))
    sizes: list[int] = []
    for number in range(40):
        roots = catalogue("...D", 7, "@skip(if: $dN)")
        query = f"query Q{number}({choices}) {{ {roots} x: benefitDefinitions {{ nodes {{ ...D }} }} }} {REFUSED_ALIKE}"
        for chosen in range(12):
            values = {f"d{n}": bool(chosen >> n & 1) for n in range(7)}
            plan = engine.prepare(Request(query, values)).plan
            assert plan is not None
            sizes.append(plan.size)
        engine.documents.kept(query)
    assert max(sizes) < 2_000  # what a fragment brings to many places is planned once
    kept = [each for document in engine.documents._kept.values() for each in document.plans.values()]
    assert 0 < sum(each.size for each in kept) <= 60_000 < sum(sizes)


def test_a_plan_too_large_is_refused() -> None:
    """By the code of the limit it goes beyond, with the limit."""
    with pytest.raises(Refused) as refused:
        Engine(schema, formatted, Limits(fields=300)).prepare(Request(f"{{ {catalogue(REFUSALS, 10)} }}"))
    (error,) = refused.value.answer.errors
    assert error["extensions"] == {"code": "LIMIT_FIELDS", "retryable": False, "limit": 600}


def test_long_values_are_not_kept_with_prices() -> None:
    """Only that they are there decides what a query costs."""
    engine = Engine(schema, formatted)
    query = "query($after: String) { profiles(after: $after) { nodes { id } } }"
    for number in range(3):
        operation = engine.prepare(Request(query, {"after": f"{number}" * 100_000}))
        operation.price(Terms(is_member=False))
    assert operation.plan is not None
    assert len(repr([*operation.plan.prices])) < 1_000


async def test_what_scanners_look_for_is_not_there(house: House) -> None:
    """The checks of the usual scanners: field suggestions to strangers, tracing, batches, mutations by GET, debug."""
    traced = await send(house.gateway, text("{ __typename }"), KEY | {"apollo-tracing": "1", "x-apollo-tracing": "1"})
    assert traced.json() == {"data": {"__typename": "Query"}}
    write = 'mutation { revokeBenefit(input: {benefitId: "1", idempotencyKey: "k"}) { __typename } }'
    by_get = await house.gateway.get("/graphql", params={"query": write}, headers=KEY)
    assert by_get.status_code == 405
    form = await house.gateway.post("/graphql", data={"query": "{ __typename }"}, headers=KEY)
    assert form.status_code == 415
    for path in ("/graphiql", "/playground", "/graphql/console", "/altair", "/docs", "/openapi.json", "/.env"):
        assert (await house.gateway.get(path)).status_code == 404
    for header in ("server", "x-powered-by"):
        assert header not in traced.headers
