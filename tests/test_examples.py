"""The examples are true: each runs as its comment says, and shows something."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from house import SERVICE, House, open_house

from schema import schema

FOLDER = Path(__file__).parent.parent / "examples"
KEYS = {"as", "first", "faults", "variables", "answers", "calls"}


@dataclass(frozen=True)
class Example:
    """One file: who asks what, and what its comment announces. `refusal` is None where the answer is a success."""

    query: str
    is_member: bool
    variables: dict[str, Any]
    refusal: str | None
    calls: int | None
    first: str | None  # the example that is run before it
    faults: list[dict[str, Any]]  # what goes wrong at Omneo meanwhile

    @classmethod
    def read(cls, path: Path) -> "Example":
        """Read a file; a comment that is misspelt, or says something twice, is an error."""
        text = path.read_text(encoding="utf-8")
        lines = re.findall(r"^# (\w+): ?(.*)$", text, re.MULTILINE)
        said = dict(lines)
        assert len(said) == len(lines), "something is said twice"
        assert said.keys() <= KEYS, f"only {KEYS} are known"
        assert said["as"] in ("service", "member")
        calls = said.get("calls")
        return cls(
            query=text,
            is_member=said["as"] == "member",
            variables=json.loads(said.get("variables", "{}")),
            refusal=said.get("answers"),
            calls=None if calls is None else int(calls),
            first=said.get("first"),
            faults=json.loads(said.get("faults", "[]")),
        )


EXAMPLES = {path.stem: Example.read(path) for path in sorted(FOLDER.glob("*.graphql"))}
REFUSALS = {named.name for named in schema._schema.get_possible_types(schema._schema.type_map["BenefitMutationError"])}  # type: ignore[arg-type]  # an interface


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
async def test_example_is_answered_as_it_says(example: Example) -> None:
    """No error, nothing null or empty where it shows something, and the refusal and the calls it announces."""
    deadline_s = "0.8" if example.faults else "15"
    async with open_house(REQUEST_DEADLINE_S=deadline_s) as house:
        await _holds(house, example)


async def _holds(house: House, example: Example) -> None:
    token = await house.member((await house.profile_ids(1))[0]) if example.is_member else SERVICE
    if example.first is not None:
        before = EXAMPLES[example.first]
        await house.data(before.query, token=token, **before.variables)
    await house.faults(*example.faults)
    await house.calls()
    data = await house.data(example.query, token=token, **example.variables)
    calls = await house.calls()
    for name, value in data.items():
        assert value, name
        lists = [
            each for each in (value, *value.values()) if isinstance(each, dict) and {"nodes", "edges"} & each.keys()
        ]
        assert all(each.get("nodes") or each.get("edges") for each in lists), name
    kinds = {value["__typename"] for value in data.values() if "__typename" in value}
    if example.refusal is None:
        assert kinds.isdisjoint(REFUSALS)
    else:
        assert kinds == {example.refusal}
    assert example.calls in (None, len(calls))


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_write_asks_what_became_of_it(example: Example) -> None:
    """A mutation's example asks for `__typename`, or it could not tell a success from a refusal."""
    if re.search(r"^mutation\b", example.query, re.MULTILINE):
        assert "__typename" in example.query


def test_every_refusal_has_an_example() -> None:
    """Each is reached for real."""
    assert {example.refusal for example in EXAMPLES.values() if example.refusal} == REFUSALS


def test_every_field_one_can_begin_with_has_an_example() -> None:
    """What can be asked at the top is asked in some example; `benefitOperation` needs a write that is under way."""
    asked = "\n".join(example.query for example in EXAMPLES.values())
    queries, mutations = schema._schema.query_type, schema._schema.mutation_type
    assert queries is not None
    assert mutations is not None
    fields = {*queries.fields, *mutations.fields} - {"benefitOperation"}
    assert {name for name in fields if not re.search(rf"\b{name}\b", asked)} == set()
