"""Benefit definitions of the sandbox: made, changed, cloned, embedded (API.md §7.3)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, document, open_stand


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox."""
    async with open_stand() as opened:
        yield opened


async def test_a_definition_of_three_fields(stand: Stand) -> None:
    """Everything else has its default: one redemption, no flag, and the id is a string of digits."""
    made = await stand.data("POST", "/benefits/definitions", {"name": "N", "handle": "n", "period": 30})
    assert (made["id"], made["period_type"], made["max_redemptions"]) == ("1", "days", 1)
    assert [name for name, value in made.items() if value is True] == []
    assert await stand.data("GET", "/benefits/definitions/1") == made
    assert await stand.data("GET", "/benefits/definitions/handle/n") == made
    await stand.refused("GET", "/benefits/definitions/handle/1", status=404)


async def test_every_field_that_may_be_written_is_kept(stand: Stand) -> None:
    """The document's body for a new definition, all of it, comes back as it was sent; so does a change."""
    fields = document()["components"]["schemas"]["BenefitDefinitionCreate"]["properties"]
    sample: dict[str, Any] = {
        "name": "N", "handle": "n", "period": 7, "period_type": "weeks", "type": "gift", "tags": ["demo"],
        "meta": {"a": 1}, "absolute_expiry": "2030-01-01 00:00:00", "claim_timeframe": ["x"], "value": 2.5,
    }  # fmt: skip
    for name in fields:
        if name not in sample:
            sample[name] = _sample(name, fields[name])
    made = await stand.data("POST", "/benefits/definitions", sample)
    assert {name: made[name] for name in sample} == sample
    change = {"name": "M", "meta": [], "is_published": False, "claim_condition": {"!": [{"var": "gender"}]}}
    changed = await stand.data("PUT", f"/benefits/definitions/{made['id']}", change)
    assert {name: value for name, value in changed.items() if name != "updated_at"} == {
        name: value for name, value in (made | change).items() if name != "updated_at"
    }


def _sample(name: str, schema: dict[str, Any]) -> Any:
    if name.endswith("_condition"):
        return {"===": [1, 1]}
    if name.endswith("_at"):
        return "2026-06-01 09:00:00"
    kind = schema.get("type") or "integer"
    return {"string": f"a {name}", "boolean": True, "integer": 3, "number": 2.5}[
        kind if isinstance(kind, str) else kind[0]
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": None}, {"handle": ""}, {"period": None}, {"period": "long"}, {"period": 1.5}, {"period": True},
        {"period": -1}, {"period": 10**9}, {"period_type": "moons"}, {"is_claimable": "maybe"}, {"is_claimable": None},
        {"max_redemptions": -1}, {"max_redemptions": "many"}, {"claim_period_end_at": "never"}, {"tags": [1]},
        {"type": "bargain"}, {"value": "1"}, {"meta": "x"}, {"claim_condition": 7}, {"name": ["N"]},
    ],
)  # fmt: skip
async def test_a_definition_that_cannot_be(stand: Stand, fields: dict[str, Any]) -> None:
    """The field at fault is named; nothing is made."""
    body = {"name": "N", "handle": "n", "period": 30} | fields
    assert set(await stand.errors("POST", "/benefits/definitions", body)) == set(fields)
    assert await stand.data("GET", "/benefits/definitions") == []


async def test_a_handle_is_one_definitions_alone(stand: Stand) -> None:
    """For new ones, changes and clones; keeping one's own is no clash."""
    first, second = await stand.definition(handle="a"), await stand.definition(handle="b")
    taken = {"handle": ["The handle has already been taken."]}
    path = "/benefits/definitions"
    assert await stand.errors("POST", path, {"name": "A", "handle": "A", "period": 1}) == taken
    assert await stand.errors("PUT", f"{path}/{second['id']}", {"handle": "a"}) == taken
    assert await stand.errors("POST", f"{path}/{second['id']}/clone", {"handle": "a"}) == taken
    assert (await stand.data("PUT", f"{path}/{first['id']}", {"handle": "a"}))["handle"] == "a"
    assert set(await stand.errors("POST", f"{path}/{second['id']}/clone", {})) == {"handle"}


async def test_a_clone_copies_all_but_what_was_counted(stand: Stand) -> None:
    """Another id and handle, the name if one is given; counters begin anew."""
    kind = await stand.definition(description="text", tags=["demo"], max_redemptions=3)
    benefit = await stand.assign(await stand.profile(), kind)
    await stand.data("POST", f"/profiles/{benefit['profile_id']}/benefits/{benefit['id']}/redeem")
    body = {"handle": "copy", "name": "Copy"}
    copy = await stand.data("POST", f"/benefits/definitions/{kind['id']}/clone", body)
    own = {"id", "handle", "name", "created_at", "updated_at"}
    assert {k: v for k, v in copy.items() if k not in own} == {k: v for k, v in kind.items() if k not in own}
    unnamed = await stand.data("POST", f"/benefits/definitions/{kind['id']}/clone", {"handle": "other"})
    assert (copy["name"], unnamed["name"], unnamed["id"]) == ("Copy", "Test", "3")


async def test_the_guides_path_is_an_alias(stand: Stand) -> None:
    """`/benefit-definitions` is the same, until the aliases are switched off."""
    kind = await stand.definition()
    assert await stand.data("GET", f"/benefit-definitions/{kind['id']}") == kind
    await stand.settings(aliases=False)
    for path in ("/benefit-definitions", f"/benefit-definitions/{kind['id']}"):
        await stand.refused("GET", path, status=404)


async def test_a_benefit_embeds_some_of_its_definition_or_all(stand: Stand) -> None:
    """A setting decides whether the fields are there that only the definition's routes promise; values are live."""
    kind = await stand.definition(type="gift", value=5)
    benefit = await stand.assign(await stand.profile(), kind)
    subset = benefit["definition"]
    assert set(kind) - set(subset) == {
        "period_type", "absolute_expiry", "total_global_redemptions", "total_global_redemptions_remaining",
        "total_global_created", "visibility_condition", "type", "value", "campaign", "external_id",
    }  # fmt: skip
    assert {name: kind[name] for name in subset} == subset
    await stand.data("PUT", f"/benefits/definitions/{kind['id']}", {"name": "Renamed"})
    await stand.settings(embedded_definition="full")
    whole = (await stand.data("GET", f"/benefits/{benefit['id']}"))["definition"]
    assert (set(whole), whole["name"], whole["type"]) == (set(kind), "Renamed", "gift")
