"""Identities: a profile's names in other systems (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sandbox.core import Sandbox, body_of, one, sandbox_of
from sandbox.problems import invalid, not_found
from sandbox.query import Listing
from sandbox.store import Row

LISTING = Listing(
    table="identities",
    fields=frozenset({"identifier", "handle", "is_primary", "is_active"}),
    expressions={"identifier": "t.identifier", "handle": "t.handle"},
)


def add(sandbox: Sandbox, profile_id: str, fields: Row, *, is_primary: bool = False) -> Row:
    """Give a profile a name. Raises a 422 when another profile has it."""
    handle, identifier = str(fields.get("handle")), str(fields.get("identifier"))
    held = sandbox.store.get("identities", handle=handle, identifier=identifier)
    if held is not None and held["profile_id"] != profile_id:
        raise invalid({"identifier": ["The identifier has already been taken."]})
    if held is not None:
        return held
    stamp = sandbox.stamp()
    row = {
        "merged_from": None,
        "profile_id": profile_id,
        "handle": handle,
        "identifier": identifier,
        "is_primary": bool(fields.get("is_primary", is_primary)),
        "is_active": bool(fields.get("is_active", True)),
        "created_at": stamp,
        "updated_at": stamp,
    }
    return sandbox.store.insert("identities", row, profile_id=profile_id, handle=handle, identifier=identifier)


def owner(sandbox: Sandbox, handle: str, identifier: str) -> str | None:
    """Tell which profile has a name; None when none has."""
    held = sandbox.store.get("identities", handle=handle, identifier=identifier)
    return held["profile_id"] if held else None


def of_profile(sandbox: Sandbox, profile_id: str) -> list[Row]:
    """List a profile's names."""
    return sandbox.store.rows("identities", "profile_id = ?", [profile_id])


async def change(request: Request, identity: Row) -> Response:
    """Change the given fields of an identity."""
    sandbox, body = sandbox_of(request), await body_of(request)
    changes: Row = {name: body[name] for name in ("identifier", "is_primary", "is_active") if name in body}
    changed: Row = {**identity, **changes, "updated_at": sandbox.stamp()}
    return one(sandbox.store.save("identities", changed, identifier=changed["identifier"]))


def find(sandbox: Sandbox, profile_id: str, **keys: object) -> Row:
    """Find one of a profile's names. Raises a 404."""
    found = sandbox.store.get("identities", profile_id=profile_id, **keys)
    if found is None:
        raise not_found("Identity", next(iter(keys.values())))
    return found
