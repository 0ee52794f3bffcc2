"""Extending and revoking through GraphQL: once for one key, whatever becomes of the answer."""

from typing import Any

import pytest
from house import House, open_house
from test_redeem import given

EXTEND = """mutation($input: ExtendBenefitsInput!) { extendBenefits(input: $input) {
    __typename
    ... on BenefitsExtended { benefits { id expiresAt extendedAt } }
    ... on BenefitMutationError { code retryable }
    ... on NotExtendable { benefitIds }
} }"""
REVOKE = """mutation($input: RevokeBenefitInput!) { revokeBenefit(input: $input) {
    __typename
    ... on BenefitRevoked { benefitId benefit { id definition { handle } } }
    ... on BenefitMutationError { code }
} }"""
NOBODY = "00000000-0000-4000-8000-000000000001"


async def extend(
    house: House, profile_id: str, ids: list[int], extension: dict[str, Any], key: str = "k"
) -> dict[str, Any]:
    """Extend benefits and return the result."""
    asked = {
        "profileId": profile_id,
        "benefitIds": [str(each) for each in ids],
        "extension": extension,
        "idempotencyKey": key,
    }
    result: dict[str, Any] = (await house.data(EXTEND, input=asked))["extendBenefits"]
    return result


async def ends(house: House, benefit_id: int) -> str:
    """Read when a benefit ends, as Omneo writes it."""
    written: str = (await house.rest("GET", f"/benefits/{benefit_id}"))["data"]["expires_at"]
    return written


async def test_days_are_added_once_for_one_key(house: House) -> None:
    """Each benefit ends so many days after its own end; a repeat adds nothing, another key does."""
    own = (await house.profile_ids(1))[0]
    ids = [
        await given(house, own, "extendable-pass", expires_at="2030-03-01 12:00:00"),
        await given(house, own, "extendable-pass", expires_at="2020-01-01 23:59:59"),
    ]
    first = await extend(house, own, ids, {"days": 10})
    assert await house.calls() == [
        f"GET /api/v3/benefits/{ids[0]}",
        f"GET /api/v3/benefits/{ids[1]}",
        "POST /api/v3/benefits/extend",
    ]
    assert [benefit["expiresAt"] for benefit in first["benefits"]] == [
        "2030-03-11T12:00:00+11:00",
        "2020-01-11T23:59:59+11:00",
    ]
    assert await extend(house, own, ids, {"days": 10}) == first
    assert await ends(house, ids[0]) == "2030-03-11 12:00:00"
    await extend(house, own, ids, {"days": 1}, "other")
    assert await ends(house, ids[0]) == "2030-03-12 12:00:00"
    assert (await extend(house, own, ids, {"days": 2}))["__typename"] == "KeyReused"


async def test_until_is_a_moment_in_the_benefits_own_zone(house: House) -> None:
    """The moment asked for is the moment it ends, whatever zone the benefit is kept in."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "extendable-pass", timezone="Pacific/Auckland")
    result = await extend(house, own, [benefit], {"until": "2041-06-30T12:00:00Z"})
    assert result["benefits"][0]["expiresAt"] == "2041-07-01T00:00:00+12:00"


@pytest.mark.parametrize("until", ["2039-12-31T12:59:59Z", "2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
async def test_nothing_is_ever_shortened(house: House, until: str) -> None:
    """Who may give benefits may not take them: not one of several, not by a second. Nothing is sent."""
    own = (await house.profile_ids(1))[0]
    ids = [await given(house, own, "extendable-pass") for _ in range(2)]
    await house.rest("PUT", f"/benefits/{ids[0]}", json={"expires_at": "2000-01-01 00:00:00"})
    asked = {"profileId": own, "benefitIds": ids, "extension": {"until": until}, "idempotencyKey": "k"}
    await house.calls()
    assert await house.codes(EXTEND, input=asked) == ["BAD_USER_INPUT"]
    assert not [call for call in await house.calls() if call.startswith("POST")]
    same = asked | {"extension": {"until": "2039-12-31T13:00:00Z"}, "idempotencyKey": "same"}
    assert (await house.data(EXTEND, input=same))["extendBenefits"]["__typename"] == "BenefitsExtended"


async def test_nothing_is_shortened_in_the_hour_that_comes_twice(house: House) -> None:
    """Where summer time ends a later moment may be an earlier wall time, and that is what Omneo keeps."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "extendable-pass", timezone="Australia/Melbourne")
    await house.rest("PUT", f"/benefits/{benefit}", json={"expires_at": "2027-04-04 02:30:00"})
    asked = {"profileId": own, "benefitIds": [str(benefit)], "extension": {"until": "2027-04-03T16:10:00Z"}}
    assert await house.codes(EXTEND, input=asked | {"idempotencyKey": "k"}) == ["BAD_USER_INPUT"]
    assert await ends(house, benefit) == "2027-04-04 02:30:00"


async def test_until_may_be_the_end_of_the_calendar(house: House) -> None:
    """Where a zone's wall clock would leave it, its last moment; days past it are refused by Omneo."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "extendable-pass")
    until = "9999-12-31T23:59:59-11:00"
    assert (await extend(house, own, [benefit], {"until": until}))["__typename"] == "BenefitsExtended"
    await house.rest("PUT", f"/benefits/{benefit}", json={"expires_at": "9999-12-31 00:00:00"})
    await house.faults({"method": "POST", "path": "*/extend", "action": "status", "status": 502, "times": 1})
    asked = {"profileId": own, "benefitIds": [str(benefit)], "extension": {"days": 10}, "idempotencyKey": "b"}
    assert await house.codes(EXTEND, input=asked) == ["UPSTREAM_UNAVAILABLE"]


async def test_one_moment_for_benefits_of_two_zones_is_bad_input(house: House) -> None:
    """Omneo takes one wall time, which would be two moments; nothing is sent."""
    own = (await house.profile_ids(1))[0]
    ids = [await given(house, own, "extendable-pass", timezone=zone) for zone in ("UTC", "Pacific/Auckland")]
    asked = {
        "profileId": own,
        "benefitIds": ids,
        "extension": {"until": "2041-06-30T12:00:00Z"},
        "idempotencyKey": "k",
    }
    assert await house.codes(EXTEND, input=asked) == ["BAD_USER_INPUT"]
    assert not [call for call in await house.calls() if call.startswith("POST")]


async def test_refused_extension_says_why(house: House) -> None:
    """Nothing is extended when one of them cannot be, is another's, or the profile is unknown."""
    own, other = await house.profile_ids(2)
    good, fixed = await given(house, own, "extendable-pass"), await given(house, own, "welcome-offer")
    strangers = await given(house, other, "extendable-pass")
    result = await extend(house, own, [good, fixed], {"days": 1}, "a")
    assert (result["__typename"], result["benefitIds"]) == ("NotExtendable", [str(fixed)])
    assert (await extend(house, own, [good, strangers], {"days": 1}, "b"))["__typename"] == "BenefitUnknown"
    assert (await extend(house, own, [999999], {"days": 1}, "c"))["__typename"] == "BenefitUnknown"
    assert (await extend(house, NOBODY, [good], {"days": 1}, "d"))["__typename"] == "ProfileUnknown"
    assert await ends(house, good) == await ends(house, strangers) == "2040-01-01 00:00:00"


@pytest.mark.parametrize(
    "more",
    [
        {"benefitIds": []},
        {"benefitIds": ["1", "1"]},
        {"benefitIds": [str(n) for n in range(1, 52)]},
        {"extension": {"days": 0}},
        {"extension": {"days": 3651}},
        {"profileId": "x"},
    ],
    ids=str,
)
async def test_bad_input_is_told_and_nothing_is_asked(house: House, more: dict[str, Any]) -> None:
    """What cannot be meant is refused before Omneo hears of it."""
    own = (await house.profile_ids(1))[0]
    asked = {"profileId": own, "benefitIds": ["1"], "extension": {"days": 1}, "idempotencyKey": "k"} | more
    assert await house.codes(EXTEND, input=asked) == ["BAD_USER_INPUT"]
    assert await house.calls() == []


@pytest.mark.parametrize("extension", [{"days": 30}, {"until": "2041-06-30T12:00:00Z"}], ids=str)
async def test_extension_that_landed_behind_an_error_is_found(house: House, extension: dict[str, Any]) -> None:
    """The new end, computed before it was sent, proves it; it is not added again."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "extendable-pass")
    await house.faults({"method": "POST", "path": "*/extend", "action": "status", "status": 500, "after": True})
    result = await extend(house, own, [benefit], extension)
    assert result["__typename"] == "BenefitsExtended"
    assert sum(call == "POST /api/v3/benefits/extend" for call in await house.calls()) == 1


async def test_extension_that_never_landed_is_not_sent_again() -> None:
    """Days could be added twice, so the key is spent."""
    async with open_house(REQUEST_DEADLINE_S="3") as house:
        own = (await house.profile_ids(1))[0]
        benefit = await given(house, own, "extendable-pass")
        await house.faults({"method": "POST", "path": "*/extend", "action": "status", "status": 500, "times": 1})
        asked = {
            "profileId": own,
            "benefitIds": [str(benefit)],
            "extension": {"days": 1},
            "idempotencyKey": "k",
        }
        assert await house.codes(EXTEND, input=asked) == ["UPSTREAM_UNAVAILABLE"]
        assert await ends(house, benefit) == "2040-01-01 00:00:00"


async def revoke(house: House, benefit_id: int, key: str = "k") -> dict[str, Any]:
    """Revoke a benefit and return the result."""
    asked = {"benefitId": str(benefit_id), "idempotencyKey": key}
    result: dict[str, Any] = (await house.data(REVOKE, input=asked))["revokeBenefit"]
    return result


async def test_revoked_benefit_is_gone_and_a_repeat_says_so(house: House) -> None:
    """The answer shows it as it was; a repeat cannot, and is a success all the same. Another key finds nothing."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "welcome-offer")
    first = await revoke(house, benefit)
    assert await house.calls() == [f"GET /api/v3/benefits/{benefit}", f"DELETE /api/v3/benefits/{benefit}"]
    assert first["benefit"] == {"id": str(benefit), "definition": {"handle": "welcome-offer"}}
    again = await revoke(house, benefit)
    assert again == {"__typename": "BenefitRevoked", "benefitId": str(benefit), "benefit": None}
    assert (await revoke(house, benefit, "other"))["__typename"] == "BenefitUnknown"
    assert (await revoke(house, 999999))["__typename"] == "BenefitUnknown"


@pytest.mark.parametrize("after", [True, False])
async def test_revocation_whose_answer_is_lost_happens_once(house: House, *, after: bool) -> None:
    """Landed or not, the benefit is gone in the end, and the answer says so."""
    own = (await house.profile_ids(1))[0]
    benefit = await given(house, own, "welcome-offer")
    await house.faults({"method": "DELETE", "path": "*", "action": "status", "status": 500, "after": after, "times": 1})
    assert (await revoke(house, benefit))["__typename"] == "BenefitRevoked"
    sent = [call for call in await house.calls() if call.startswith("DELETE")]
    assert len(sent) == (1 if after else 2)
