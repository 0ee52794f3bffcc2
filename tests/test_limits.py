"""What a document may weigh and ask for: each limit by its setting, a mode that only logs, the schema itself."""

import hashlib
import json
from pathlib import Path

import pytest
from endpoint import KEY, code
from house import open_house
from lines import written

from config import Settings
from execution import COUNTED, Limits
from serving.graphql import HttpLimits
from serving.protocol import HeadLimits

MINIMUM = {"OMNEO_TENANT": "acme", "OMNEO_TOKEN": "a-real-token"}


def test_every_limit_is_a_setting_with_the_same_default() -> None:
    """A limit that cannot be set fails the build, and so does one that two places have different ideas of."""
    settings = Settings.from_environ(MINIMUM)
    assert {name: getattr(settings, f"limit_{name}") for name in COUNTED} == {
        name: getattr(Limits(), name) for name in COUNTED
    }
    http, heads = HttpLimits(), HeadLimits()
    assert (settings.limit_body, settings.limit_url, settings.limit_body_s, settings.limit_batch) == (
        http.body,
        http.url,
        http.body_timeout_s,
        http.batch,
    )
    assert (settings.limit_headers, settings.limit_url, settings.limit_headers_s) == (
        heads.bytes,
        heads.url_bytes,
        heads.seconds,
    )


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("tokens", "{ __typename __typename __typename }"),
        ("depth", "{ profiles { nodes { id } } }"),
        ("aliases", "{ a: __typename b: __typename c: __typename }"),
        ("directives", "{ __typename @skip(if: false) @include(if: true) __typename @skip(if: true) }"),
        ("root_fields", "{ a: __typename __typename me { id } }"),
        ("writes", "mutation { a: claimBenefit { __typename } b: claimBenefit { __typename } }"),
        ("fields", "{ __typename a: __typename b: __typename }"),
        ("repeats", "{ __typename __typename __typename }"),
    ],
)
async def test_limit_is_as_its_setting_says(name: str, query: str) -> None:
    """Set to what the query needs, it is let through to validation; set to one less, its own code refuses it."""
    setting = f"LIMIT_{name.upper()}"
    needs = {"tokens": 5, "writes": 2}.get(name, 3)
    async with open_house({setting: str(needs)}) as house:
        assert setting not in [error["extensions"]["code"] for error in (await house.ask(query)).get("errors", [])]
    async with open_house({setting: str(needs - 1)}) as house:
        (error,) = (await house.ask(query))["errors"]
        assert error["extensions"] == {"code": setting, "retryable": False, "limit": needs - 1}


@pytest.mark.parametrize(
    ("setting", "enough", "too_little", "body"),
    [
        ("LIMIT_BODY", "4096", "1024", {"query": "{ __typename }" + " " * 2000}),
        ("LIMIT_BATCH", "3", "2", [{"query": "{ __typename }"}] * 3),
    ],
)
async def test_limit_of_a_body_is_as_its_setting_says(setting: str, enough: str, too_little: str, body: object) -> None:
    for value, refused in ((enough, False), (too_little, True)):
        async with open_house({setting: value}) as house:
            answer = await house.gateway.post("/graphql", json=body, headers=KEY)
            assert (answer.status_code >= 400) is refused
            assert (setting in answer.text) is refused


async def test_limit_of_a_url_is_as_its_setting_says() -> None:
    async with open_house(LIMIT_URL="256") as house:
        answer = await house.gateway.get("/graphql", params={"query": "{ __typename }" + " " * 300}, headers=KEY)
        assert (answer.status_code, code(answer)) == (414, "LIMIT_URL")


async def test_limits_can_be_tried_out_by_logging_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The query is answered; the log line and the figures say which limit would have refused it."""
    async with open_house(LIMITS="log", LIMIT_ALIASES="2", LIMIT_TOKENS="100") as house:
        for query, limit in (
            ("{ a: __typename b: __typename c: __typename }", "LIMIT_ALIASES"),
            ("{" + " __typename" * 101 + "}", "LIMIT_TOKENS"),
        ):
            for _ in range(2):
                assert "__typename" in await house.data(query) or "a" in await house.data(query)
            lines = [json.loads(line) for line in written(capsys).splitlines() if '"event":"request"' in line]
            assert {tuple(line["exceeded"]) for line in lines} == {(limit,)}
        figures = (await house.gateway.get("/metrics")).text
        assert 'gateway_limit_refusals_total{limit="LIMIT_ALIASES",mode="logged"}' in figures
        await house.data("{ __typename }")
        assert "exceeded" not in written(capsys)


async def test_limits_that_are_only_logged_still_end_somewhere() -> None:
    """A document without any bound would hold up everyone: ten times each limit is refused."""
    bomb = "{ ...F0 }" + "".join(f" fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    async with open_house(LIMITS="log") as house:
        assert await house.codes(bomb + " fragment F60 on Query { __typename }") == ["LIMIT_ROOT_FIELDS"]
        assert await house.codes("{" + " __typename" * 20_001 + "}") == ["LIMIT_TOKENS"]


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """Settings of a gateway in production, whose one service key is `till-key`."""
    entry = {"name": "till", "sha256": hashlib.sha256(b"till-key").hexdigest(), "scopes": ["*"]}
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [entry]}))
    return {"GATEWAY_ENV": "production", "OMNEO_TOKEN": "a-real-token", "SERVICE_KEYS_FILE": str(file)}


INTROSPECTION = (
    "{ __schema { queryType { name } } }",
    '{ __type(name: "Query") { name } }',
    "query Q { ...F } fragment F on Query { ... on Query { a: __schema { queryType { name } } } }",
)


@pytest.mark.parametrize("query", INTROSPECTION)
async def test_members_cannot_ask_for_the_schema_in_production(production: dict[str, str], query: str) -> None:
    """Services can, and everyone in development; `__typename` is for all."""
    async with open_house(production) as house:
        (error,) = (await house.ask(query, token="a.b.c"))["errors"]
        assert error["extensions"] == {"code": "LIMIT_INTROSPECTION", "retryable": False}
        assert await house.data("{ __typename }", token="a.b.c") == {"__typename": "Query"}
        assert await house.data(query, token="till-key")
    async with open_house() as house:
        assert await house.data(query, token="a.b.c")
    async with open_house(production, LIMITS="log") as house:
        assert await house.data(query, token="a.b.c")


async def test_names_are_not_suggested_in_production(production: dict[str, str]) -> None:
    """Neither of fields, nor arguments, nor values: a stranger guesses alone."""
    guesses = (
        "{ profil { id } }",
        '{ profile(idd: "x") { id } }',
        "{ benefits(filter: {expred: true}) { totalCount } }",
    )
    variables = "query($f: BenefitFilter) { benefits(filter: $f) { totalCount } }"
    async with open_house(production) as house:
        for query in guesses:
            assert "Did you mean" not in str(await house.ask(query, token="till-key")), query
        assert "Did you mean" not in str(await house.ask(variables, token="till-key", f={"expred": True}))
    async with open_house() as house:
        for query in guesses:
            assert "Did you mean" in str(await house.ask(query)), query
