"""How profiles are made, changed and merged (§7.2)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sandbox import fields as f
from sandbox import identity
from sandbox import profile_attributes as attributes
from sandbox.core import Sandbox
from sandbox.problems import invalid
from sandbox.profile import ALIVE, DEFAULTS, context, find
from sandbox.store import Row

GENDERS = ("male", "female", "withheld", "other")
TYPES = ("temporary", "dependant", "incomplete", "pending", "system", "active", "deleted")
_TEXTS = "title currency mobile_phone secondary_phone company occupation avatar_url tier_handle"
_ADDRESS = (
    "address_line_1 address_line_2 address_line_3 company city state iso_state postcode country iso latitude longitude "
    "notes external_id"
)
_WRITABLE: dict[str, f.Rule] = {
    "first_name": f.maybe(f.text),
    "last_name": f.maybe(f.text),
    "email": f.text,
    "gender": f.maybe(f.one_of(*GENDERS)),
    "profile_type": f.one_of(*TYPES),
    **dict.fromkeys(_TEXTS.split(), f.maybe(f.text)),
    **dict.fromkeys(("birth_day", "birth_month", "birth_year"), f.maybe(f.digits_or_text)),
    **dict.fromkeys(("joined_location_id", "preferred_location_id"), f.maybe(f.whole(0))),
    **dict.fromkeys(("joined_staff_id", "preferred_staff_id"), f.maybe(f.digits)),
    "joined_at": f.maybe(f.moment),
    "is_completed": f.flag,
    "tags": f.every(f.text),
    "statuses": f.every(f.text),
    "addresses": f.every(
        f.nested({**dict.fromkeys(_ADDRESS.split(), f.maybe(f.text)), "is_default": f.flag, "meta": f.maybe(f.meta)})
    ),
}
# What is written one way and kept another.
_WRITE_ONLY: dict[str, f.Rule] = {
    "identities": f.every(f.nested(identity.WRITABLE, required=("handle", "identifier"))),
    "attributes": f.nested({"comms": f.free, "appearance": f.free}),
    "comms_attributes": f.free,
    "dates_attributes": f.every(attributes.DATE),
    "custom_attributes": f.every(attributes.CUSTOM),
}


def create(sandbox: Sandbox, body: Row) -> Row:
    """Make a profile of a body. Raises a 422 for what is wrong, an e-mail and a phone that are taken."""
    given = _checked(sandbox, body)
    with sandbox.together():
        plain = {name: value for name, value in given.items() if name in _WRITABLE or name == "identities"}
        profile = new_profile(sandbox, plain)
        profile = sandbox.store.save("profiles", _with_attributes(sandbox, profile, given))
        sandbox.emit("profile.created", context(sandbox, profile))
    return profile


def update(sandbox: Sandbox, profile: Row, body: Row) -> Row:
    """Change the given fields of a profile (§6). Arrays replace what was there; identities are added. Raises a 422."""
    given = _checked(sandbox, body, profile)
    kept = {name: value for name, value in given.items() if name in _WRITABLE}
    with sandbox.together():
        changed = _with_attributes(sandbox, {**profile, **kept, "updated_at": sandbox.stamp()}, given)
        changed = sandbox.store.save("profiles", changed)
        for each in given.get("identities", []):
            identity.add(sandbox, profile["id"], each)
        sandbox.emit("profile.updated", context(sandbox, changed))
    return changed


def upsert(sandbox: Sandbox, body: Row, *, by: str) -> Row:
    """Change the profile that has the body's e-mail, phone or identity, or make one. `by` says which of them."""
    if by in ("email", "mobile_phone"):
        held = holder(sandbox, by, body[by]) if body.get(by) else None
    else:
        named = f.taken(body, {"identities": _WRITE_ONLY["identities"]}).get("identities", [])
        owners = [identity.owner(sandbox, by, each["identifier"]) for each in named if each["handle"] == by]
        held = next((find(sandbox, owner) for owner in owners if owner is not None), None)
    return create(sandbox, body) if held is None else update(sandbox, held, body)


def new_profile(sandbox: Sandbox, given: Row) -> Row:
    """Make a profile, and its identities, of what was given and the defaults; what is given is not checked."""
    stamp = sandbox.stamp()
    row = {"id": str(uuid4()), **DEFAULTS, "joined_at": stamp, "created_at": stamp, "updated_at": stamp}
    row |= {name: value for name, value in given.items() if name in row}
    row = sandbox.store.insert("profiles", row)
    for index, each in enumerate(given.get("identities", [])):
        identity.add(sandbox, row["id"], each, is_primary=index == 0)
    return row


def delete(sandbox: Sandbox, profile: Row) -> None:
    """Hide a profile; its e-mail and phone are free again."""
    gone = {**profile, "deleted_at": sandbox.stamp(), "profile_type": "deleted"}
    sandbox.store.save("profiles", gone)
    sandbox.emit("profile.deleted", context(sandbox, gone))


def merge(sandbox: Sandbox, source: Row, destination: Row) -> Row:
    """Give everything of one profile to another, and delete it."""
    if source["id"] == destination["id"]:
        raise invalid({"destination_profile_id": ["The destination must be another profile."]})
    with sandbox.together():
        for table in ("benefits", "redemptions", "rewards", "identities", "transactions", "transaction_claims"):
            extra = {"merged_from": source["id"], "is_primary": False} if table == "identities" else {}
            for row in sandbox.store.rows(table, "profile_id = ?", [source["id"]]):
                moved = {**row, **extra, "profile_id": destination["id"]}
                sandbox.store.save(table, moved, profile_id=destination["id"])
        sandbox.store.save("profiles", {**source, "deleted_at": sandbox.stamp(), "profile_type": "deleted"})
        sandbox.emit("profile.merged", context(sandbox, destination))
    return destination


def holder(sandbox: Sandbox, field: str, value: object) -> Row | None:
    """Find who has an e-mail or a phone."""
    condition = f"json_extract(t.data, '$.{field}') = ? COLLATE NOCASE AND {ALIVE}"
    found = sandbox.store.rows("profiles", condition, [str(value)], limit=1)
    return found[0] if found else None


def _checked(sandbox: Sandbox, body: Row, current: Row | None = None) -> Row:
    given = f.taken(_unlike_php(body), _WRITABLE | _WRITE_ONLY)
    wrong: dict[str, list[str]] = {}
    for field, text in (("email", "The email exists"), ("mobile_phone", "The phone number exists")):
        held = holder(sandbox, field, given[field]) if given.get(field) else None
        if held is not None and held["id"] != (current or {}).get("id"):
            wrong[field] = [text]
    if given.get("email") is not None and "@" not in given["email"]:
        wrong["email"] = ["The email must be a valid email address."]
    if wrong:
        raise invalid(wrong)
    # Title Case, as a live test finds names (§7.2).
    return given | {name: given[name].title() for name in ("first_name", "last_name") if given.get(name)}


def _unlike_php(body: Row) -> Row:
    """Read PHP's empty array as the empty object it may be, and an answer's custom attributes as those to write."""
    read: dict[str, Any] = dict(body)
    if isinstance(body.get("custom_attributes"), dict):
        read["custom_attributes"] = [
            {"namespace": namespace, "handle": handle, "value": value}
            for namespace, values in body["custom_attributes"].items()
            if isinstance(values, dict)
            for handle, value in values.items()
        ]
    return read


def _with_attributes(sandbox: Sandbox, profile: Row, given: Row) -> Row:
    for kind, values in (given.get("attributes") or {}).items():
        profile = attributes.with_plain(profile, kind, values)
    if "comms_attributes" in given:
        profile = attributes.with_plain(profile, "comms", given["comms_attributes"])
    for each in given.get("dates_attributes", []):
        profile, _ = attributes.with_date(sandbox, profile, each)
    for each in given.get("custom_attributes", []):
        profile = attributes.with_custom(profile, each)
    blank = {**dict.fromkeys(_ADDRESS.split()), "is_default": False, "meta": None}
    addresses = [{"id": n, **blank, **each} for n, each in enumerate(profile["addresses"], start=1)]
    return {**profile, "addresses": addresses}
