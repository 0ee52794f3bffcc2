"""Attributes of a profile (§8): comms and appearance, which are plain; dates and custom ones, which are lists."""

from __future__ import annotations

from typing import Any

from sandbox import fields as f
from sandbox.core import Sandbox
from sandbox.problems import not_found
from sandbox.store import Row

_DATE: dict[str, f.Rule] = {
    "date": f.moment,
    "handle": f.maybe(f.text),
    "name": f.maybe(f.text),
    "type": f.maybe(f.text),
    "relationship": f.maybe(f.text),
    "is_recurring": f.maybe(f.flag),
    "recurring_schedule": f.maybe(f.text),
    "note": f.maybe(f.text),
    "description": f.maybe(f.text),
    "meta": f.maybe(f.meta),
}
DATE = f.nested(_DATE, required=("date",))
CUSTOM = f.nested(
    {"namespace": f.text, "handle": f.text, "type": f.maybe(f.text), "value": lambda value: value},
    required=("namespace", "handle"),
)


def with_plain(profile: Row, kind: str, given: Row) -> Row:
    """Put given values over a profile's comms or appearance."""
    held = profile["attributes"]
    return {**profile, "attributes": {**held, kind: {**(held.get(kind) or {}), **given}}}


def with_date(sandbox: Sandbox, profile: Row, given: Row) -> tuple[Row, Row]:
    """Put a date into a profile, over the one with its handle and relationship. Returns the profile and the date."""
    dates = profile["attributes"]["dates"]
    key = (given.get("handle"), given.get("relationship"))
    same = next((each for each in dates if (each["handle"], each["relationship"]) == key), None)
    stamp = sandbox.stamp()
    row = dict.fromkeys(_DATE) | (
        same
        or {
            "id": max((each["id"] for each in dates), default=0) + 1,
            "profile_id": profile["id"],
            "created_at": stamp,
        }
    )
    row |= given | {"updated_at": stamp}
    kept = [each for each in dates if each is not same]
    return {**profile, "attributes": {**profile["attributes"], "dates": [*kept, row]}}, row


def without_date(profile: Row, key: int) -> Row:
    """Take a date out of a profile. Raises a 404."""
    dates = profile["attributes"]["dates"]
    kept = [each for each in dates if each["id"] != key]
    if len(kept) == len(dates):
        raise not_found("DateAttribute", key)
    return {**profile, "attributes": {**profile["attributes"], "dates": kept}}


def with_custom(profile: Row, given: Row) -> Row:
    """Put a custom attribute into a profile, over the one of its name."""
    kept = [each for each in profile["custom_attributes"] if _name(each) != _name(given)]
    row = {"type": "string", "value": None, **given, "profile_id": profile["id"]}
    return {**profile, "custom_attributes": [*kept, row]}


def find_custom(profile: Row, namespace: str, handle: str) -> Row:
    """Find a custom attribute. Raises a 404."""
    found: Row | None = next(
        (each for each in profile["custom_attributes"] if _name(each) == (namespace, handle)), None
    )
    if found is None:
        raise not_found("CustomAttribute", f"{namespace}:{handle}")
    return found


def by_namespace(profile: Row) -> dict[str, dict[str, Any]]:
    """Show custom attributes as a profile embeds them: namespace → handle → value (C-11)."""
    shown: dict[str, dict[str, Any]] = {}
    for each in profile["custom_attributes"]:
        shown.setdefault(each["namespace"], {})[each["handle"]] = each["value"]
    return shown


def _name(attribute: Row) -> tuple[str, str]:
    return attribute["namespace"], attribute["handle"]
