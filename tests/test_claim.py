"""Claiming through GraphQL: once for one key, and every refusal by its name."""

import asyncio
import json
from typing import Any

import pytest
from house import House, open_house

CLAIM = """mutation($input: ClaimBenefitInput!) { claimBenefit(input: $input) {
    __typename
    ... on BenefitClaimed { benefit { id profileId claimedAt externalId timezone meta definition { handle } } }
    ... on BenefitClaimable { definition { handle } }
    ... on BenefitMutationError { code message retryable }
    ... on ClaimWindowNotOpen { opensAt }
    ... on ClaimWindowClosed { closedAt }
    ... on AlreadyClaimed { benefit { id } }
    ... on BenefitPending { operationId }
} }"""
NOBODY = "00000000-0000-4000-8000-000000000001"


async def claim(house: House, handle: str, key: str, *, token: str, **more: Any) -> dict[str, Any]:
    """Claim a definition by its handle and return the result."""
    given = {"definition": {"handle": handle}, "idempotencyKey": key} | more
    result: dict[str, Any] = (await house.data(CLAIM, token=token, input=given))["claimBenefit"]
    return result


async def benefits(house: House, profile_id: str) -> int:
    """Count a profile's benefits at Omneo."""
    page = await house.rest("GET", f"/profiles/{profile_id}/benefits?page[size]=1")
    total: int = page["meta"]["total"]
    return total


async def test_member_claims_and_a_repeat_is_the_same_benefit(house: House) -> None:
    """A repeated key is answered with the benefit of the first time; there is one at Omneo."""
    own = (await house.profile_ids(1))[0]
    token = await house.member(own)
    first = await claim(house, "welcome-offer", "tap-1", token=token, timezone="Australia/Perth", meta={"from": "app"})
    again = await claim(house, "welcome-offer", "tap-1", token=token, timezone="Australia/Perth", meta={"from": "app"})
    assert first == again
    benefit = first["benefit"]
    assert first["__typename"] == "BenefitClaimed"
    assert benefit["profileId"] == own
    assert benefit["claimedAt"].endswith("+08:00")
    assert benefit["meta"] == {"from": "app"}
    assert benefit["externalId"].startswith("gw1-")
    assert len(benefit["externalId"]) == 44
    assert await benefits(house, own) == 11


async def test_renewed_token_is_the_same_caller(house: House) -> None:
    """Tokens last minutes, keys do not depend on them."""
    own = (await house.profile_ids(1))[0]
    tokens = [await house.member(own), await house.member(own)]
    assert tokens[0] != tokens[1]
    results = [await claim(house, "welcome-offer", "k", token=token) for token in tokens]
    assert results[0] == results[1]


async def test_double_tap_is_one_benefit(house: House) -> None:
    """The same key at the same time is one claim, and all are answered alike."""
    own = (await house.profile_ids(1))[0]
    token = await house.member(own)
    results = await asyncio.gather(*(claim(house, "welcome-offer", "k", token=token) for _ in range(5)))
    assert all(result == results[0] for result in results)
    assert await benefits(house, own) == 11


async def test_same_key_for_another_benefit_is_refused(house: House) -> None:
    """A key stands for one intent."""
    token = await house.member((await house.profile_ids(1))[0])
    await claim(house, "welcome-offer", "k", token=token)
    refused = await claim(house, "this-month", "k", token=token)
    assert (refused["__typename"], refused["code"]) == ("KeyReused", "KEY_REUSED")


async def test_keys_of_two_callers_do_not_meet(house: House) -> None:
    """Two members may use the same key."""
    ids = await house.profile_ids(2)
    results = [await claim(house, "welcome-offer", "k", token=await house.member(each)) for each in ids]
    assert [result["benefit"]["profileId"] for result in results] == ids


async def test_reclaimable_benefit_is_claimed_again_with_a_new_key(house: House) -> None:
    """A new key is a new intent."""
    token = await house.member((await house.profile_ids(1))[0])
    results = [await claim(house, "welcome-offer", key, token=token) for key in "ab"]
    assert results[0]["benefit"]["id"] != results[1]["benefit"]["id"]


@pytest.mark.parametrize(
    ("handle", "typename"),
    [
        ("staff-gesture", "NotClaimable"),
        ("summer-preview", "ClaimWindowNotOpen"),
        ("last-season", "ClaimWindowClosed"),
        ("gold-lounge", "ConditionNotMet"),
        ("look-only", "ConditionNotMet"),
        ("sold-out", "AllocationExhausted"),
        ("first-hundred", "AllocationExhausted"),
        ("secret-sale", "DefinitionUnknown"),
        ("retired-perk", "DefinitionUnknown"),
        ("no-such-thing", "DefinitionUnknown"),
    ],
)
async def test_refused_claim_says_which_rule(house: House, handle: str, typename: str) -> None:
    """Each rule of Omneo's has a type of its own; nothing was written, and a dry run says the same."""
    own = (await house.profile_ids(2))[1]
    token = await house.member(own)
    refused = await claim(house, handle, "k", token=token)
    assert refused["__typename"] == typename
    assert refused["code"] == "".join(f"_{c}" if c.isupper() else c for c in typename).upper().lstrip("_")
    assert refused["retryable"] is False
    assert await benefits(house, own) == 10
    assert await claim(house, handle, "k2", token=token, dryRun=True) == refused


async def test_second_claim_of_a_benefit_for_once_is_refused(house: House) -> None:
    """The refusal shows the benefit from the first time."""
    token = await house.member((await house.profile_ids(1))[0])
    first = await claim(house, "birthday-gift", "a", token=token)
    second = await claim(house, "birthday-gift", "b", token=token)
    assert second["__typename"] == "AlreadyClaimed"
    assert second["benefit"] == {"id": first["benefit"]["id"]}


async def test_dry_run_writes_nothing(house: House) -> None:
    """A dry run says that a claim would be granted, and leaves the key unused."""
    own = (await house.profile_ids(1))[0]
    token = await house.member(own)
    rehearsed = await claim(house, "welcome-offer", "k", token=token, dryRun=True)
    assert rehearsed == {"__typename": "BenefitClaimable", "definition": {"handle": "welcome-offer"}}
    assert await benefits(house, own) == 10
    assert (await claim(house, "welcome-offer", "k", token=token))["__typename"] == "BenefitClaimed"


async def test_claimable_list_agrees_with_claims(house: House) -> None:
    """What is listed as claimable can be claimed, and nothing else."""
    own = (await house.profile_ids(3))[2]
    token = await house.member(own)
    data = await house.data(
        "{ me { claimableBenefits { handle } } benefitDefinitions(first: 100) { nodes { handle } } }", token=token
    )
    claimable = {definition["handle"] for definition in data["me"]["claimableBenefits"]}
    for definition in data["benefitDefinitions"]["nodes"]:
        handle = definition["handle"]
        result = await claim(house, handle, f"k-{handle}", token=token)
        assert (result["__typename"] == "BenefitClaimed") == (handle in claimable), handle


async def test_service_claims_on_behalf(house: House) -> None:
    """A service says for whom; without that it is told to, and for nobody it is told so."""
    own = (await house.profile_ids(1))[0]
    result = await claim(house, "welcome-offer", "k", token="sandbox-service-key", profileId=own)
    assert result["benefit"]["profileId"] == own
    unknown = await claim(house, "welcome-offer", "k2", token="sandbox-service-key", profileId=NOBODY)
    assert unknown["__typename"] == "ProfileUnknown"
    given = {"definition": {"handle": "welcome-offer"}, "idempotencyKey": "k3"}
    assert await house.codes(CLAIM, input=given) == ["BAD_USER_INPUT"]


async def test_member_cannot_claim_for_another(house: House) -> None:
    """Another's id is to a member as one that does not exist."""
    own, other = (await house.profile_ids(2))[:2]
    token = await house.member(own)
    results = [await claim(house, "welcome-offer", "k", token=token, profileId=each) for each in (other, NOBODY)]
    assert results[0] == results[1]
    assert results[0]["__typename"] == "ProfileUnknown"
    assert await benefits(house, other) == 10
    assert (await claim(house, "welcome-offer", "k", token=token, profileId=own))["__typename"] == "BenefitClaimed"


@pytest.mark.parametrize(
    "more",
    [
        {"idempotencyKey": ""},
        {"idempotencyKey": "with space"},
        {"idempotencyKey": "ä"},
        {"idempotencyKey": "k" * 256},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"meta": [1]},
        {"meta": "text"},
        {"profileId": "me"},
        {"definition": {"handle": "../x"}},
        {"definition": {"id": "x"}},
    ],
    ids=str,
)
async def test_bad_input_is_told_and_nothing_is_written(house: House, more: dict[str, Any]) -> None:
    """What cannot be meant is refused before Omneo hears of it."""
    own = (await house.profile_ids(1))[0]
    token = await house.member(own)
    given = {"definition": {"handle": "welcome-offer"}, "idempotencyKey": "k"} | more
    assert await house.codes(CLAIM, token=token, input=given) == ["BAD_USER_INPUT"]
    assert await benefits(house, own) == 10


async def test_request_sees_what_it_wrote(house: House) -> None:
    """The answer of a claim shows the profile as it is after it."""
    own = (await house.profile_ids(1))[0]
    query = """mutation($input: ClaimBenefitInput!) { claimBenefit(input: $input) {
        ... on BenefitClaimed { benefit { id profile { benefits(first: 100) { totalCount nodes { id } } } } } } }"""
    given = {"definition": {"handle": "welcome-offer"}, "idempotencyKey": "k"}
    benefit = (await house.data(query, token=await house.member(own), input=given))["claimBenefit"]["benefit"]
    held = benefit["profile"]["benefits"]
    assert held["totalCount"] == 11
    assert benefit["id"] in {node["id"] for node in held["nodes"]}


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_claim_that_landed_behind_an_error_is_found(house: House, status: int) -> None:
    """Omneo wrote, and answered with an error: the benefit is read back."""
    own = (await house.profile_ids(1))[0]
    token = await house.member(own)
    await house.faults(
        {"method": "POST", "path": "*/claim", "action": "status", "status": status, "after": True, "times": 1}
    )
    result = await claim(house, "welcome-offer", "k", token=token)
    assert result["__typename"] == "BenefitClaimed"
    assert await benefits(house, own) == 11


async def test_claim_of_unknown_outcome_is_pending_and_then_found() -> None:
    """While nobody can tell, the answer says so; the operation tells the outcome later, to its caller alone."""
    async with open_house(REQUEST_DEADLINE_S="0.6", WRITE_QUARANTINE_S="1.0") as house:
        ids = await house.profile_ids(2)
        tokens = [await house.member(each) for each in ids]
        await house.faults(
            {"method": "POST", "path": "*/claim", "action": "status", "status": 504, "after": True, "times": 1},
            {"method": "GET", "path": "*/benefits", "action": "status", "status": 503, "times": 12},
        )
        pending = await claim(house, "welcome-offer", "k", token=tokens[0])
        assert (pending["__typename"], pending["retryable"]) == ("BenefitPending", True)
        await house.faults()
        query = "query($id: ID!) { benefitOperation(id: $id) { id state benefit { profileId } } }"
        for _ in range(100):
            operation = (await house.data(query, token=tokens[0], id=pending["operationId"]))["benefitOperation"]
            if operation["state"] != "PENDING":
                break
            await asyncio.sleep(0.1)
        assert operation == {"id": pending["operationId"], "state": "DONE", "benefit": {"profileId": ids[0]}}
        other = await house.data(query, token=tokens[1], id=pending["operationId"])
        assert other["benefitOperation"] is None
        assert (await claim(house, "welcome-offer", "k", token=tokens[0]))["__typename"] == "BenefitClaimed"
        assert await benefits(house, ids[0]) == 11


async def test_answer_to_somebody_elses_write_is_not_taken_for_ours(house: House) -> None:
    """An answer that is of another write says nothing of ours: it is looked up, and there is one benefit."""
    one, two = await house.profile_ids(2)
    other = (await house.rest("GET", f"/profiles/{two}/benefits?page[size]=1"))["data"][0]
    await house.faults(
        {"method": "POST", "path": "*/benefits/claim", "action": "status", "status": 201, "times": 1}
        | {"body": json.dumps({"data": other}), "after": True}
    )
    query = (
        f'mutation {{ claimBenefit(input: {{profileId: "{one}", definition: {{id: "1"}}, idempotencyKey: "k"}})'
        " { ... on BenefitClaimed { benefit { profileId externalId } } } }"
    )
    benefit = (await house.data(query))["claimBenefit"]["benefit"]
    assert benefit["profileId"] == one
    assert benefit["externalId"].startswith("gw1-")
