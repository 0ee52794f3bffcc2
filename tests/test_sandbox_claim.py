"""Who may claim what, in the sandbox: flags, windows, conditions, pools and caps (API.md §10)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, open_stand

NOW = "2026-06-15T12:00:00+00:00"
FEMALE = {"and": [{"===": ["female", {"var": "gender"}]}]}


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox on 15 June 2026 at noon, UTC."""
    async with open_stand(clock=NOW) as opened:
        yield opened


async def test_a_claim_issues_a_benefit(stand: Stand) -> None:
    """It is issued and claimed now, as wall time in the zone of the claim, and ends after its period."""
    profile = await stand.profile()
    definition = await stand.definition(period=10, value=5)
    given = {"timezone": "Australia/Melbourne", "external_id": "till-1", "meta": {"till": 1}}
    benefit = (await stand.claim(profile, definition, **given)).json()["data"]
    assert benefit["profile_id"] == profile
    assert benefit["issued_at"] == benefit["claimed_at"] == "2026-06-15 22:00:00"
    assert benefit["expires_at"] == "2026-06-25 23:59:59"
    assert (benefit["external_id"], benefit["meta"], benefit["value"]) == ("till-1", {"till": 1}, 5)
    assert benefit["definition"]["handle"] == definition["handle"]
    assert (await stand.data("GET", f"/benefits/definitions/{definition['id']}"))["total_global_created"] == 1


async def test_a_definition_is_claimed_by_handle_or_id(stand: Stand) -> None:
    """The handle is what tests of Omneo's send; an id may also work, also as a number."""
    profile, definition = await stand.profile(), await stand.definition(is_reclaimable=True)
    for reference in (definition["handle"], definition["id"], int(definition["id"])):
        assert (await stand.claim(profile, definition, definition=reference)).status_code == 201


async def test_the_guides_claim_is_an_alias(stand: Stand) -> None:
    """`POST …/benefits/{id}/claim` without a body claims too, until the aliases are switched off."""
    profile, definition = await stand.profile(), await stand.definition(is_reclaimable=True)
    path = f"/profiles/{profile}/benefits/{definition['id']}/claim"
    assert (await stand.data("POST", path))["definition"]["id"] == definition["id"]
    await stand.settings(aliases=False)
    assert await stand.refused("POST", path, status=404)


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"is_claimable": False}, "The benefit is not claimable."),
    ({"is_published": False}, "The benefit is not claimable."),
    ({"is_archived": True}, "The benefit has been archived."),
    ({"claim_period_start_at": "2026-06-15 12:00:01"}, "The claim period has not started."),
    ({"claim_period_end_at": "2026-06-15 11:59:59"}, "The claim period has ended."),
    ({"claim_condition": FEMALE}, "The profile does not meet the claim condition."),
    ({"claim_condition": {"no such operator": 1}}, "The profile does not meet the claim condition."),
    ({"total_allocations": 2, "total_allocations_remaining": 0}, "There are no allocations left."),
    ({"max_global_redemptions": 0}, "There are no redemptions left for this benefit."),
]


@pytest.mark.parametrize(("fields", "message"), REFUSALS)
async def test_a_refused_claim_leaves_nothing(stand: Stand, fields: dict[str, Any], message: str) -> None:
    """Each rule refuses with its message, the definition is not listed as claimable, and nothing is issued."""
    profile, definition = await stand.profile(), await stand.definition(**fields)
    for action in ("claim", "claim-redeem"):
        body = {"definition": definition["handle"], "timezone": "UTC"}
        assert await stand.refused("POST", f"/profiles/{profile}/benefits/{action}", body) == message
    assert await stand.data("GET", f"/profiles/{profile}/benefits/claimable") == []
    assert await stand.data("GET", f"/profiles/{profile}/benefits") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"claim_period_start_at": "2026-06-15 12:00:00", "claim_period_end_at": "2026-06-15 12:00:00"},
        {"claim_condition": FEMALE},
        {"claim_condition": []},
        {"claim_condition": {"in": ["vip", {"var": "flattened_tags"}]}},
        {"claim_condition": {"!!": [{"var": "birth_month"}]}},
        {"claim_condition": {">=": [{"var": "reward_balance"}, 0]}},
        {"claim_condition": {"===": [{"var": "attributes.comms.email_promo"}, True]}},
        {"claim_condition": {"or": [{"<": [1, 0]}, {"!==": [{"var": "first_name"}, "Nobody"]}]}},
        {"total_allocations": 1},
        {"max_global_redemptions": 1},
    ],
)
async def test_who_meets_the_rules_may_claim(stand: Stand, fields: dict[str, Any]) -> None:
    """A window includes its ends; conditions read the profile's event context; pools and caps count down to nothing."""
    profile = await stand.profile(
        gender="female", tags=["vip"], birth_month=3, attributes={"comms": {"email_promo": True}}
    )
    definition = await stand.definition(**fields)
    claimable = await stand.data("GET", f"/profiles/{profile}/benefits/claimable")
    assert [each["id"] for each in claimable] == [definition["id"]]
    assert (await stand.claim(profile, definition)).status_code == 201


async def test_a_second_claim_needs_reclaimable(stand: Stand) -> None:
    """Only what is reclaimable is claimed twice; to be assigned one is no claim, nor is another's claim."""
    once, often = await stand.definition(), await stand.definition(is_reclaimable=True)
    profile, other = await stand.profile(), await stand.profile()
    await stand.assign(profile, once)
    for definition in (once, often, often):
        assert (await stand.claim(profile, definition)).status_code == 201
    again = await stand.claim(profile, once)
    assert (again.status_code, again.json()["message"]) == (422, "The benefit has already been claimed.")
    assert (await stand.claim(other, once)).status_code == 201
    claimable = await stand.data("GET", f"/profiles/{profile}/benefits/claimable")
    assert [each["id"] for each in claimable] == [often["id"]]


async def test_viewable_is_not_claimable(stand: Stand) -> None:
    """What may be seen follows the view condition alone; the unpublished and the archived are not seen."""
    seen = await stand.definition(claim_condition={"===": [1, 2]}, view_condition={"===": [1, 1]})
    plain = await stand.definition(is_claimable=False)
    await stand.definition(is_claimable=False, view_condition={"===": [1, 2]})
    await stand.definition(is_published=False)
    await stand.definition(is_archived=True)
    profile = await stand.profile()
    viewable = await stand.data("GET", f"/profiles/{profile}/benefits/viewable")
    assert [each["id"] for each in viewable] == [seen["id"], plain["id"]]
    assert await stand.data("GET", f"/profiles/{profile}/benefits/claimable") == []


async def test_a_pool_gives_each_benefit_a_code_of_its_own(stand: Stand) -> None:
    """Codes are taken one by one, by claims and assignments alike, until none is left."""
    pooled = await stand.definition(handle="coffee", total_allocations=2, force_allocation=True, is_reclaimable=True)
    shared = await stand.definition(redeem_code_pos="TILL", redeem_code_online="WEB")
    profile = await stand.profile()
    first, second = (await stand.claim(profile, pooled)).json()["data"], await stand.assign(profile, pooled)
    assert (first["redeem_code_pos"], second["redeem_code_online"]) == ("COFFEE-00001", "COFFEE-00002")
    assert (await stand.claim(profile, pooled)).json()["message"] == "There are no allocations left."
    left = await stand.data("GET", f"/benefits/definitions/{pooled['id']}")
    assert (left["total_allocations"], left["total_allocations_remaining"]) == (2, 0)
    plain = await stand.assign(profile, shared)
    assert (plain["redeem_code_pos"], plain["redeem_code_online"]) == ("TILL", "WEB")


async def test_claim_redeem_is_one_step(stand: Stand) -> None:
    """It answers the redemption of the benefit it claimed; where the second half fails, the first never was."""
    profile, definition = await stand.profile(), await stand.definition()
    body = {"definition": definition["handle"], "timezone": "UTC", "external_id": "x-1"}
    redemption = await stand.data("POST", f"/profiles/{profile}/benefits/claim-redeem", body)
    (item,) = redemption["items"]
    assert (redemption["type"], item["type"], item["count"]) == ("redeem", "benefit", 1)
    assert (item["type_attributes"]["external_id"], item["type_attributes"]["redemptions_remaining"]) == ("x-1", 0)

    useless = await stand.definition(max_redemptions=0)
    message = await stand.refused(
        "POST", f"/profiles/{profile}/benefits/claim-redeem", body | {"definition": useless["handle"]}
    )
    assert message == "The benefit has no redemptions remaining."
    assert len(await stand.data("GET", f"/profiles/{profile}/benefits")) == 1
    assert (await stand.data("GET", f"/benefits/definitions/{useless['id']}"))["total_global_created"] == 0


@pytest.mark.parametrize("body", [{}, {"definition": "x"}, {"timezone": "UTC"}, {"definition": "", "timezone": "UTC"}])
async def test_a_claim_needs_a_definition_and_a_zone(stand: Stand, body: dict[str, Any]) -> None:
    """What is missing is named."""
    errors = await stand.errors("POST", f"/profiles/{await stand.profile()}/benefits/claim", body)
    assert set(errors) == {"definition", "timezone"} - {name for name in body if body[name]}
