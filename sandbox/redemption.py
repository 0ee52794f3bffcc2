"""Redemptions: what was spent, given back and undone (§7.4)."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import benefit as benefits
from sandbox.core import Sandbox, body_of, listed, one, read_time, sandbox_of
from sandbox.problems import not_found, refused
from sandbox.profile import find as find_profile
from sandbox.profile import profile_of
from sandbox.profile_account import balances_of
from sandbox.query import Listing
from sandbox.rules import given_back, used
from sandbox.store import Row

LISTING = Listing(
    table="redemptions",
    fields=frozenset(
        "id type location_id meta external_id redeem_at transaction_external_id transaction_receipt_ref profile_id "
        "created_at updated_at linked_source_id linked_source_type has_benefit".split()
    ),
    expressions={
        "id": "t.id",
        "profile_id": "t.profile_id",
        "has_benefit": "EXISTS (SELECT 1 FROM json_each(t.data, '$.items') i WHERE i.value ->> '$.type' = 'benefit')",
    },
)
REVERSIBLE_FOR = timedelta(minutes=10)


def redeem(sandbox: Sandbox, benefit: Row, count: int) -> Row:
    """Use redemptions of a benefit, and record it. Raises the refusal where they cannot be used."""
    definition = sandbox.store.get("definitions", id=benefit["definition_id"]) or {}
    benefit, definition = used(sandbox, benefit, definition, count)
    row = _record(sandbox, "redeem", benefit, definition, count)
    sandbox.emit("benefit.redeemed", benefits.shown(sandbox, benefit))
    return row


def shown(sandbox: Sandbox, redemption: Row) -> Row:
    """Show a redemption with its profile in short and each item whole, as it is now."""
    profile = find_profile(sandbox, redemption["profile_id"])
    names = [profile["first_name"], profile["last_name"]]
    return redemption | {
        "profile": {
            "first_name": profile["first_name"],
            "last_name": profile["last_name"],
            "full_name": " ".join(name for name in names if name),
            "email": profile["email"],
            "statuses": profile["statuses"],
        },
        "items": [_item(sandbox, item) for item in redemption["items"]],
    }


async def index(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    return listed(request, LISTING, lambda row: shown(sandbox, row), within={"profile_id": profile["id"]})


async def read(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    return one(shown(sandbox, _redemption(sandbox, request, profile["id"])))


async def return_benefit(request: Request) -> Response:
    """Give redemptions of a benefit back."""
    sandbox = sandbox_of(request)
    redemption = _redemption(sandbox, request)
    count = (await body_of(request)).get("count", 1)
    if count > sum(item["count"] or 0 for item in redemption["items"]):
        raise refused("More than was redeemed can not be returned.")
    return one(shown(sandbox, _undo(sandbox, redemption, "return", count)))


async def return_value(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return one(_successful(sandbox, _undo(sandbox, _redemption(sandbox, request), "return", 1)))


async def reversal(request: Request) -> Response:
    """Undo a redemption, within ten minutes of it."""
    sandbox = sandbox_of(request)
    redemption = _redemption(sandbox, request)
    made, now = read_time(redemption["created_at"]), read_time(sandbox.stamp())
    if made is None or now is None or now - made > REVERSIBLE_FOR:
        raise refused("The redemption can only be reversed within 10 minutes.")
    count = sum(item["count"] or 0 for item in redemption["items"])
    return one(_successful(sandbox, _undo(sandbox, redemption, "reversal", count)))


async def spend(request: Request) -> Response:
    """Spend reward money and benefits together (`POST /profiles/{p}/redeem`)."""
    sandbox, profile = sandbox_of(request), profile_of(request)
    body = await body_of(request)
    amount = body.get("amount") or 0
    if amount > profile["reward_balance"]:
        raise refused("The profile does not have enough balance.")
    profile = sandbox.store.save("profiles", {**profile, "reward_balance": profile["reward_balance"] - amount})
    rows = [
        redeem(sandbox, benefits.find(sandbox, each["id"], profile["id"]), each.get("quantity", 1))
        for each in body.get("benefits") or []
        if each.get("id") is not None
    ]
    row = rows[-1] if rows else _stored(sandbox, profile["id"], "redeem", [], total=amount)
    extra = {name: body.get(name) for name in ("transaction_external_id", "transaction_receipt_ref", "meta")}
    return one(_successful(sandbox, sandbox.store.save("redemptions", {**row, **extra, "total": amount})))


async def count_of_type(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    return one({"count": sandbox.store.count("redemptions", "profile_id = ?", [profile["id"]])})


def _record(sandbox: Sandbox, kind: str, benefit: Row, definition: Row, count: int) -> Row:
    stamp = sandbox.stamp()
    sandbox.store.save("benefits", {**benefit, "updated_at": stamp})
    sandbox.store.save("definitions", definition)
    item = {"type": "benefit", "value": None, "count": count, "benefit_id": benefit["id"]}
    return _stored(sandbox, benefit["profile_id"], kind, [item])


def _stored(sandbox: Sandbox, profile_id: str, kind: str, items: list[Row], total: float | None = None) -> Row:
    stamp = sandbox.stamp()
    row: Row = {
        "profile_id": profile_id,
        "type": kind,
        "total": total,
        "total_localised": total,
        "meta": None,
        "location_id": None,
        "location": None,
        "transaction_id": None,
        "transaction": None,
        "transaction_external_id": None,
        "transaction_receipt_ref": None,
        "redeem_at": stamp,
        "items": [],
        "created_at": stamp,
        "updated_at": stamp,
    }
    made = sandbox.store.insert("redemptions", row, profile_id=profile_id)
    numbered = [
        {"id": made["id"] * 10 + n, **each, "created_at": stamp, "updated_at": stamp} for n, each in enumerate(items)
    ]
    return sandbox.store.save("redemptions", {**made, "items": numbered})


def _undo(sandbox: Sandbox, redemption: Row, kind: str, count: int) -> Row:
    row = redemption
    for item in redemption["items"]:
        if item["type"] == "benefit":
            benefit = benefits.find(sandbox, item["benefit_id"])
            definition = sandbox.store.get("definitions", id=benefit["definition_id"]) or {}
            row = _record(sandbox, kind, *given_back(benefit, definition, count), count)
    return row


def _item(sandbox: Sandbox, item: Row) -> Row:
    benefit = sandbox.store.get("benefits", id=item.get("benefit_id"))
    whole = benefits.shown(sandbox, benefit) if benefit else {}
    return {name: value for name, value in item.items() if name != "benefit_id"} | {"type_attributes": whole}


def _redemption(sandbox: Sandbox, request: Request, profile_id: str | None = None) -> Row:
    key = request.path_params["redemption"]
    found = sandbox.store.get("redemptions", **{"id": key} | ({"profile_id": profile_id} if profile_id else {}))
    if found is None:
        raise not_found("Redemption", key)
    return found


def _successful(sandbox: Sandbox, redemption: Row) -> Row:
    profile = find_profile(sandbox, redemption["profile_id"])
    balances = balances_of(sandbox, profile)
    names = (
        "id profile_id total total_localised location_id location meta transaction_external_id "
        "transaction_receipt_ref created_at updated_at"
    )
    return {name: redemption.get(name) for name in names.split()} | {
        "balances": balances,
        "currency": balances["currency"]["to"],
    }


def routes(profile: str) -> list[Route]:
    """Serve a profile's redemptions below its path."""
    return [
        Route(f"{profile}/redemptions", index, methods=["GET"]),
        Route(f"{profile}/redemptions/{{redemption:int}}", read, methods=["GET"]),
        Route(f"{profile}/redemptions/{{kind}}/{{id}}/count", count_of_type, methods=["GET"]),
        Route(f"{profile}/redeem", spend, methods=["POST"]),
    ]


tenant_routes = [
    Route("/redemptions/{redemption:int}/benefit/return", return_benefit, methods=["POST"]),
    Route("/redemptions/{redemption:int}/return", return_value, methods=["POST"]),
    Route("/redemptions/{redemption:int}/reversal", reversal, methods=["POST"]),
]
