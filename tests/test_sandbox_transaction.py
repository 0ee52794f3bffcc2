"""Transactions of the sandbox, and members' claims of them (API.md §8)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_support import Stand, open_stand

SOLD = {"total": 49.99, "transacted_at": "2026-06-01 10:00:00", "timezone": "UTC"}


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """An empty sandbox."""
    async with open_stand() as opened:
        yield opened


async def sell(stand: Stand, profile: str, **fields: Any) -> dict[str, Any]:
    """Sell something to a profile."""
    made: dict[str, Any] = await stand.data("POST", "/transactions", SOLD | {"profile_id": profile} | fields)
    return made


async def test_a_transaction_is_its_profiles(stand: Stand) -> None:
    """It is listed for the tenant and for its profile, found by a filter, and nobody else's."""
    profile, other = await stand.profile(), await stand.profile()
    made = await sell(stand, profile, external_id="t-1", tags=["web"])
    await sell(stand, other, external_id="t-2")
    assert made["total"] == 49.99
    assert await stand.data("GET", f"/transactions?filter[profile_id]={profile}&filter[tags][handle]=web") == [made]
    assert await stand.data("GET", f"/profiles/{profile}/transactions") == [made]
    assert await stand.data("GET", f"/profiles/{profile}/find-transactions?filter[external_id]=t-1") == made
    for path in ("find-transactions?filter[external_id]=t-2", f"transactions/{made['id'] + 1}"):
        await stand.refused("GET", f"/profiles/{profile}/{path}", status=404)
    member = await stand.member(profile)
    assert (await member.ask("GET", f"/profiles/me/transactions/{made['id']}")).json()["data"] == made
    assert (await member.ask("GET", f"/profiles/me/transactions/{made['id'] + 1}")).status_code == 404
    await stand.data("DELETE", f"/transactions/{made['id']}")
    await stand.refused("GET", f"/transactions/{made['id']}", status=404)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"profile_id": "nobody"}, "profile_id"),
        ({"total": "much"}, "total"),
        ({"transacted_at": "soon"}, "transacted_at"),
        ({"timezone": None}, "timezone"),
        ({"items": [{"quantity": "x"}]}, "items"),
    ],
)
async def test_a_sale_that_makes_no_sense_is_refused(stand: Stand, fields: dict[str, Any], wrong: str) -> None:
    """The field at fault is named."""
    body = SOLD | {"profile_id": await stand.profile()} | fields
    assert set(await stand.errors("POST", "/transactions", body)) == {wrong}


async def test_transactions_are_grouped_by_order(stand: Stand) -> None:
    """Those of one order together, others alone."""
    profile = await stand.profile()
    await sell(stand, profile, order_number="o-1")
    last = await sell(stand, profile, order_number="o-1", transacted_at="2026-06-02 10:00:00")
    alone = await sell(stand, profile)
    groups = await stand.data("GET", f"/profiles/{profile}/group_transactions")
    assert [(each["transaction_id"], each["number_transactions"]) for each in groups] == [
        (last["id"], 2),
        (alone["id"], 1),
    ]
    assert groups[0]["latest_transacted_at"] == "2026-06-02 10:00:00"


async def test_products_are_those_bought_since(stand: Stand) -> None:
    """Each once, from the time that is asked for on."""
    profile = await stand.profile()
    await sell(stand, profile, items=[{"product_variant_id": 7, "name": "Shoe"}, {"product_variant_id": 7}])
    await sell(stand, profile, items=[{"product_variant_id": 8}], transacted_at="2026-06-02 10:00:00")
    path = f"/profiles/{profile}/transaction-products"
    assert [each["id"] for each in await stand.data("GET", path)] == [7, 8]
    since = await stand.data("GET", f"{path}?filter[transacted_at]=2026-06-02 09:59:59")
    assert [each["id"] for each in since] == [8]


async def test_a_claim_waits(stand: Stand) -> None:
    """Its numbers come back as strings; it is listed, read and taken back by its profile alone."""
    profile, other = await stand.profile(), await stand.profile()
    path = f"/profiles/{profile}/transactions/claims"
    body = {"transaction_receipt_ref": 12, "transaction_total": 49.99, "transaction_transacted_at": "2026-06-01"}
    made = await stand.data("POST", path, body)
    assert (made["transaction_receipt_ref"], made["transaction_total"], made["status"]) == ("12", "49.99", "pending")
    assert await stand.data("GET", f"{path}?filter[transaction_receipt_ref]=12") == [made]
    assert await stand.data("GET", f"{path}?filter[transaction_receipt_ref]=13") == []
    await stand.refused("GET", f"/profiles/{other}/transactions/claims/{made['id']}", status=404)
    assert set(await stand.errors("POST", path, {})) == {"transaction_receipt_ref", "transaction_total"}
    await stand.data("DELETE", f"{path}/{made['id']}")
    await stand.refused("GET", f"{path}/{made['id']}", status=404)
