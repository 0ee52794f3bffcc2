"""Transactions: what a profile bought, in one list, by groups, and by product (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox.answers import every, listed, nothing, one
from sandbox.core import Sandbox, sandbox_of
from sandbox.problems import invalid, not_found
from sandbox.profile import profile_of
from sandbox.query import Listing, where
from sandbox.store import Row

LISTING = Listing(
    table="transactions",
    fields=frozenset(
        "profile_id total rounding total_original margin external_id deliver_at transacted_at timezone "
        "receipt_is_email receipt_ref location_id systems.handle type status order_number tags.handle".split()
    ),
    columns={"id": "id", "profile_id": "profile_id"},
    members={
        "tags.handle": "EXISTS (SELECT 1 FROM json_each(t.data, '$.tags') m WHERE {})",
        "systems.handle": "EXISTS (SELECT 1 FROM json_each(t.data, '$.systems') m WHERE {})",
    },
    sorts=frozenset({"id", "created_at", "updated_at", "transacted_at", "total"}),
)
_ITEM: dict[str, f.Rule] = {
    "product_variant_id": f.maybe(f.digits_or_text),
    "name": f.maybe(f.text),
    "quantity": f.maybe(f.number),
    **dict.fromkeys(("price_current", "price_sell", "price_tax", "price_original"), f.maybe(f.number)),
}
_WRITABLE: dict[str, f.Rule] = {
    "profile_id": f.maybe(f.text),
    "total": f.number,
    "total_original": f.maybe(f.number),
    "transacted_at": f.moment,
    "timezone": f.text,
    "location_id": f.maybe(f.digits_or_text),
    **dict.fromkeys(("external_id", "receipt_ref", "order_number", "type", "status"), f.maybe(f.text)),
    "items": f.every(f.nested(_ITEM)),
    "payments": f.every(f.free),
    "tags": f.every(f.text),
    "systems": f.every(f.text),
    "meta": f.maybe(f.meta),
}
_DEFAULTS: Row = {**dict.fromkeys(_WRITABLE), "items": [], "payments": [], "tags": [], "systems": []}


def new_transaction(sandbox: Sandbox, given: Row) -> Row:
    """Make a transaction of what was given and the defaults; what is given is not checked."""
    stamp = sandbox.stamp()
    fixed = {"redemption": None, "location": None, "created_at": stamp, "updated_at": stamp}
    row = {**_DEFAULTS, **fixed, **given}
    return sandbox.store.insert("transactions", row, profile_id=row["profile_id"])


async def index(request: Request) -> Response:
    return listed(request, LISTING, dict)


async def create(request: Request) -> Response:
    body = await f.body_of(request, required=("total", "transacted_at", "timezone"))
    sandbox, given = sandbox_of(request), f.taken(body, _WRITABLE)
    owner = given.get("profile_id")
    if owner is not None and sandbox.store.get("profiles", id=owner) is None:
        raise invalid({"profile_id": ["The selected profile id is invalid."]})
    made = new_transaction(sandbox, given)
    sandbox.emit("transaction.created", made)
    return one(made, 201)


async def read(request: Request) -> Response:
    return one(_transaction(request))


async def delete(request: Request) -> Response:
    sandbox_of(request).store.delete("transactions", id=_transaction(request)["id"])
    return nothing()


async def of_profile(request: Request) -> Response:
    return listed(request, LISTING, dict, within={"profile_id": profile_of(request)["id"]})


async def find_one(request: Request) -> Response:
    """Find a profile's one transaction that the filters fit, the oldest of several."""
    profile = profile_of(request)
    wanted = where(LISTING, request.query_params.multi_items())
    wanted.add("t.profile_id = ?", profile["id"])
    found = sandbox_of(request).store.rows("transactions", wanted.sql, wanted.values, limit=1)
    if not found:
        raise not_found("Transaction", "")
    return one(found[0])


async def grouped(request: Request) -> Response:
    """Group a profile's transactions by their order; one without an order number is a group of its own."""
    groups: dict[object, list[Row]] = {}
    for row in _held(request):
        groups.setdefault(row["order_number"] or row["id"], []).append(row)
    return every(
        [
            {
                "order_number": rows[0]["order_number"],
                "transaction_id": rows[-1]["id"],
                "number_transactions": len(rows),
                "latest_updated_at": max(row["updated_at"] for row in rows),
                "latest_transacted_at": max(row["transacted_at"] for row in rows),
            }
            for rows in groups.values()
        ]
    )


async def products(request: Request) -> Response:
    """List what a profile bought, since `filter[transacted_at]` where there is one: a live test asks so."""
    since = request.query_params.get("filter[transacted_at]", "")
    bought = [item for row in _held(request) if row["transacted_at"] >= since for item in row["items"]]
    variants = {item["product_variant_id"]: item for item in bought if item.get("product_variant_id") is not None}
    return every([{"id": key, "title": item.get("name")} for key, item in variants.items()])


def _held(request: Request) -> list[Row]:
    return sandbox_of(request).store.rows("transactions", "profile_id = ?", [profile_of(request)["id"]])


def _transaction(request: Request) -> Row:
    """Find a transaction, of the profile in the path where there is one. Raises a 404."""
    keys = {"id": request.path_params["transaction"]}
    is_of_profile = "profile" in request.path_params or hasattr(request.state, "profile_id")
    found = sandbox_of(request).store.get(
        "transactions", **keys | ({"profile_id": profile_of(request)["id"]} if is_of_profile else {})
    )
    if found is None:
        raise not_found("Transaction", keys["id"])
    return found


tenant_routes = [
    Route("/transactions", index, methods=["GET"]),
    Route("/transactions", create, methods=["POST"]),
    Route("/transactions/{transaction:id}", read, methods=["GET"]),
    Route("/transactions/{transaction:id}", delete, methods=["DELETE"]),
]


def routes(profile: str) -> list[Route]:
    """Serve a profile's transactions below its path."""
    return [
        Route(f"{profile}/transactions", of_profile, methods=["GET"]),
        Route(f"{profile}/transactions/{{transaction:id}}", read, methods=["GET"]),
        Route(f"{profile}/find-transactions", find_one, methods=["GET"]),
        Route(f"{profile}/group_transactions", grouped, methods=["GET"]),
        Route(f"{profile}/transaction-products", products, methods=["GET"]),
    ]
