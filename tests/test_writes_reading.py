"""Read-backs over tenants that ignore filters and sorts: what is missing from an answer must really be missing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from house import House, open_house
from test_redeem import REDEEM, given, left, redeem

import omneo
from telemetry import Trace

PROFILE = "f38b2ffc-80a4-4f5a-91c9-bc701e7ea419"
DEFINITION = {"id": "1", "name": "n", "handle": "h"}


def benefit(number: int) -> dict[str, Any]:
    """Make a benefit whose external id is its number."""
    state = {"is_expired": False, "is_redeemable": True}
    return {"id": number, "profile_id": PROFILE, "definition": DEFINITION, "external_id": f"x-{number}", **state}


def redemption(number: int) -> dict[str, Any]:
    """Make a redemption."""
    return {"id": number, "profile_id": PROFILE, "type": "redeem", "items": []}


class Stubborn:
    """Answer lists oldest first, page by page, whatever is filtered for and sorted by."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.calls = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        size = min(100, int(request.url.params["page[size]"]))
        number = int(request.url.params.get("page[number]", "1"))
        meta = {"current_page": number, "per_page": size, "total": len(self.rows)}
        return httpx.Response(200, json={"data": self.rows[(number - 1) * size : number * size], "meta": meta})


@pytest.fixture(name="stubborn")
def stubborn_fixture() -> Stubborn:
    return Stubborn([])


@pytest.fixture(name="client")
async def client_fixture(stubborn: Stubborn) -> AsyncIterator[omneo.Client]:
    """A client of a tenant that ignores filters and sorts."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(stubborn)) as http:
        upstream = omneo.Upstream(http, api_url="http://omneo/api/v3", id_url="http://omneo/id/api/v1", token="t")
        yield upstream.as_service(Trace.begin())


async def test_ignored_filter_hides_no_benefit(stubborn: Stubborn, client: omneo.Client) -> None:
    """Where rows of other external ids come, the whole list is read: nothing is sent again for a row on page three."""
    stubborn.rows = [benefit(number) for number in range(250)]
    found = await omneo.find_by_external_id(client, "x-249", profile_id=PROFILE)
    assert [row.id for row in found] == [249]
    assert stubborn.calls == 3
    assert await omneo.find_by_external_id(client, "x-250", profile_id=PROFILE) == []


async def test_ignored_sort_hides_no_redemption(stubborn: Stubborn, client: omneo.Client) -> None:
    """Where the oldest come first, the end of the list is read."""
    stubborn.rows = [redemption(number) for number in range(1, 251)]
    found = await omneo.newest_redemptions(client, PROFILE, 20)
    assert {row.id for row in found} == set(range(231, 251))
    stubborn.rows = [redemption(1)]
    assert [row.id for row in await omneo.newest_redemptions(client, PROFILE, 20)] == [1]


async def test_redemption_answered_with_a_benefit_is_read_back(house: House) -> None:
    """Omneo's SDK expects a benefit where its documents promise a redemption (C-3): either way it is found."""
    own = (await house.profile_ids(1))[0]
    held = await given(house, own, "six-months")
    body = await house.rest("GET", f"/benefits/{held}")
    rule = {"method": "POST", "path": "*/redeem", "action": "status", "status": 200, "after": True, "body": body}
    await house.faults(rule)
    result = await redeem(house, held)
    assert result["__typename"] == "BenefitRedeemed"
    assert result["benefit"]["redemptionsRemaining"] == await left(house, held) == 5


async def test_fewer_redemptions_without_a_record_are_not_taken_for_none() -> None:
    """Something used the benefit, and no list shows what: nobody says that it was not this request."""
    async with open_house(REQUEST_DEADLINE_S="1.5") as house:
        own = (await house.profile_ids(1))[0]
        held = await given(house, own, "six-months")
        lost = {"method": "POST", "path": "*/redeem", "action": "status", "status": 502, "after": True}
        empty = {"path": "*/redemptions", "action": "status", "status": 200, "body": {"data": []}}
        await house.faults(lost, empty)
        asked = {"benefitId": str(held), "idempotencyKey": "k"}
        assert (await house.data(REDEEM, input=asked))["redeemBenefit"]["__typename"] == "BenefitPending"
        await house.faults()
        assert (await house.data(REDEEM, input=asked))["redeemBenefit"]["__typename"] == "BenefitRedeemed"
        assert await left(house, held) == 5
