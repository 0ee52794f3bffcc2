"""Identities: a profile's names in other systems (§8)."""

from __future__ import annotations

from sandbox import fields as f
from sandbox.core import Sandbox
from sandbox.problems import invalid, not_found
from sandbox.query import Listing
from sandbox.store import Row

WRITABLE: dict[str, f.Rule] = {
    "handle": f.text,
    "identifier": f.text,
    "is_primary": f.flag,
    "is_active": f.flag,
}
LISTING = Listing(
    table="identities",
    fields=frozenset({"identifier", "handle", "is_primary", "is_active"}),
    columns={"id": "id", "identifier": "identifier", "handle": "handle"},
)


def add(sandbox: Sandbox, profile_id: str, given: Row, *, is_primary: bool = False) -> Row:
    """Give a profile a name. One it has already stays; raises a 422 when another profile has it."""
    handle, identifier = given["handle"], given["identifier"]
    held = sandbox.store.get("identities", handle=handle, identifier=identifier)
    if held is not None and held["profile_id"] != profile_id:
        raise _taken()
    if held is not None:
        return held
    stamp = sandbox.stamp()
    row = {
        "merged_from": None,
        "profile_id": profile_id,
        "handle": handle,
        "identifier": identifier,
        "is_primary": given.get("is_primary", is_primary),
        "is_active": given.get("is_active", True),
        "created_at": stamp,
        "updated_at": stamp,
    }
    made = sandbox.store.insert("identities", row, profile_id=profile_id, handle=handle, identifier=identifier)
    sandbox.emit("identity.created", made)
    return made


def change(sandbox: Sandbox, identity: Row, body: Row) -> Row:
    """Change the given fields of an identity; its handle stays. Raises a 422."""
    given = f.taken(body, {name: rule for name, rule in WRITABLE.items() if name != "handle"})
    changed = {**identity, **given, "updated_at": sandbox.stamp()}
    held = sandbox.store.get("identities", handle=identity["handle"], identifier=changed["identifier"])
    if held is not None and held["id"] != identity["id"]:
        raise _taken()
    return sandbox.store.save("identities", changed, identifier=changed["identifier"])


def owner(sandbox: Sandbox, handle: str, identifier: str) -> str | None:
    """Tell which profile has a name; None when none has."""
    held = sandbox.store.get("identities", handle=handle, identifier=identifier)
    return held["profile_id"] if held else None


def of_profile(sandbox: Sandbox, profile_id: str) -> list[Row]:
    """List a profile's names."""
    return sandbox.store.rows("identities", "profile_id = ?", [profile_id])


def find(sandbox: Sandbox, profile_id: str, **keys: object) -> Row:
    """Find one of a profile's names. Raises a 404."""
    found = sandbox.store.get("identities", profile_id=profile_id, **keys)
    if found is None:
        raise not_found("Identity", next(iter(keys.values())))
    return found


def _taken() -> Exception:
    return invalid({"identifier": ["The identifier has already been taken."]})
