"""Giving many benefits at once through GraphQL: queued once for one key, each row seen to land by itself."""

import asyncio
from typing import Any

import pytest
from house import House

ASSIGN = """mutation($input: AssignBenefitsInput!) { assignBenefits(input: $input) {
    __typename
    ... on BenefitsQueued { operationId rows(first: 100) { totalCount nodes { profileId definitionId externalId } } }
    ... on BenefitMutationError { code retryable }
} }"""
PROGRESS = """query($id: ID!, $first: Int = 100, $after: String) { benefitOperation(id: $id) {
    kind state
    rows(first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor }
        nodes { state benefit { profileId externalId value definition { handle } } }
    }
} }"""
NOBODY = "00000000-0000-4000-8000-000000000001"


async def landed(house: House, operation_id: str, rows: int) -> dict[str, Any]:
    """Wait until so many rows have landed; answer the operation."""
    for _ in range(100):
        operation: dict[str, Any] = (await house.data(PROGRESS, id=operation_id))["benefitOperation"]
        if sum(node["state"] == "DONE" for node in operation["rows"]["nodes"]) >= rows:
            return operation
        await asyncio.sleep(0.05)
    raise AssertionError(operation)


async def test_rows_land_once_for_one_key(house: House) -> None:
    """One call queues them; each is found by its own external id; a repeat queues nothing."""
    ids = await house.profile_ids(3)
    rows = [{"profileId": each, "definition": {"handle": "welcome-offer"}, "value": n} for n, each in enumerate(ids)]
    asked = {"rows": rows, "idempotencyKey": "k"}
    queued = (await house.data(ASSIGN, input=asked))["assignBenefits"]
    assert await house.calls() == [
        "GET /api/v3/benefits/definitions/handle/welcome-offer",
        "POST /api/v3/benefits/batch.json",
    ]
    assert [node["profileId"] for node in queued["rows"]["nodes"]] == ids
    operation = await landed(house, queued["operationId"], 3)
    assert (operation["kind"], operation["state"]) == ("ASSIGN_BENEFITS", "DONE")
    shown = [node["benefit"] for node in operation["rows"]["nodes"]]
    assert [benefit["profileId"] for benefit in shown] == ids
    assert [benefit["value"] for benefit in shown] == ["0", "1", "2"]
    assert [benefit["externalId"] for benefit in shown] == [f"{queued['operationId']}-{n}" for n in range(3)]
    again = await house.ask(PROGRESS, id=queued["operationId"], first=60)
    assert again["extensions"]["upstream"]["predicted"] == 1 + 2  # sixty rows are looked up fifty at a time
    assert again["extensions"]["upstream"]["made"] == 1  # for the three there are
    await house.calls()
    assert (await house.data(ASSIGN, input=asked))["assignBenefits"] == queued
    assert not [call for call in await house.calls() if call.startswith("POST")]


async def test_row_that_omneo_refuses_stays_pending(house: House) -> None:
    """The queue drops what it cannot give; the others land."""
    own = (await house.profile_ids(1))[0]
    rows = [{"profileId": each, "definition": {"id": "1"}} for each in (own, NOBODY)]
    queued = (await house.data(ASSIGN, input={"rows": rows, "idempotencyKey": "k"}))["assignBenefits"]
    operation = await landed(house, queued["operationId"], 1)
    assert [node["state"] for node in operation["rows"]["nodes"]] == ["DONE", "PENDING"]


async def test_five_hundred_rows_are_followed_page_by_page(house: House) -> None:
    """The most there may be; fifty rows are read back by one call."""
    ids = await house.profile_ids(50)
    rows = [{"profileId": ids[n % 50], "definition": {"id": "1"}} for n in range(500)]
    queued = (await house.data(ASSIGN, input={"rows": rows, "idempotencyKey": "k"}))["assignBenefits"]
    assert queued["rows"]["totalCount"] == 500
    await landed(house, queued["operationId"], 100)
    await house.calls()
    page = (await house.data(PROGRESS, id=queued["operationId"], first=100))["benefitOperation"]["rows"]
    assert await house.calls() == ["GET /api/v3/benefits"] * 2
    after = page["pageInfo"]["endCursor"]
    page = (await house.data(PROGRESS, id=queued["operationId"], first=100, after=after))["benefitOperation"]["rows"]
    assert page["nodes"][0]["benefit"]["externalId"] == f"{queued['operationId']}-100"


async def test_another_batch_under_the_same_key_is_refused(house: House) -> None:
    """A key stands for one intent, row by row."""
    own = (await house.profile_ids(1))[0]
    rows = [{"profileId": own, "definition": {"id": "1"}}]
    await house.data(ASSIGN, input={"rows": rows, "idempotencyKey": "k"})
    result = (await house.data(ASSIGN, input={"rows": rows * 2, "idempotencyKey": "k"}))["assignBenefits"]
    assert result["__typename"] == "KeyReused"


async def test_unknown_definition_queues_nothing(house: House) -> None:
    """What is known to fail is told before anything is sent."""
    own = (await house.profile_ids(1))[0]
    rows = [{"profileId": own, "definition": {"id": "1"}}, {"profileId": own, "definition": {"handle": "nope"}}]
    result = (await house.data(ASSIGN, input={"rows": rows, "idempotencyKey": "k"}))["assignBenefits"]
    assert result["__typename"] == "DefinitionUnknown"
    assert not [call for call in await house.calls() if call.startswith("POST")]


@pytest.mark.parametrize("count", [0, 501])
async def test_number_of_rows_has_bounds(house: House, count: int) -> None:
    """One to five hundred; nothing else is asked for."""
    rows = [{"profileId": NOBODY, "definition": {"id": "1"}}] * count
    assert await house.codes(ASSIGN, input={"rows": rows, "idempotencyKey": "k"}) == ["BAD_USER_INPUT"]
    assert await house.calls() == []


async def test_batch_whose_answer_is_lost_is_found_by_its_rows(house: House) -> None:
    """It is not queued again: the first row that lands proves that it was taken."""
    own = (await house.profile_ids(1))[0]
    await house.faults({"method": "POST", "path": "*/batch.json", "action": "status", "status": 502, "after": True})
    asked = {"rows": [{"profileId": own, "definition": {"id": "1"}}] * 2, "idempotencyKey": "k"}
    queued = (await house.data(ASSIGN, input=asked))["assignBenefits"]
    assert queued["__typename"] == "BenefitsQueued"
    await landed(house, queued["operationId"], 2)
    assert (await house.rest("GET", f"/profiles/{own}/benefits"))["meta"]["total"] == 12


async def test_batch_that_never_shows_is_pending_and_not_sent_again(house: House) -> None:
    """What a queue took it may land at any time, so nobody can say that it did not happen."""
    own = (await house.profile_ids(1))[0]
    await house.faults({"method": "POST", "path": "*/batch.json", "action": "status", "status": 500})
    asked = {"rows": [{"profileId": own, "definition": {"id": "1"}}], "idempotencyKey": "k"}
    for _ in range(2):
        result = (await house.data(ASSIGN, input=asked))["assignBenefits"]
        assert (result["__typename"], result["retryable"]) == ("BenefitPending", True)
    assert sum(call.startswith("POST") for call in await house.calls()) == 1
