"""Assigning through GraphQL: what arrives at Omneo, once for one key."""

from typing import Any

import pytest
from house import House

ASSIGN = """mutation($input: AssignBenefitInput!) { assignBenefit(input: $input) {
    __typename
    ... on BenefitAssigned { benefit { id profileId externalId issuedAt expiresAt timezone value meta claimedAt } }
    ... on BenefitMutationError { code retryable }
} }"""
NOBODY = "00000000-0000-4000-8000-000000000001"


async def assign(house: House, profile_id: str, key: str = "k", **more: Any) -> dict[str, Any]:
    """Assign the first definition, or another, and return the result."""
    given = {"profileId": profile_id, "definition": {"id": "1"}, "idempotencyKey": key} | more
    result: dict[str, Any] = (await house.data(ASSIGN, input=given))["assignBenefit"]
    return result


async def test_assigned_benefit_carries_what_was_given(house: House) -> None:
    """Moments are converted to wall time in the given zone, and come back as the same moments."""
    profile_id = (await house.profile_ids(1))[0]
    result = await assign(
        house,
        profile_id,
        issuedAt="2026-06-15T23:00:00Z",
        expiresAt="2027-01-01T12:59:59Z",
        timezone="Australia/Melbourne",
        value="12.50",
        meta={"till": 4},
    )
    benefit = result["benefit"]
    assert benefit["issuedAt"] == "2026-06-16T09:00:00+10:00"
    assert benefit["expiresAt"] == "2027-01-01T23:59:59+11:00"
    assert benefit["value"] == "12.5"
    assert benefit["meta"] == {"till": 4}
    assert benefit["claimedAt"] is None
    stored = (await house.rest("GET", f"/benefits/{benefit['id']}"))["data"]
    assert (stored["issued_at"], stored["timezone"]) == ("2026-06-16 09:00:00", "Australia/Melbourne")


async def test_repeat_is_the_same_benefit(house: House) -> None:
    """One key, one benefit; another input under it is refused."""
    profile_id = (await house.profile_ids(1))[0]
    assert await assign(house, profile_id) == await assign(house, profile_id)
    assert (await assign(house, profile_id, value=3))["__typename"] == "KeyReused"
    assert (await house.rest("GET", f"/profiles/{profile_id}/benefits"))["meta"]["total"] == 11


async def test_callers_own_reference_is_kept(house: House) -> None:
    """An externalId of the caller's stays theirs; the repeat is recognised all the same, also among namesakes."""
    profile_id = (await house.profile_ids(1))[0]
    first = await assign(house, profile_id, "a", externalId="pos-778", meta={"a": 1})
    second = await assign(house, profile_id, "b", externalId="pos-778")
    assert first["benefit"]["externalId"] == second["benefit"]["externalId"] == "pos-778"
    assert first["benefit"]["id"] != second["benefit"]["id"]
    assert await assign(house, profile_id, "a", externalId="pos-778", meta={"a": 1}) == first


async def test_definition_by_handle(house: House) -> None:
    """A definition is named by its id or its handle."""
    profile_id = (await house.profile_ids(1))[0]
    result = await assign(house, profile_id, definition={"handle": "staff-gesture"})
    assert result["__typename"] == "BenefitAssigned"


@pytest.mark.parametrize(
    ("more", "typename"),
    [
        ({"profileId": NOBODY}, "ProfileUnknown"),
        ({"definition": {"id": "4040"}}, "DefinitionUnknown"),
        ({"definition": {"handle": "nope"}}, "DefinitionUnknown"),
        ({"definition": {"handle": "sold-out"}}, "AllocationExhausted"),
    ],
    ids=str,
)
async def test_refused_assignment_says_why(house: House, more: dict[str, Any], typename: str) -> None:
    """What stands in the way has a type; nothing was written."""
    profile_id = (await house.profile_ids(1))[0]
    result = await assign(
        house, **({"profile_id": profile_id} | {"profile_id": more.pop("profileId", profile_id)}), **more
    )
    assert result["__typename"] == typename
    assert (await house.rest("GET", f"/profiles/{profile_id}/benefits"))["meta"]["total"] == 10


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"timezone": "Nowhere/City"}, "BAD_USER_INPUT"),
        ({"issuedAt": "2026-02-30T00:00:00Z"}, "BAD_USER_INPUT"),
        ({"issuedAt": "2026-02-20T00:00:00"}, "BAD_USER_INPUT"),
        ({"issuedAt": "2026-02-20"}, "BAD_USER_INPUT"),
        ({"value": "much"}, "BAD_USER_INPUT"),
        ({"value": "NaN"}, "BAD_USER_INPUT"),
        ({"externalId": ""}, "BAD_USER_INPUT"),
        ({"externalId": "x" * 256}, "BAD_USER_INPUT"),
        ({"externalId": "a\x00b"}, "BAD_USER_INPUT"),
        ({"meta": 5}, "BAD_USER_INPUT"),
        ({"profileId": "../benefits"}, "BAD_USER_INPUT"),
    ],
    ids=str,
)
async def test_bad_input_is_told_and_nothing_is_written(house: House, more: dict[str, Any], code: str) -> None:
    """What cannot be meant is refused before Omneo hears of it."""
    profile_id = (await house.profile_ids(1))[0]
    given = {"profileId": profile_id, "definition": {"id": "1"}, "idempotencyKey": "k"} | more
    assert await house.codes(ASSIGN, input=given) == [code]
    assert (await house.rest("GET", f"/profiles/{profile_id}/benefits"))["meta"]["total"] == 10


async def test_members_do_not_assign(house: House) -> None:
    """Assigning takes a service."""
    profile_id = (await house.profile_ids(1))[0]
    given = {"profileId": profile_id, "definition": {"id": "1"}, "idempotencyKey": "k"}
    assert await house.codes(ASSIGN, token=await house.member(profile_id), input=given) == ["FORBIDDEN"]


@pytest.mark.parametrize(
    "more",
    [
        {"externalId": "gw1-0123456789012345678901234567890123456789"},
        {"externalId": "pos-1", "meta": {"gateway_operation": "gw1-0"}},
    ],
    ids=str,
)
async def test_the_trace_of_a_write_cannot_be_forged(house: House, more: dict[str, Any]) -> None:
    """What a read-back looks for is the gateway's to set."""
    profile_id = (await house.profile_ids(1))[0]
    given = {"profileId": profile_id, "definition": {"id": "1"}, "idempotencyKey": "k"} | more
    assert await house.codes(ASSIGN, input=given) == ["BAD_USER_INPUT"]
    assert not [call for call in await house.calls() if call.startswith("POST")]
