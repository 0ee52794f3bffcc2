"""Whether a profile may claim, and why not: Omneo judges, its rules explain, and what differs is counted."""

from typing import Any

import pytest
from house import House

import omneo
from resolvers.conditions import Clause, Truth, clauses

ASK = """query($by: BenefitDefinitionLookupInput!, $who: ID) { benefitDefinition(by: $by) {
    claimability(profileId: $who) {
    canClaim
    reasons {
        __typename code message retryable
        ... on ClaimWindowNotOpen { opensAt }
        ... on AlreadyClaimed { benefit { id } }
        ... on ConditionNotMet { clauses { rule holds } }
    } }
} }"""
RENAME = """mutation($key: String!) {
    updateBenefitDefinition(input: {id: "1", name: "n", idempotencyKey: $key}) { __typename }
}"""
NOBODY = "00000000-0000-4000-8000-000000000001"


async def claimability(house: House, handle: str, who: str | None = None, **options: Any) -> dict[str, Any]:
    """Ask about a definition by its handle."""
    data = await house.data(ASK, by={"handle": handle}, who=who, **options)
    answer: dict[str, Any] = data["benefitDefinition"]["claimability"]
    return answer


async def test_nothing_in_the_way(house: House) -> None:
    """Omneo lists it, and the rules agree."""
    own = (await house.profile_ids(1))[0]
    assert await claimability(house, "welcome-offer", own) == {"canClaim": True, "reasons": []}
    assert sorted(await house.calls()) == [
        "GET /api/v3/benefits/definitions/handle/welcome-offer",
        f"GET /api/v3/profiles/{own}",
        f"GET /api/v3/profiles/{own}/benefits/claimable",
    ]


@pytest.mark.parametrize(
    ("handle", "typenames"),
    [
        ("staff-gesture", ["NotClaimable"]),
        ("secret-sale", ["NotClaimable"]),
        ("retired-perk", ["NotClaimable"]),
        ("summer-preview", ["ClaimWindowNotOpen"]),
        ("last-season", ["ClaimWindowClosed"]),
        ("sold-out", ["AllocationExhausted"]),
        ("first-hundred", ["AllocationExhausted"]),
        ("look-only", ["ConditionNotMet"]),
    ],
)
async def test_every_rule_in_the_way_is_named(house: House, handle: str, typenames: list[str]) -> None:
    """The reasons are of the types a claim is refused with."""
    own = (await house.profile_ids(2))[1]
    answer = await claimability(house, handle, own)
    assert answer["canClaim"] is False
    assert [reason["__typename"] for reason in answer["reasons"]] == typenames
    assert await disagreements(house) == {}


async def test_several_rules_are_all_named(house: House) -> None:
    """Not only the first."""
    own = (await house.profile_ids(1))[0]
    changes = {"is_claimable": False, "claim_condition": {"===": [1, 2]}}
    await house.rest("PUT", "/benefits/definitions/5", json=changes)  # last season
    answer = await claimability(house, "last-season", own)
    assert [reason["__typename"] for reason in answer["reasons"]] == [
        "NotClaimable",
        "ClaimWindowClosed",
        "ConditionNotMet",
    ]


async def test_clause_that_fails_is_shown(house: House) -> None:
    """Only those that do not hold, and those of which that is not known."""
    own = (await house.profile_ids(1))[0]
    gender = {"!!": [{"var": "id"}]}
    tier = {"===": [{"var": "tier_handle"}, "diamond"]}
    spend = {">": [{"var": "aggregations.spend_12m"}, 1e9]}
    await house.rest("PUT", "/benefits/definitions/1", json={"claim_condition": {"and": [gender, tier, spend]}})
    (reason,) = (await claimability(house, "welcome-offer", own))["reasons"]
    assert reason["clauses"] == [{"rule": tier, "holds": "FALSE"}, {"rule": spend, "holds": "UNKNOWN"}]
    assert await disagreements(house) == {}


async def test_condition_we_cannot_judge_is_left_to_omneo(house: House) -> None:
    """What only Omneo sees decides there: allowed, or refused for want of anything else."""
    own = (await house.profile_ids(1))[0]
    for least, can_claim in ((-1, True), (1e9, False)):
        rule = {">": [{"var": "aggregations.spend_12m"}, least]}
        await house.rest("PUT", "/benefits/definitions/1", json={"claim_condition": rule})
        await house.data(RENAME, key=str(least))  # so that the gateway forgets its copy
        answer = await claimability(house, "welcome-offer", own)
        assert answer["canClaim"] is can_claim
        assert [reason["clauses"] for reason in answer["reasons"]] == (
            [] if can_claim else [[{"rule": rule, "holds": "UNKNOWN"}]]
        )
    assert await disagreements(house) == {}


async def test_claimed_before(house: House) -> None:
    """What can be had once shows the one there is."""
    own = (await house.profile_ids(1))[0]
    body = {"definition": "birthday-gift", "timezone": "UTC"}
    made = (await house.rest("POST", f"/profiles/{own}/benefits/claim", json=body))["data"]
    (reason,) = (await claimability(house, "birthday-gift", own))["reasons"]
    assert (reason["__typename"], reason["benefit"]) == ("AlreadyClaimed", {"id": str(made["id"])})


async def test_member_asks_for_themselves(house: House) -> None:
    """Nobody needs to be named; somebody else is nobody."""
    own, other = await house.profile_ids(2)
    token = await house.member(own)
    assert (await claimability(house, "welcome-offer", token=token))["canClaim"] is True
    assert (await claimability(house, "welcome-offer", own, token=token))["canClaim"] is True
    assert await claimability(house, "welcome-offer", other, token=token) is None
    assert not [call for call in await house.calls() if call.startswith("GET /api/v3/profiles")]


async def test_service_names_the_profile(house: House) -> None:
    """Without one it is told to; one that does not exist is a reason."""
    assert await house.codes(ASK, by={"id": "1"}) == ["BAD_USER_INPUT"]
    (reason,) = (await claimability(house, "welcome-offer", NOBODY))["reasons"]
    assert reason["__typename"] == "ProfileUnknown"


@pytest.mark.parametrize("listed", [True, False])
async def test_omneo_that_judges_otherwise_is_believed_and_counted(house: House, *, listed: bool) -> None:
    """Its list stands, whatever its rules say as we know them."""
    own = (await house.profile_ids(1))[0]
    handle = "staff-gesture" if listed else "welcome-offer"
    definition = (await house.rest("GET", f"/benefits/definitions/handle/{handle}"))["data"]
    body = {"data": [definition] if listed else []}
    await house.faults({"path": "*/claimable", "action": "status", "status": 200, "body": body})
    answer = await claimability(house, handle, own)
    assert answer["canClaim"] is listed
    assert [reason["__typename"] for reason in answer["reasons"]] == ([] if listed else ["RefusedByOmneo"])
    assert await disagreements(house) == {"allows" if listed else "refuses": 1.0}


async def test_counter_that_moved_is_read_again(house: House) -> None:
    """The catalogue may be a minute old: where nothing explains a refusal, the definition is asked for anew."""
    own = (await house.profile_ids(1))[0]
    assert (await claimability(house, "coffee-code", own))["canClaim"] is True
    await house.rest("PUT", "/benefits/definitions/10", json={"total_allocations_remaining": 0})
    (reason,) = (await claimability(house, "coffee-code", own))["reasons"]
    assert reason["__typename"] == "AllocationExhausted"
    assert await disagreements(house) == {}


async def disagreements(house: House) -> dict[str, float]:
    """Read the counter of disagreements, by what Omneo did."""
    text = (await house.gateway.get("/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("gateway_claimability_disagreements_total{")]
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines}


PROFILE = omneo.Profile(
    id="p", tier_handle="gold", gender=None, tags=["vip"], attributes=omneo.ProfileAttributes(comms={"email": True})
)
GOLD = {"===": [{"var": "tier_handle"}, "gold"]}
RICH = {">": [{"var": "aggregations.spend_12m"}, 100]}
FEMALE = {"===": ["female", {"var": "gender"}]}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (GOLD, Truth.TRUE),
        (FEMALE, Truth.FALSE),
        (RICH, Truth.UNKNOWN),
        ({"or": [GOLD, RICH]}, Truth.TRUE),
        ({"or": [FEMALE, RICH]}, Truth.UNKNOWN),
        ({"or": [FEMALE, {"and": [RICH, FEMALE]}]}, Truth.FALSE),
        ({"!": [RICH]}, Truth.UNKNOWN),
        ({"!": FEMALE}, Truth.TRUE),
        ({"!!": [{"var": "gender"}]}, Truth.FALSE),
        ({"in": ["vip", {"var": "flattened_tags"}]}, Truth.TRUE),
        ({"!!": {"var": "attributes.comms.email"}}, Truth.TRUE),
        ({"!!": {"var": "attributes.comms.sms"}}, Truth.UNKNOWN),
        ({"==": [{"var": ["aggregations.shop_count", 0]}, 0]}, Truth.UNKNOWN),
        ({"missing": ["gender", "never.heard"]}, Truth.UNKNOWN),
        ({"some": [{"var": "tags"}, {"==": [{"var": ""}, "vip"]}]}, Truth.TRUE),
        ({"===": [{"var": {"var": "x"}}, 1]}, Truth.UNKNOWN),
        ({"no-such-operator": [1]}, Truth.UNKNOWN),
    ],
    ids=str,
)
def test_clause_is_true_false_or_unknown(rule: dict[str, Any], holds: Truth) -> None:
    """What is unknown matters only where it decides."""
    assert clauses(rule, PROFILE) == [Clause(rule, holds)]


def test_clauses_are_the_parts_of_an_and() -> None:
    """Also of one within another, and of a condition that came as text."""
    rule = {"and": [GOLD, {"and": [FEMALE, RICH]}]}
    expected = [Clause(GOLD, Truth.TRUE), Clause(FEMALE, Truth.FALSE), Clause(RICH, Truth.UNKNOWN)]
    assert clauses(rule, PROFILE) == expected
    assert clauses('{"===": [{"var": "tier_handle"}, "gold"]}', PROFILE) == [Clause(GOLD, Truth.TRUE)]


@pytest.mark.parametrize("rule", [None, {}, [], "", "not json"])
def test_no_condition_has_no_clauses(rule: object) -> None:
    """It keeps nobody out."""
    assert clauses(rule, PROFILE) == []
