"""Claims of transactions: a member says a receipt is theirs (§8). None is ever matched here; each stays pending."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import fields as f
from sandbox.answers import listed, nothing, one
from sandbox.core import sandbox_of
from sandbox.problems import not_found
from sandbox.profile import profile_of
from sandbox.query import Listing
from sandbox.store import Row

LISTING = Listing(
    table="transaction_claims",
    fields=frozenset(
        {"status", "transaction_receipt_ref", "transaction_location_external_code", "transaction_timezone"}
    ),
    columns={"id": "id"},
)
_WRITABLE: dict[str, f.Rule] = {
    "transaction_receipt_ref": lambda value: str(f.digits_or_text(value)),
    "transaction_transacted_at": f.moment,
    "transaction_timezone": f.text,
    "transaction_total": lambda value: f"{f.number(value):.2f}",
    "transaction_location_external_code": f.maybe(f.text),
}


async def index(request: Request) -> Response:
    return listed(request, LISTING, dict, within={"profile_id": profile_of(request)["id"]})


async def create(request: Request) -> Response:
    """Note a claim; numbers come back as strings, as a live test finds them."""
    body = await f.body_of(request, required=("transaction_receipt_ref", "transaction_total"))
    sandbox, given, stamp = sandbox_of(request), f.taken(body, _WRITABLE), sandbox_of(request).stamp()
    row = {
        "profile_id": profile_of(request)["id"], "status": "pending", **dict.fromkeys(_WRITABLE), **given,
        "attempts": 0, "claimed_transaction_id": None, "claimed_at": None, "last_checked_at": None,
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    return one(sandbox.store.insert("transaction_claims", row, profile_id=row["profile_id"]), 201)


async def read(request: Request) -> Response:
    return one(_claim(request))


async def delete(request: Request) -> Response:
    sandbox_of(request).store.delete("transaction_claims", id=_claim(request)["id"])
    return nothing()


def _claim(request: Request) -> Row:
    key = request.path_params["claim"]
    found = sandbox_of(request).store.get("transaction_claims", id=key, profile_id=profile_of(request)["id"])
    if found is None:
        raise not_found("TransactionClaim", key)
    return found


def routes(profile: str) -> list[Route]:
    """Serve a profile's claims of transactions below its path."""
    return [
        Route(f"{profile}/transactions/claims", index, methods=["GET"]),
        Route(f"{profile}/transactions/claims", create, methods=["POST"]),
        Route(f"{profile}/transactions/claims/{{claim:id}}", read, methods=["GET"]),
        Route(f"{profile}/transactions/claims/{{claim:id}}", delete, methods=["DELETE"]),
    ]
