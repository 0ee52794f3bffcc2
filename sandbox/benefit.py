"""Benefits (§7.1): the record, how it is assigned, changed and taken away."""

from __future__ import annotations

from typing import Any

from sandbox import fields as f
from sandbox.benefit_definition import embedded, find_by_id
from sandbox.core import Sandbox
from sandbox.expiry import ends, is_expired
from sandbox.problems import invalid, not_found
from sandbox.query import Listing
from sandbox.rules import global_left, is_redeemable, issue
from sandbox.store import Row
from sandbox.times import read_time

_OF_DEFINITION = "(SELECT json_extract(d.data, '$.{}') FROM definitions d WHERE d.id = t.definition_id)"
_TAGGED = "EXISTS (SELECT 1 FROM definitions d, json_each(d.data, '$.tags') m WHERE d.id = t.definition_id AND {})"
LISTING = Listing(
    table="benefits",
    fields=frozenset(
        "benefit_definition_id expires_at issued_at meta external_id timezone claimed_at redeem_code_pos "
        "redeem_code_online value is_combined combine_meta extended_at source_id source_type definition.type "
        "tags.handle created_at updated_at".split()
    ),
    columns={
        "id": "id",
        "profile_id": "profile_id",
        "benefit_definition_id": "definition_id",
        "external_id": "external_id",
    },
    expressions={"definition.type": _OF_DEFINITION.format("type")},
    members={"tags": _TAGGED, "tags.handle": _TAGGED},
    sorts=frozenset({"id", "created_at", "updated_at", "issued_at", "expires_at"}),
)

_PRIVATE = ("definition_id", "ends_by_date")
_ASSIGNED: dict[str, f.Rule] = {
    "profile_id": f.digits_or_text,
    "profile_id_handle": f.maybe(f.text),
    "benefit_definition_id": f.maybe(f.digits_or_text),
    "benefit_definition_handle": f.maybe(f.text),
    "timezone": f.text,
    "external_id": f.maybe(f.text),
    "value": f.maybe(f.number),
    "meta": f.maybe(f.meta),
}
_CHANGEABLE: dict[str, f.Rule] = {
    "external_id": f.maybe(f.text),
    "meta": f.maybe(f.meta),
    "value": f.maybe(f.number),
    "redeem_code_pos": f.maybe(f.text),
    "redeem_code_online": f.maybe(f.text),
}


def shown(sandbox: Sandbox, benefit: Row) -> Row:
    """Show a benefit: what is stored, what follows from it now, and its definition."""
    definition = definition_of(sandbox, benefit)
    left = global_left(definition)
    row = {name: value for name, value in benefit.items() if name not in _PRIVATE}
    return row | {
        "is_expired": is_expired(sandbox, benefit),
        "is_redeemable": is_redeemable(sandbox, benefit, definition),
        # A sample shows 1 for a benefit with one redemption of a definition without a cap (§10).
        "total_global_redemptions_remaining": benefit["redemptions_remaining"] if left is None else left,
        "definition": embedded(sandbox, definition),
    }


def definition_of(sandbox: Sandbox, benefit: Row) -> Row:
    """Read what a benefit is one of."""
    definition = sandbox.store.get("definitions", id=benefit["definition_id"])
    assert definition is not None, "a definition with benefits is not deleted"
    return definition


def assign(sandbox: Sandbox, body: Row) -> Row:
    """Issue a benefit as `POST /benefits` does; assignment is not gated on flags (U-8). Raises a 422."""
    given = f.taken(body, _ASSIGNED)
    definition, profile_id = _definition(sandbox, given), _profile_id(sandbox, given)
    wrong: dict[str, list[str]] = {}
    if profile_id is None:
        wrong["profile_id"] = ["The selected profile id is invalid."]
    if definition is None:
        wrong["benefit_definition_id"] = ["The selected benefit definition id is invalid."]
    for name in ("issued_at", "expires_at"):
        if body.get(name) is not None and read_time(body[name]) is None:
            wrong[name] = [f"The {name.replace('_', ' ')} is not a valid date."]
    if wrong or definition is None or profile_id is None:
        raise invalid(wrong)
    benefit = issue(
        sandbox,
        definition,
        profile_id=profile_id,
        issued_at=f.moment(body["issued_at"]),
        timezone=given["timezone"],
        given={**given, "expires_at": body.get("expires_at")},
    )
    row = shown(sandbox, benefit)
    sandbox.emit("benefit.created", row)
    return row


def change(sandbox: Sandbox, benefit: Row, body: Row) -> Row:
    """Change the given fields of a benefit, and no others (§6). Raises a 422."""
    changed = {**benefit, **f.taken(body, _CHANGEABLE), "updated_at": sandbox.stamp()}
    if body.get("expires_at") is not None:
        if read_time(body["expires_at"]) is None:
            raise invalid({"expires_at": ["The expires at is not a valid date."]})
        changed |= ends(body["expires_at"])
    row = shown(sandbox, sandbox.store.save("benefits", changed, external_id=changed["external_id"]))
    sandbox.emit("benefit.updated", row)
    return row


def remove(sandbox: Sandbox, benefit: Row) -> None:
    """Take a benefit away."""
    row = shown(sandbox, benefit)
    sandbox.store.delete("benefits", id=benefit["id"])
    sandbox.emit("benefit.deleted", row)


def find(sandbox: Sandbox, benefit_id: object, profile_id: str | None = None) -> Row:
    """Find a benefit, of a profile if one is named. Raises a 404."""
    keys: dict[str, Any] = {"id": benefit_id} | ({} if profile_id is None else {"profile_id": profile_id})
    found = sandbox.store.get("benefits", **keys)
    if found is None:
        raise not_found("Benefit", benefit_id)
    return found


def _definition(sandbox: Sandbox, given: Row) -> Row | None:
    """Find what is assigned, by its id or, in a batch, its handle."""
    if given.get("benefit_definition_id") is not None:
        return find_by_id(sandbox, given["benefit_definition_id"])
    return sandbox.store.get("definitions", handle=given.get("benefit_definition_handle"))


def _profile_id(sandbox: Sandbox, given: Row) -> str | None:
    """Find whose benefit it is: a profile's id or, in a batch, its name in another system."""
    key, handle = str(given.get("profile_id")), given.get("profile_id_handle")
    if handle is not None:
        identity = sandbox.store.get("identities", handle=handle, identifier=key)
        key = identity["profile_id"] if identity else ""
    found = sandbox.store.get("profiles", id=key)
    return found["id"] if found and not found.get("deleted_at") else None
