"""Redemptions (§7.4): what was spent, given back and undone."""

from __future__ import annotations

from datetime import timedelta

from sandbox import benefit as benefits
from sandbox.core import Sandbox
from sandbox.problems import not_found, refused
from sandbox.profile import find as find_profile
from sandbox.profile import full_name
from sandbox.profile_account import balances_of
from sandbox.query import Listing
from sandbox.rules import given_back, used
from sandbox.store import Row
from sandbox.times import read_time

REVERSIBLE_FOR = timedelta(minutes=10)
_PRIVATE = ("given_back", "transaction_external_id", "transaction_receipt_ref")
_HAS = "EXISTS (SELECT 1 FROM json_each(t.data, '$.items') i WHERE i.value ->> '$.type' = '{}')"
LISTING = Listing(
    table="redemptions",
    fields=frozenset(
        "id type location_id meta external_id exchange_rate redeem_at has_benefit has_reward has_point has_credit "
        "transaction_external_id transaction_receipt_ref profile_id created_at updated_at linked_source_id "
        "linked_source_type".split()
    ),
    columns={"id": "id", "profile_id": "profile_id"},
    expressions={f"has_{kind}": _HAS.format(kind) for kind in ("benefit", "reward", "point", "credit")},
)


def redeem(sandbox: Sandbox, benefit: Row, count: int) -> Row:
    """Use redemptions of a benefit, and record it. Raises the refusal where they cannot be used."""
    return record(sandbox, benefit["profile_id"], "redeem", [use(sandbox, benefit, count)])


def use(sandbox: Sandbox, benefit: Row, count: int) -> Row:
    """Use redemptions of a benefit, and return the item to record. Raises the refusal where they cannot be used."""
    changed, definition = used(sandbox, benefit, benefits.definition_of(sandbox, benefit), count)
    _save(sandbox, changed, definition)
    sandbox.emit("benefit.redeemed", benefits.shown(sandbox, changed))
    return item_of(changed, count)


def give_back(sandbox: Sandbox, redemption: Row, kind: str, *, count: int | None, amount: float | None) -> Row:
    """Give `count` redemptions and `amount` of money of a redemption back; None is all that is left of it to give.

    Returns the record of it, of kind `return` or `reversal`. Raises the refusal where there is not so much to give.
    """
    count_left = sum(item["count"] - item["given_back"] for item in redemption["items"])
    amount_left = (redemption["total"] or 0) - redemption["given_back"]
    count = count_left if count is None else count
    amount = amount_left if amount is None else amount
    nothing_left = count == 0 and amount == 0
    if redemption["type"] != "redeem" or nothing_left or count > count_left or amount > amount_left:
        raise refused("More than was redeemed can not be returned.")
    items = _given_back(sandbox, redemption, count)
    sandbox.store.save("redemptions", {**redemption, "given_back": redemption["given_back"] + amount})
    if amount:
        profile = find_profile(sandbox, redemption["profile_id"])
        balance = round(profile["reward_balance"] + amount, 2)
        sandbox.store.save("profiles", {**profile, "reward_balance": balance})
    return record(sandbox, redemption["profile_id"], kind, items, total=amount or None)


def _given_back(sandbox: Sandbox, redemption: Row, count: int) -> list[Row]:
    """Give redemptions back, item by item, and note it in the items. Returns what to record."""
    returned = []
    for item in redemption["items"]:
        part = min(count, item["count"] - item["given_back"])
        if part:
            benefit = benefits.find(sandbox, item["benefit_id"])
            changed, definition = given_back(benefit, benefits.definition_of(sandbox, benefit), part)
            _save(sandbox, changed, definition)
            item["given_back"] += part
            returned.append(item_of(changed, part))
        count -= part
    return returned


def check_reversible(sandbox: Sandbox, redemption: Row) -> None:
    """Raise the refusal for a redemption that was more than ten minutes ago (§7.0)."""
    made, now = read_time(redemption["created_at"]), read_time(sandbox.stamp())
    assert made is not None, "it is our own"
    assert now is not None, "it is our own"
    if now - made > REVERSIBLE_FOR:
        raise refused("The redemption can only be reversed within 10 minutes.")


def record(sandbox: Sandbox, profile_id: str, kind: str, items: list[Row], total: float | None = None) -> Row:
    """Write a redemption down."""
    stamp = sandbox.stamp()
    row: Row = {
        "profile_id": profile_id, "type": kind, "total": total, "total_localised": total, "meta": None,
        "location_id": None, "location": None, "transaction_id": None, "transaction": None,
        "transaction_external_id": None, "transaction_receipt_ref": None, "redeem_at": stamp, "items": [],
        "given_back": 0, "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    made = sandbox.store.insert("redemptions", row, profile_id=profile_id)
    numbered = [
        {"id": made["id"] * 100 + n, **each, "created_at": stamp, "updated_at": stamp} for n, each in enumerate(items)
    ]
    return sandbox.store.save("redemptions", {**made, "items": numbered})


def shown(sandbox: Sandbox, redemption: Row) -> Row:
    """Show a redemption with its profile in short and each item whole, as it is now."""
    profile = find_profile(sandbox, redemption["profile_id"])
    row = {name: value for name, value in redemption.items() if name not in _PRIVATE}
    return row | {
        "profile": {
            "first_name": profile["first_name"],
            "last_name": profile["last_name"],
            "full_name": full_name(profile),
            "email": profile["email"],
            "statuses": profile["statuses"],
        },
        "items": [_item_shown(sandbox, item) for item in redemption["items"]],
    }


def summary(sandbox: Sandbox, redemption: Row) -> Row:
    """Show a redemption as a SuccessfulRedemption: what it came to, and what the profile has left (§7.4)."""
    balances = balances_of(sandbox, find_profile(sandbox, redemption["profile_id"]))
    names = (
        "id profile_id total total_localised location_id location meta transaction_external_id "
        "transaction_receipt_ref created_at updated_at"
    )
    return {name: redemption[name] for name in names.split()} | {
        "balances": balances,
        "currency": balances["currency"]["to"],
    }


def find(sandbox: Sandbox, key: int, profile_id: str | None = None) -> Row:
    """Find a redemption, of a profile if one is named. Raises a 404."""
    found = sandbox.store.get("redemptions", **{"id": key} | ({"profile_id": profile_id} if profile_id else {}))
    if found is None:
        raise not_found("Redemption", key)
    return found


def _save(sandbox: Sandbox, benefit: Row, definition: Row) -> None:
    sandbox.store.save("benefits", {**benefit, "updated_at": sandbox.stamp()})
    sandbox.store.save("definitions", definition)


def item_of(benefit: Row, count: int) -> Row:
    """Say what was used of a benefit."""
    return {"type": "benefit", "value": None, "count": count, "benefit_id": benefit["id"], "given_back": 0}


def _item_shown(sandbox: Sandbox, item: Row) -> Row:
    benefit = sandbox.store.get("benefits", id=item.get("benefit_id"))
    whole = benefits.shown(sandbox, benefit) if benefit else {}
    private = ("benefit_id", "given_back")
    return {name: value for name, value in item.items() if name not in private} | {"type_attributes": whole}
