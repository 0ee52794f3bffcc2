"""Redeeming through GraphQL: for staff, for members where they may, and never twice for one key."""

import asyncio
from typing import Any

import pytest
from house import House, open_house

REDEEM = """mutation($input: RedeemBenefitInput!) { redeemBenefit(input: $input) {
    __typename
    ... on BenefitRedeemed {
        redemption { id type items { type count benefit { id } } }
        benefit { id redemptionsRemaining isRedeemable }
    }
    ... on BenefitMutationError { code retryable }
    ... on BenefitExpired { expiredAt }
    ... on NothingToRedeem { redemptionsRemaining }
    ... on BenefitPending { operationId }
} }"""
BOTH = """mutation($input: ClaimAndRedeemBenefitInput!) { claimAndRedeemBenefit(input: $input) {
    __typename
    ... on BenefitClaimedAndRedeemed { benefit { id externalId redemptionsRemaining } redemption { id } }
    ... on BenefitClaimed { benefit { id } }
    ... on BenefitMutationError { code retryable }
} }"""


async def given(house: House, profile_id: str, handle: str, **fields: Any) -> int:
    """Assign a benefit at Omneo directly; answer its id."""
    definition = (await house.rest("GET", f"/benefits/definitions/handle/{handle}"))["data"]
    body = {
        "profile_id": profile_id,
        "benefit_definition_id": definition["id"],
        "issued_at": "2026-01-01 00:00:00",
        "expires_at": "2040-01-01 00:00:00",
        "timezone": "Australia/Melbourne",
    } | fields
    made: int = (await house.rest("POST", "/benefits", json=body))["data"]["id"]
    await house.calls()
    return made


async def redeem(house: House, benefit_id: int, key: str = "k", **more: Any) -> dict[str, Any]:
    """Redeem a benefit and return the result."""
    token = more.pop("token", "sandbox-service-key")
    asked = {"benefitId": str(benefit_id), "idempotencyKey": key} | more
    result: dict[str, Any] = (await house.data(REDEEM, token=token, input=asked))["redeemBenefit"]
    return result


async def left(house: House, benefit_id: int) -> int:
    """Count the redemptions left at Omneo."""
    remaining: int = (await house.rest("GET", f"/benefits/{benefit_id}"))["data"]["redemptions_remaining"]
    return remaining


async def test_redemptions_are_used_once_for_one_key(house: House) -> None:
    """The record of it and the benefit after it; a repeat is the same redemption, another key another."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "six-months")
    first = await redeem(house, benefit, count=2)
    assert await house.calls() == [
        f"GET /api/v3/benefits/{benefit}",
        f"GET /api/v3/benefits/{benefit}",
        f"GET /api/v3/profiles/{own}/redemptions",
        f"POST /api/v3/profiles/{own}/benefits/{benefit}/redeem",
    ]
    assert first["benefit"] == {"id": str(benefit), "redemptionsRemaining": 4, "isRedeemable": True}
    assert first["redemption"]["items"] == [{"type": "BENEFIT", "count": 2, "benefit": {"id": str(benefit)}}]
    again = await redeem(house, benefit, count=2)
    assert again == first
    assert not [call for call in await house.calls() if call.startswith("POST")]
    assert (await redeem(house, benefit, "other", count=3))["benefit"]["redemptionsRemaining"] == 1
    assert (await redeem(house, benefit, count=3))["__typename"] == "KeyReused"
    assert await left(house, benefit) == 1


async def test_service_that_names_the_holder_saves_a_call(house: House) -> None:
    """They are checked all the same; a repeat may name them or not."""
    own, other = await house.profile_ids(2)
    benefit = await given(house, own, "six-months")
    first = await redeem(house, benefit, profileId=own)
    calls = await house.calls()
    assert sorted(calls[:2]) == [f"GET /api/v3/benefits/{benefit}", f"GET /api/v3/profiles/{own}/redemptions"]
    assert calls[2:] == [f"POST /api/v3/profiles/{own}/benefits/{benefit}/redeem"]
    assert await redeem(house, benefit) == first
    assert (await redeem(house, benefit, "b", profileId=other))["__typename"] == "BenefitUnknown"
    member = await house.member(own)
    allowed = await given(house, own, "self-service")
    assert (await redeem(house, allowed, "c", token=member, profileId=other))["__typename"] == "BenefitUnknown"
    assert (await redeem(house, allowed, "d", token=member, profileId=own))["__typename"] == "BenefitRedeemed"
    assert await left(house, benefit) == 5


async def test_double_tap_redeems_once(house: House) -> None:
    """The same key at the same time is one redemption; two keys are two, one after the other."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "six-months")
    results = await asyncio.gather(*(redeem(house, benefit) for _ in range(4)))
    assert all(result == results[0] for result in results)
    assert await left(house, benefit) == 5
    both = await asyncio.gather(redeem(house, benefit, "a"), redeem(house, benefit, "b"))
    assert both[0]["redemption"]["id"] != both[1]["redemption"]["id"]
    assert await left(house, benefit) == 3


async def test_member_redeems_where_the_definition_allows_it(house: House) -> None:
    """Elsewhere staff do; another's benefit is as unknown as one that does not exist."""
    own, other = await house.profile_ids(2)
    token = await house.member(own)
    allowed, shown = await given(house, own, "self-service"), await given(house, own, "six-months")
    result = await redeem(house, allowed, token=token)
    assert result["benefit"]["redemptionsRemaining"] == 2
    refused = await redeem(house, shown, "k2", token=token)
    assert (refused["__typename"], refused["code"]) == ("NotSelfRedeemable", "NOT_SELF_REDEEMABLE")
    assert await left(house, shown) == 6
    strangers = await given(house, other, "self-service")
    for benefit in (strangers, 999999):
        assert (await redeem(house, benefit, "k3", token=token))["__typename"] == "BenefitUnknown"
    assert await left(house, strangers) == 3


async def test_refused_redemption_says_why(house: House) -> None:
    """Expired, used up, more than is left, unknown: each has a type, and nothing is written."""
    own = (await house.profile_ids(1))[0]
    expired = await given(house, own, "six-months", expires_at="2026-02-01 00:00:00")
    result = await redeem(house, expired, "a")
    assert result["__typename"] == "BenefitExpired"
    assert result["expiredAt"] == "2026-02-01T00:00:00+11:00"
    benefit = await given(house, own, "welcome-offer")
    result = await redeem(house, benefit, "b", count=2)
    assert (result["__typename"], result["redemptionsRemaining"]) == ("NothingToRedeem", 1)
    await redeem(house, benefit, "c")
    result = await redeem(house, benefit, "d")
    assert (result["__typename"], result["redemptionsRemaining"], result["retryable"]) == ("NothingToRedeem", 0, False)
    assert (await redeem(house, 999999, "e"))["__typename"] == "BenefitUnknown"


@pytest.mark.parametrize("more", [{"count": 0}, {"count": 1001}, {"benefitId": "x"}, {"idempotencyKey": ""}], ids=str)
async def test_bad_input_is_told_and_nothing_is_asked(house: House, more: dict[str, Any]) -> None:
    """What cannot be meant is refused before Omneo hears of it."""
    asked = {"benefitId": "1", "idempotencyKey": "k"} | more
    assert await house.codes(REDEEM, input=asked) == ["BAD_USER_INPUT"]
    assert await house.calls() == []


@pytest.mark.parametrize("status", [500, 502])
async def test_redemption_that_landed_behind_an_error_is_found(house: House, status: int) -> None:
    """Omneo has no reference of ours on it: the newer redemption of this benefit, for as many, is ours."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "six-months")
    await redeem(house, benefit, "before", count=2)
    await house.faults({"method": "POST", "path": "*/redeem", "action": "status", "status": status, "after": True})
    result = await redeem(house, benefit, count=2)
    assert result["__typename"] == "BenefitRedeemed"
    assert await left(house, benefit) == 2
    assert await redeem(house, benefit, count=2) == result


async def test_redemption_that_never_landed_is_not_sent_again() -> None:
    """After the quarantine the key is spent: the client is told, for good, and may use a new one."""
    async with open_house(REQUEST_DEADLINE_S="3") as house:
        own = (await house.profile_ids(1))[0]
        benefit = await given(house, own, "six-months")
        await house.faults({"method": "POST", "path": "*/redeem", "action": "status", "status": 500, "times": 1})
        asked = {"benefitId": str(benefit), "idempotencyKey": "k"}
        for _ in range(2):
            answer = await house.ask(REDEEM, input=asked)
            (error,) = answer["errors"]
            assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("UPSTREAM_UNAVAILABLE", False)
        assert "new idempotencyKey" in error["message"]
        assert sum(call.endswith("/redeem") for call in await house.calls()) == 1
        assert await left(house, benefit) == 6
        assert (await redeem(house, benefit, "new"))["__typename"] == "BenefitRedeemed"


async def test_repeat_after_the_benefit_was_taken_away_still_shows_the_redemption(house: House) -> None:
    """What was reported stays reported."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "six-months")
    first = await redeem(house, benefit)
    await house.rest("DELETE", f"/benefits/{benefit}")
    again = await redeem(house, benefit)
    assert again["redemption"]["id"] == first["redemption"]["id"]


async def test_claim_and_redeem_at_once(house: House) -> None:
    """One call at Omneo makes both; a repeat is the same; members only where they may redeem themselves."""
    own = (await house.profile_ids(1))[0]
    token = await house.member(own)
    await house.calls()
    asked = {"definition": {"handle": "self-service"}, "idempotencyKey": "k"}
    first = (await house.data(BOTH, token=token, input=asked))["claimAndRedeemBenefit"]
    assert await house.calls() == [
        "GET /id/api/v1/profiles/me",
        "GET /api/v3/benefits/definitions/handle/self-service",
        "POST /id/api/v1/profiles/me/benefits/claim-redeem",
    ]
    assert first["__typename"] == "BenefitClaimedAndRedeemed"
    assert first["benefit"]["redemptionsRemaining"] == 2
    assert first["benefit"]["externalId"].startswith("gw1-")
    assert (await house.data(BOTH, token=token, input=asked))["claimAndRedeemBenefit"] == first
    asked = {"definition": {"handle": "welcome-offer"}, "idempotencyKey": "k2"}
    result = (await house.data(BOTH, token=token, input=asked))["claimAndRedeemBenefit"]
    assert result["__typename"] == "NotSelfRedeemable"
    result = (await house.data(BOTH, input=asked | {"profileId": own}))["claimAndRedeemBenefit"]
    assert result["benefit"]["redemptionsRemaining"] == 0


@pytest.mark.parametrize(
    ("handle", "typename"),
    [
        ("staff-gesture", "NotClaimable"),
        ("summer-preview", "ClaimWindowNotOpen"),
        ("last-season", "ClaimWindowClosed"),
        ("look-only", "ConditionNotMet"),
        ("sold-out", "AllocationExhausted"),
        ("nope", "DefinitionUnknown"),
    ],
)
async def test_refused_claim_and_redeem_says_why(house: House, handle: str, typename: str) -> None:
    """The rules of a claim stand in its way as they do in a claim's."""
    own = (await house.profile_ids(1))[0]
    asked = {"definition": {"handle": handle}, "idempotencyKey": "k", "profileId": own}
    assert (await house.data(BOTH, input=asked))["claimAndRedeemBenefit"]["__typename"] == typename
    assert (await house.rest("GET", f"/profiles/{own}/benefits"))["meta"]["total"] == 10


async def test_claim_and_redeem_whose_answer_is_lost_is_found(house: House) -> None:
    """Both parts are read back by the benefit's external id."""
    own = (await house.profile_ids(1))[0]
    await house.faults({"method": "POST", "path": "*/claim-redeem", "action": "status", "status": 502, "after": True})
    asked = {"definition": {"handle": "self-service"}, "idempotencyKey": "k", "profileId": own}
    result = (await house.data(BOTH, input=asked))["claimAndRedeemBenefit"]
    assert result["__typename"] == "BenefitClaimedAndRedeemed"
    assert (await house.rest("GET", f"/profiles/{own}/benefits"))["meta"]["total"] == 11
