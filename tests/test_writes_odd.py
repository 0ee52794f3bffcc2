"""Writes whose answer, read-back or store is odd: still one for a key, and what was told stays true."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from house import SERVER, House, open_house
from test_redeem import BOTH, REDEEM, given

from writes.intents import Intent, State, StateUnavailable, begin
from writes.outcomes import Kind
from writes.process import Process
from writes.sqlite_store import SqliteStore

NOBODY = "00000000-0000-4000-8000-000000000001"
ASSIGN = """mutation($input: AssignBenefitInput!) { assignBenefit(input: $input) {
    __typename ... on BenefitAssigned { benefit { id externalId } } ... on BenefitMutationError { code }
} }"""
CLAIM = """mutation($input: ClaimBenefitInput!) { claimBenefit(input: $input) {
    __typename ... on BenefitClaimed { benefit { id profileId } } ... on BenefitMutationError { code }
} }"""
EXTEND = """mutation($input: ExtendBenefitsInput!) { extendBenefits(input: $input) {
    __typename ... on BenefitsExtended { benefits { id } } ... on BenefitMutationError { code }
} }"""


async def total(house: House, profile_id: str) -> int:
    count: int = (await house.rest("GET", f"/profiles/{profile_id}/benefits?page[size]=1"))["meta"]["total"]
    return count


async def test_a_lost_answer_is_found_behind_many_of_the_same_external_id() -> None:
    """The caller's own reference is not unique: what is looked for may be on the last of many pages."""
    async with open_house(OMNEO_PAGE_MAX="5") as house:
        own = (await house.profile_ids(1))[0]
        for _ in range(11):
            await given(house, own, "welcome-offer", external_id="stamp")
        before = await total(house, own)
        lost = {"method": "POST", "path": "*/benefits", "action": "status", "status": 502, "after": True, "times": 1}
        await house.faults(lost)
        asked = {"profileId": own, "definition": {"id": "1"}, "idempotencyKey": "k", "externalId": "stamp"}
        made = (await house.data(ASSIGN, input=asked))["assignBenefit"]
        assert made["__typename"] == "BenefitAssigned"
        assert (await house.data(ASSIGN, input=asked))["assignBenefit"] == made
        assert await total(house, own) == before + 1


@pytest.mark.parametrize(("mutation", "path"), [(CLAIM, "*/claim"), (ASSIGN, "*/benefits")])
async def test_a_profile_that_is_not_there_leaves_nothing_pending(house: House, mutation: str, path: str) -> None:
    """The answer was lost, and reading back finds no such profile: then there is no such benefit either."""
    await house.faults({"method": "POST", "path": path, "action": "status", "status": 502, "times": 1})
    asked = {"profileId": NOBODY, "definition": {"handle": "welcome-offer"}, "idempotencyKey": "k"}
    [result] = (await house.data(mutation, input=asked)).values()
    assert result["__typename"] == "ProfileUnknown"


async def test_one_answer_that_it_is_not_there_is_not_believed(house: House) -> None:
    """A list that is not found for a moment proves nothing: the profile itself is there."""
    own = (await house.profile_ids(1))[0]
    before = await total(house, own)
    await house.faults(
        {"method": "POST", "path": "*/claim", "action": "status", "status": 502, "after": True, "times": 1},
        {"method": "GET", "path": "*/benefits", "action": "status", "status": 404, "body": "{}", "times": 8},
    )
    asked = {"profileId": own, "definition": {"handle": "welcome-offer"}, "idempotencyKey": "k"}
    assert (await house.data(CLAIM, input=asked))["claimBenefit"]["__typename"] == "BenefitClaimed"
    assert await total(house, own) == before + 1


async def anothers(house: House) -> str:
    """Write what Omneo answers to another member's redemption."""
    other = (await house.profile_ids(2))[1]
    theirs = await given(house, other, "six-months")
    path = f"/api/v3/profiles/{other}/benefits/{theirs}/redeem"
    answer = await house.omneo.post(path, json={"count": 1}, headers=SERVER)
    return json.dumps(answer.json())


async def test_another_redemptions_answer_is_not_ours(house: House) -> None:
    """Nothing was used, so nothing is said to be; and no word of the stranger's."""
    own = (await house.profile_ids(1))[0]
    benefit, body = await given(house, own, "six-months"), await anothers(house)
    await house.faults(
        {"method": "POST", "path": "*/redeem", "action": "status", "status": 201, "body": body, "times": 1}
    )
    asked = {"benefitId": str(benefit), "idempotencyKey": "k"}
    assert await house.codes(REDEEM, input=asked) == ["UPSTREAM_UNAVAILABLE"]


async def test_another_claims_answer_is_not_ours(house: House) -> None:
    """It is looked for, not found, and then made: for the one who asked."""
    own = (await house.profile_ids(1))[0]
    body = await anothers(house)
    rule = {"method": "POST", "path": "*/claim-redeem", "action": "status", "status": 201, "body": body, "times": 1}
    await house.faults(rule)
    before = await total(house, own)
    asked = {"profileId": own, "definition": {"handle": "six-months"}, "idempotencyKey": "k"}
    result = (await house.data(BOTH, input=asked))["claimAndRedeemBenefit"]
    assert result["__typename"] == "BenefitClaimedAndRedeemed"
    assert result["benefit"]["externalId"].startswith("gw1-")
    assert await total(house, own) == before + 1


@pytest.mark.parametrize("data", [[], "another's"])
async def test_an_extension_that_shows_other_benefits_is_none(house: House, data: Any) -> None:
    own, other = await house.profile_ids(2)
    benefit, theirs = await given(house, own, "extendable-pass"), await given(house, other, "extendable-pass")
    shown = [(await house.rest("GET", f"/benefits/{theirs}"))["data"]] if data else []
    body = json.dumps({"data": shown})
    await house.faults(
        {"method": "POST", "path": "*/extend", "action": "status", "status": 200, "body": body, "times": 1}
    )
    asked = {"profileId": own, "benefitIds": [str(benefit)], "extension": {"days": 3}, "idempotencyKey": "k"}
    assert await house.codes(EXTEND, input=asked) == ["UPSTREAM_UNAVAILABLE"]


async def test_what_is_done_is_stored_as_soon_as_the_store_is_back(tmp_path: Path) -> None:
    """Until then it counts as being worked on: nobody reads back, and takes for not made what was taken away since."""

    class Away(SqliteStore):
        is_away = False

        async def update(self, *arguments: Any, **more: Any) -> Intent:
            if self.is_away:
                raise StateUnavailable
            return await super().update(*arguments, **more)

    store = await Away.open(str(tmp_path / "state.db"))
    assert isinstance(store, Away)
    process = Process(store, quarantine_s=2.0)
    attempt = Intent(
        external_id="gw1-x", operation="claim", tenant="t", caller="service:a", profile_id="p", target="1",
        fingerprint="f", owner=process.owner, token="t1", is_sent=True,
    )  # fmt: skip

    async def find(_intent: Intent, _trace: Any) -> str | None:
        return None

    await store.update(attempt, begin(attempt))
    store.is_away = True
    await process.settle_done(Kind(operation="claim", find=find, reference=str), attempt, "7")
    assert [*process.unsettled] == ["gw1-x"]
    await asyncio.sleep(0.3)
    store.is_away = False
    await asyncio.wait_for(process.unsettled["gw1-x"], 5)
    stored = await store.read("gw1-x")
    assert stored is not None
    assert (stored.state, stored.reference, process.unsettled) == (State.DONE, "7", {})
    await store.aclose()


async def test_a_record_that_cannot_be_read_keeps_no_other_from_being_seen_to(tmp_path: Path) -> None:
    """As after going back to a version that does not know it; it stays as it is."""
    store = await SqliteStore.open(str(tmp_path / "state.db"))
    attempt = Intent(
        external_id="gw1-x", operation="claim", tenant="t", caller="service:a", profile_id="p", target="1",
        fingerprint="f", owner="o", token="t1", is_sent=True,
    )  # fmt: skip
    await store.update(attempt, begin(attempt))
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("INSERT INTO intents VALUES ('gw1-y', 'q', 'open', ?)", (b'{"state": "new"}',))
    assert [each.external_id for each in await store.open_intents()] == ["gw1-x"]
    await store.aclose()


@pytest.mark.parametrize("mutation", [CLAIM, ASSIGN])
async def test_a_repeat_by_a_handle_that_was_changed_is_the_same_write(house: House, mutation: str) -> None:
    """What was told under the key stays told, whatever its definition is called by now."""
    own = (await house.profile_ids(1))[0]
    asked = {"profileId": own, "definition": {"handle": "welcome-offer"}, "idempotencyKey": "k"}
    made = await house.data(mutation, input=asked)
    rename = """mutation { updateBenefitDefinition(input: {id: "1", handle: "renamed", idempotencyKey: "r"}) {
        __typename } }"""
    assert (await house.data(rename))["updateBenefitDefinition"]["__typename"] == "BenefitDefinitionUpdated"
    before = await total(house, own)
    assert await house.data(mutation, input=asked) == made
    [other] = (await house.data(mutation, input=asked | {"idempotencyKey": "another"})).values()
    assert other["__typename"] == "DefinitionUnknown"
    assert await total(house, own) == before
