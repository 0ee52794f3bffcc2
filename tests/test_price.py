"""The price of a query: known before its first call, never exceeded, and refused where it is too high."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from house import SERVICE, House, open_house

from loaders.prices import PRICED
from resolvers.marks import mark_of
from schema import schema

NESTED = "{ profiles(first: 50) { nodes { id benefits(first: 10) { nodes { id definition { name } } } } } }"


async def upstream(house: House, query: str, *, token: str = SERVICE, **variables: Any) -> dict[str, int]:
    await house.calls()
    answer = await house.ask(query, token=token, **variables)
    assert "errors" not in answer, answer["errors"]
    report: dict[str, int] = answer["extensions"]["upstream"]
    assert len(await house.calls()) == report["made"] + report["retried"]
    return report


@pytest.mark.parametrize(
    ("query", "predicted", "made"),
    [
        ("{ __typename }", 0, 0),
        ("{ __schema { queryType { name } } }", 0, 0),
        ('{ profile(id: "ID") { id } }', 1, 1),
        ('{ profile(id: "ID") { id benefits { nodes { id definition { name handle } } } } }', 2, 2),
        ('{ profile(id: "ID") { benefits { nodes { profile { benefits { nodes { id } } } } } } }', 3, 2),
        (
            '{ profile(id: "ID") { a: benefits(first: 2) { nodes { id } } b: benefits(first: 2) { nodes { id } } } }',
            2,
            2,
        ),
        ('{ a: profile(id: "ID") { id } b: profile(id: "ID") { id } }', 1, 1),
        ('{ profile(id: "ID") { claimableBenefits { id type campaign } viewableBenefits { id } } }', 3, 3),
        ('{ profile(id: "ID") { tier { name } balances { localised { rewardBalance } currency { rate } } } }', 2, 2),
        (NESTED, 51, 51),
        ("{ benefits(first: 30) { nodes { profile { id } } } }", 31, None),
        ("{ benefits(first: 3, filter: {expired: true}) { nodes { id } } }", 10, None),
        ("{ benefitDefinitions(first: 50) { nodes { id type value campaign } } }", 1, 1),
        ('{ benefitDefinition(by: {handle: "welcome"}) { id campaign } }', 1, 1),
        ('{ findProfile(by: {email: "a@example.com"}) { id benefits { nodes { id } } } }', 2, 1),
        ('{ benefitDefinitions(first: 9) { nodes { claimability(profileId: "ID") { canClaim } } } }', 21, None),
        ("{ me { id benefits { nodes { id } } } }", 0, 0),
        ('{ profile(id: "nobody") { id } }', 1, 0),
    ],
)
async def test_price_is_the_worst_case_of_what_is_made(
    house: House, query: str, predicted: int, made: int | None
) -> None:
    """What is predicted is what the data can take at most; where nothing is saved, exactly that is made."""
    answer = await house.ask(query.replace("ID", (await house.profile_ids(1))[0]))
    report = answer["extensions"]["upstream"]
    assert report["predicted"] == predicted
    assert report["made"] <= predicted
    if made is not None:
        assert report["made"] == made


async def test_price_where_the_filter_is_honoured() -> None:
    """The list plan takes two calls and the pages; its worst case, that it is given up after one page, is predicted."""
    async with open_house(honour_filters=("benefits.profile_id",), OMNEO_BATCH="filter") as house:
        report = await upstream(house, NESTED.replace("50", "10"))
        assert report["made"] <= 3
        assert report["predicted"] == 12


async def test_lists_of_several_filters_are_as_many() -> None:
    """Two profiles take one list where all want alike, and one for each filter where they do not."""
    async with open_house(honour_filters=("benefits.profile_id",), OMNEO_BATCH="filter") as house:
        wanted = " ".join(f'd{n}: benefits(first: 3, filter: {{definitionId: "{n}"}}) {{ totalCount }}' for n in (1, 2))
        query = f"{{ profiles(first: 2) {{ nodes {{ all: benefits(first: 3) {{ totalCount }} {wanted} }} }} }}"
        report = await upstream(house, query)
        assert report["made"] == 1 + 3
        assert report["predicted"] == 1 + 3 + 3 * 2


async def test_a_variable_that_will_not_do_spoils_nobody_elses_price(house: House) -> None:
    """A null in the place of an id asks nobody; whoever comes next with an id, by the same document, pays for it."""
    query = 'query($id: ID = "1") { profile(id: $id) { id benefits(first: 2) { nodes { id } } } }'
    assert await house.codes(query, id=None) == ["BAD_USER_INPUT"]
    assert (await upstream(house, query, id=(await house.profile_ids(1))[0]))["predicted"] == 2


async def test_price_follows_the_variables(house: House) -> None:
    """The same document costs what its variables make it cost."""
    query = NESTED.replace("first: 50", "first: $n").replace("{ profiles", "query($n: Int!) { profiles")
    for wanted in (2, 7, 2):
        assert (await upstream(house, query, n=wanted))["predicted"] == wanted + 1


async def test_members_are_priced_on_their_own_terms(house: House) -> None:
    """A member has one profile, read once, and pays nothing for what they may not ask."""
    [own] = await house.profile_ids(1)
    query = f'{{ me {{ id benefits {{ nodes {{ id profile {{ id }} }} }} }} profile(id: "{own}") {{ id }} }}'
    report = await upstream(house, query, token=await house.member(own))
    assert (report["predicted"], report["made"]) == (2, 2)
    answer = await house.ask(NESTED, token=await house.member(own))
    assert answer["extensions"]["upstream"]["predicted"] == 0


async def test_query_above_the_limit_is_refused_before_any_call() -> None:
    """The refusal names both numbers, and Omneo is not asked."""
    async with open_house(COST_LIMIT="50") as house:
        answer = await house.ask(NESTED)
        assert "data" not in answer
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "COST_LIMIT"
        assert (error["extensions"]["predicted"], error["extensions"]["limit"]) == (51, 50)
        assert await house.calls() == []
        await house.data(NESTED.replace("50", "49"))


async def test_page_that_is_out_of_bounds_is_not_a_matter_of_price(house: House) -> None:
    """What is wrong with `first` is said, rather than that it costs too much."""
    assert await house.codes(NESTED.replace("50", "100000")) == ["BAD_USER_INPUT"]


def run(tmp_path: Path, query: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "query.graphql"
    file.write_text(query)
    return subprocess.run(  # noqa: S603 — our own command
        [sys.executable, "gateway.py", "price", str(file), *arguments],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_command_prints_the_price_and_its_places(tmp_path: Path) -> None:
    """`gateway.py price` tells the worst case by route, and where in the query it comes from."""
    done = run(
        tmp_path,
        "query Q($n: Int!) { profiles(first: $n) { nodes { benefits { nodes { id } } } } }",
        "--variables",
        json.dumps({"n": 4}),
    )
    assert done.returncode == 0, done.stderr
    assert "Q: 5 calls" in done.stdout
    assert "4  GET /profiles/{profile}/benefits" in done.stdout
    assert "profiles.nodes.benefits" in done.stdout


def test_command_is_a_gate(tmp_path: Path) -> None:
    """With `--max` it fails for a document that costs more; a bad document is told apart."""
    assert run(tmp_path, NESTED, "--max", "51").returncode == 0
    assert run(tmp_path, NESTED, "--max", "50").returncode == 1
    assert run(tmp_path, "{ nothing }").returncode == 2


def test_every_resolver_tells_what_it_reads_or_asks() -> None:
    """A resolver that told nothing could not be priced; one that asks by itself names the calls it takes."""
    silent = []
    for named in schema._schema.type_map.values():
        for name, field in getattr(named, "fields", {}).items():
            definition = getattr(field, "extensions", {}).get("strawberry-definition")
            resolver = getattr(definition, "base_resolver", None)
            if resolver is None:
                continue
            mark = mark_of(resolver.wrapped_func)
            if (
                mark is None
                or (resolver.is_async and mark.calls is None)
                or (mark.loader or "me") not in PRICED | {"me"}
            ):
                silent.append(f"{named.name}.{name}")
    assert silent == []
