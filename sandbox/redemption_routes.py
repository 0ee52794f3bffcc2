"""Where redemptions are served: those of one profile, and what undoes them (§7.0)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import benefit as benefits
from sandbox import fields as f
from sandbox import redemption as redemptions
from sandbox.answers import every, listed, one
from sandbox.core import Sandbox, sandbox_of
from sandbox.problems import not_found, refused
from sandbox.profile import profile_of
from sandbox.rules import is_redeemable
from sandbox.store import Row

_COUNT: dict[str, f.Rule] = {"count": f.maybe(f.whole(1))}
_SPENT: dict[str, f.Rule] = {
    "amount": f.maybe(f.money),
    "benefits": f.every(
        f.nested({"id": f.maybe(f.whole(0, 2**63 - 1)), "handle": f.maybe(f.text), "quantity": f.whole(1)})
    ),
    "meta": f.maybe(f.meta),
    "location_id": f.maybe(f.whole(0)),
    "transaction_external_id": f.maybe(f.text),
    "transaction_receipt_ref": f.maybe(f.text),
}
_KEPT = ("meta", "location_id", "transaction_external_id", "transaction_receipt_ref")


async def index(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    return listed(
        request,
        redemptions.LISTING,
        lambda row: redemptions.shown(sandbox, row),
        within={"profile_id": profile["id"]},
    )


async def read(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    return one(redemptions.shown(sandbox, redemptions.find(sandbox, request.path_params["redemption"], profile["id"])))


async def count_of_type(request: Request) -> Response:
    """Count a profile's redemptions of one benefit, reward, point or credit."""
    kind = request.path_params["kind"].removesuffix("s")
    item = "EXISTS (SELECT 1 FROM json_each(t.data, '$.items') i WHERE i.value ->> '$.type' = ? AND i.value ->> ? = ?)"
    condition = f"profile_id = ? AND t.data ->> '$.type' = 'redeem' AND {item}"
    values = [profile_of(request)["id"], kind, f"$.{kind}_id" if kind.isalpha() else "$.id", request.path_params["key"]]
    return one({"count": sandbox_of(request).store.count("redemptions", condition, values)})


async def linked(request: Request) -> Response:
    """List the redemptions of linked profiles; here no profile is linked to another."""
    profile_of(request)
    return every([])


async def spend(request: Request) -> Response:
    """Spend reward money and benefits together, or neither (`POST /profiles/{p}/redeem`)."""
    sandbox, body = sandbox_of(request), await f.body_of(request)
    given = f.taken(body, _SPENT)
    with sandbox.together():
        row = _spent(sandbox, profile_of(request), given)
    return one(redemptions.summary(sandbox, row), 201)


async def return_benefit(request: Request) -> Response:
    """Give redemptions of a benefit back, one unless told how many."""
    body = await f.body_of(request)
    count = f.taken(body, _COUNT).get("count") or 1
    return one(redemptions.shown(sandbox_of(request), _given_back(request, "return", count=count, amount=0)), 201)


async def return_value(request: Request) -> Response:
    """Give a redemption back, at any time: so much of its money as `amount` says, or all there is of it."""
    body = await f.body_of(request)
    amount = f.taken(body, _SPENT).get("amount")
    row = _given_back(request, "return", count=None if amount is None else 0, amount=amount)
    return one(redemptions.summary(sandbox_of(request), row), 201)


async def reversal(request: Request) -> Response:
    """Undo a redemption, within ten minutes of it."""
    redemptions.check_reversible(sandbox_of(request), _redemption(request))
    row = _given_back(request, "reversal", count=None, amount=None)
    return one(redemptions.summary(sandbox_of(request), row), 201)


def _given_back(request: Request, kind: str, *, count: int | None, amount: float | None) -> Row:
    sandbox = sandbox_of(request)
    with sandbox.together():
        return redemptions.give_back(sandbox, _redemption(request), kind, count=count, amount=amount)


def _spent(sandbox: Sandbox, profile: Row, given: Row) -> Row:
    amount = given.get("amount") or 0
    if amount > profile["reward_balance"]:
        raise refused("The profile does not have enough balance.")
    sandbox.store.save("profiles", {**profile, "reward_balance": round(profile["reward_balance"] - amount, 2)})
    items = [
        redemptions.use(sandbox, _to_spend(sandbox, profile["id"], each), each.get("quantity", 1))
        for each in given.get("benefits", [])
    ]
    row = redemptions.record(sandbox, profile["id"], "redeem", items, total=amount)
    return sandbox.store.save("redemptions", row | {name: given.get(name) for name in _KEPT})


def _to_spend(sandbox: Sandbox, profile_id: str, wanted: Row) -> Row:
    """Find a benefit by its id, or the one of a handle that ends first. Raises a 404."""
    if wanted.get("id") is not None:
        return benefits.find(sandbox, wanted["id"], profile_id)
    of_handle = "profile_id = ? AND definition_id = (SELECT d.id FROM definitions d WHERE d.handle = ?)"
    order = "json_extract(t.data, '$.expires_at') IS NULL, json_extract(t.data, '$.expires_at')"
    held = sandbox.store.rows("benefits", of_handle, [profile_id, wanted.get("handle")], order=order)
    found = next((row for row in held if is_redeemable(sandbox, row, benefits.definition_of(sandbox, row))), None)
    if found is None:
        raise not_found("Benefit", wanted.get("handle"))
    return found


def _redemption(request: Request) -> Row:
    return redemptions.find(sandbox_of(request), request.path_params["redemption"])


def routes(profile: str) -> list[Route]:
    """Serve a profile's redemptions below its path."""
    return [
        Route(f"{profile}/redemptions", index, methods=["GET"]),
        Route(f"{profile}/linked/redemptions", linked, methods=["GET"]),
        Route(f"{profile}/redemptions/{{redemption:id}}", read, methods=["GET"]),
        Route(f"{profile}/redemptions/{{kind}}/{{key:id}}/count", count_of_type, methods=["GET"]),
        Route(f"{profile}/redeem", spend, methods=["POST"]),
    ]


tenant_routes = [
    Route("/redemptions/{redemption:id}/benefit/return", return_benefit, methods=["POST"]),
    Route("/redemptions/{redemption:id}/return", return_value, methods=["POST"]),
    Route("/redemptions/{redemption:id}/reversal", reversal, methods=["POST"]),
]
