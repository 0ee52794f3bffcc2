"""Making and changing definitions through GraphQL."""

from typing import Any

import pytest
from house import House

CREATE = """mutation($input: CreateBenefitDefinitionInput!) { createBenefitDefinition(input: $input) {
    __typename
    ... on BenefitDefinitionCreated { definition { id handle name externalId type value claimPeriodEndAt isClaimable } }
    ... on BenefitMutationError { code retryable }
} }"""
UPDATE = """mutation($input: UpdateBenefitDefinitionInput!) { updateBenefitDefinition(input: $input) {
    __typename
    ... on BenefitDefinitionUpdated { definition { id handle name isPublished shortDescription maxRedemptions } }
    ... on BenefitMutationError { code retryable }
} }"""
READ = "query($id: ID!) { benefitDefinition(by: {id: $id}) { name handle isPublished } }"


async def create(house: House, handle: str, key: str = "k", **more: Any) -> dict[str, Any]:
    """Make a definition and return the result."""
    asked = {"name": "New", "handle": handle, "period": 30, "idempotencyKey": key} | more
    result: dict[str, Any] = (await house.data(CREATE, input=asked))["createBenefitDefinition"]
    return result


async def update(house: House, definition_id: str, key: str = "k", **more: Any) -> dict[str, Any]:
    """Change a definition and return the result."""
    asked = {"id": definition_id, "idempotencyKey": key} | more
    result: dict[str, Any] = (await house.data(UPDATE, input=asked))["updateBenefitDefinition"]
    return result


async def test_definition_is_made_once_for_one_key(house: House) -> None:
    """It carries what was given; moments are the retailer's wall time at Omneo. A repeat is the same definition."""
    more: dict[str, Any] = {
        "type": "DISCOUNT",
        "value": "12.5",
        "isClaimable": True,
        "claimPeriodEndAt": "2030-12-31T12:59:59Z",
        "claimCondition": {"===": [{"var": "tier_handle"}, "gold"]},
        "tags": ["new"],
    }
    first = await create(house, "brand-new", **more)
    assert await house.calls() == [
        "GET /api/v3/benefits/definitions/handle/brand-new",
        "POST /api/v3/benefits/definitions",
    ]
    made = first["definition"]
    assert (made["type"], made["value"], made["isClaimable"]) == ("DISCOUNT", "12.5", True)
    assert made["claimPeriodEndAt"] == "2030-12-31T23:59:59+11:00"
    assert made["externalId"].startswith("gw1-")
    stored = (await house.rest("GET", f"/benefits/definitions/{made['id']}"))["data"]
    assert stored["claim_period_end_at"] == "2030-12-31 23:59:59"
    assert stored["claim_condition"] == more["claimCondition"]
    assert await create(house, "brand-new", **more) == first
    assert (await create(house, "brand-new", name="Other"))["__typename"] == "KeyReused"
    assert (await create(house, "brand-new", "other"))["__typename"] == "HandleTaken"


async def test_definition_that_landed_behind_an_error_is_found(house: House) -> None:
    """Its handle is unique, so it is recognised by it."""
    await house.faults(
        {"method": "POST", "path": "*/definitions", "action": "status", "status": 502, "after": True, "times": 1}
    )
    result = await create(house, "brand-new")
    assert result["__typename"] == "BenefitDefinitionCreated"
    assert sum(call.startswith("POST") for call in await house.calls()) == 1


async def test_definition_that_never_landed_is_sent_again(house: House) -> None:
    """Once nothing can land any more, in the same request."""
    await house.faults({"method": "POST", "path": "*/definitions", "action": "status", "status": 500, "times": 1})
    assert (await create(house, "brand-new"))["__typename"] == "BenefitDefinitionCreated"


async def test_change_is_seen_at_once(house: House) -> None:
    """Given fields change and no others; null empties one; the catalogue shows it in the next request."""
    await house.data(READ, id="1")
    await house.calls()
    result = await update(house, "1", name="Renamed", shortDescription=None, maxRedemptions=4)
    assert await house.calls() == ["PUT /api/v3/benefits/definitions/1"]  # the definition itself was in the catalogue
    assert result["definition"] == {
        "id": "1",
        "handle": "welcome-offer",
        "name": "Renamed",
        "isPublished": True,
        "shortDescription": None,
        "maxRedemptions": 4,
    }
    assert (await house.data(READ, id="1"))["benefitDefinition"]["name"] == "Renamed"
    assert await update(house, "1", name="Renamed", shortDescription=None, maxRedemptions=4) == result


@pytest.mark.parametrize("after", [True, False])
async def test_change_whose_answer_is_lost_is_made(house: House, *, after: bool) -> None:
    """Landed or not, it says so in the end."""
    await house.faults({"method": "PUT", "path": "*", "action": "status", "status": 500, "after": after, "times": 1})
    assert (await update(house, "1", name="Renamed"))["__typename"] == "BenefitDefinitionUpdated"
    assert sum(call.startswith("PUT") for call in await house.calls()) == (1 if after else 2)


async def test_refused_change_says_why(house: House) -> None:
    """A handle that is taken, a definition that is not there."""
    assert (await update(house, "1", handle="birthday-gift"))["__typename"] == "HandleTaken"
    assert (await update(house, "4040", name="x"))["__typename"] == "DefinitionUnknown"


@pytest.mark.parametrize(
    "more",
    [
        {"handle": ".."},
        {"name": " "},
        {"period": -1},
        {"claimCondition": {"a": 1, "b": 2}},
        {"claimCondition": "text"},
        {"maxRedemptions": -1},
        {"meta": [1]},
        {"tags": ["a b"]},
    ],
    ids=str,
)
async def test_bad_input_is_told_and_nothing_is_asked(house: House, more: dict[str, Any]) -> None:
    """What cannot be meant is refused before Omneo hears of it."""
    asked = {"name": "New", "handle": "brand-new", "period": 30, "idempotencyKey": "k"} | more
    assert await house.codes(CREATE, input=asked) == ["BAD_USER_INPUT"]
    assert await house.calls() == []


@pytest.mark.parametrize("more", [{}, {"name": None}, {"handle": None}], ids=str)
async def test_change_of_nothing_or_to_nothing_is_bad_input(house: House, more: dict[str, Any]) -> None:
    """Something must be given, and a definition always has a name and a handle."""
    assert await house.codes(UPDATE, input={"id": "1", "idempotencyKey": "k"} | more) == ["BAD_USER_INPUT"]
    assert await house.calls() == []
