"""Profiles (§7.2): read, found, made, changed."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sandbox import identity
from sandbox.core import Sandbox, body_of, every, listed, nothing, one, sandbox_of
from sandbox.problems import invalid, not_found
from sandbox.query import Listing
from sandbox.store import Row
from sandbox.tier import standing

DEFAULTS: dict[str, Any] = {
    "title": None, "first_name": None, "last_name": None, "email": None, "gender": None, "currency": "AUD",
    "joined_at": None, "mobile_phone": None, "secondary_phone": None, "birth_day": None, "birth_month": None,
    "birth_year": None, "company": None, "occupation": None, "avatar_url": None, "is_completed": False,
    "is_public": False, "profile_type": "active", "joined_location_id": None, "joined_location": None,
    "preferred_location_id": None, "preferred_location": None, "joined_staff_id": None, "joined_staff": None,
    "preferred_staff_id": None, "preferred_staff": None, "tier_handle": None, "tags": [], "statuses": [],
    "attributes": {"comms": {}, "appearance": {}, "dates": []}, "custom_attributes": {}, "custom_fields": {},
    "addresses": [], "reward_balance": 0, "point_balance": 0, "credit_balance": 0, "region": None, "regions": [],
    "normal_hours": [], "special_hours": [], "organisations": [], "created_by": None,
}  # fmt: skip
_ALIVE = "json_extract(t.data, '$.deleted_at') IS NULL"
_MEMBER = "EXISTS (SELECT 1 FROM json_each(t.data, '$.{}') m WHERE {{}})"
_IDENTITY = (
    "EXISTS (SELECT 1 FROM (SELECT i.identifier AS value FROM identities i WHERE i.profile_id = t.id) m WHERE {})"
)

LISTING = Listing(
    table="profiles",
    fields=frozenset(
        "id title first_name last_name email gender currency joined_at mobile_phone secondary_phone birth_day "
        "birth_month birth_year company occupation avatar_url is_completed joined_location_id "
        "preferred_location_id joined_staff_id preferred_staff_id profile_type created_at updated_at tags.handle "
        "statuses.handle identities.identifier".split()
    ),
    expressions={"id": "t.id"},
    members={
        "tags": _MEMBER.format("tags"),
        "tags.handle": _MEMBER.format("tags"),
        "statuses.handle": _MEMBER.format("statuses"),
        "identities.identifier": _IDENTITY,
    },
    searched=("first_name", "last_name", "email", "mobile_phone"),
    sorts=frozenset({"id", "created_at", "updated_at", "first_name", "last_name", "email", "joined_at"}),
)


def new_profile(sandbox: Sandbox, fields: Row) -> Row:
    """Make a profile, and its identities, of what was given and the defaults."""
    stamp = sandbox.stamp()
    identities = fields.get("identities") or []
    given = {name: value for name, value in fields.items() if name in DEFAULTS}
    row = {"id": str(uuid4()), **DEFAULTS, "joined_at": stamp, "created_at": stamp, "updated_at": stamp, **given}
    row |= {name: fields[name] for name in ("id", "created_at", "updated_at") if name in fields}
    row = sandbox.store.insert("profiles", row, id=row["id"])
    for index, each in enumerate(identities):
        identity.add(sandbox, row["id"], each, is_primary=index == 0)
    return row


def shown(sandbox: Sandbox, profile: Row) -> Row:
    """Show a profile: what is stored, what follows from it, and what it is embedded with."""
    identities = sandbox.store.rows("identities", "profile_id = ?", [profile["id"]])
    primary = next((each["identifier"] for each in identities if each["is_primary"]), None)
    names = [profile["first_name"], profile["last_name"]]
    points = profile["point_balance"]
    row = {name: value for name, value in profile.items() if name != "deleted_at"}
    return row | _phone(profile["mobile_phone"]) | _birth(sandbox, profile) | {
        "external_id": primary,
        "full_name": " ".join(name for name in names if name) or None,
        "identities": identities,
        "tier": standing(sandbox, profile),
        "statuses_original": [{"handle": each, "name": each.replace("-", " ").title()} for each in profile["statuses"]],
        "address": next((each for each in profile["addresses"] if each.get("is_default")), None),
        "custom_attributes": profile["custom_attributes"] or [],  # PHP's empty object (C-16)
        "point_balance_dollars": points / 100,
        "combined_balance_dollars": round(profile["reward_balance"] + points / 100, 2),
        "benefit_balance": sandbox.store.count("benefits", "profile_id = ?", [profile["id"]]),
    }  # fmt: skip


def context(sandbox: Sandbox, profile: Row) -> Row:
    """Show a profile as events and conditions see it (§10, §11)."""
    return shown(sandbox, profile) | {
        "flattened_tags": profile["tags"],
        "flattened_statuses": profile["statuses"],
        "aggregations": {"spend_12m": profile["reward_balance"] * 10, "spend_all": profile["reward_balance"] * 25},
    }


def find(sandbox: Sandbox, profile_id: object) -> Row:
    """Find a profile. Raises a 404, also for one that was deleted."""
    found = sandbox.store.get("profiles", id=str(profile_id).lower())
    if found is None or found.get("deleted_at"):
        raise not_found("Profile", profile_id)
    return found


def profile_of(request: Request) -> Row:
    """Find the profile a path names: `me` is the token's (§2.3), and `identity[handle]` reads by identity (§7.0)."""
    sandbox = sandbox_of(request)
    own = getattr(request.state, "profile_id", None)
    if own is not None:
        return find(sandbox, own)
    key = request.path_params["profile"]
    handle = request.query_params.get("identity[handle]")
    return find(sandbox, key if handle is None else identity.owner(sandbox, handle, key) or key)


async def index(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return listed(request, LISTING, lambda profile: shown(sandbox, profile), condition=_ALIVE)


async def create(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("first_name", "last_name", "email"))
    _check(sandbox, body)
    profile = new_profile(sandbox, _titled(body))
    sandbox.emit("profile.created", context(sandbox, profile))
    return one(shown(sandbox, profile), 201)


async def read(request: Request) -> Response:
    return one(shown(sandbox_of(request), profile_of(request)))


async def update(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    body = await body_of(request)
    _check(sandbox, body, profile)
    changes = {name: value for name, value in _titled(body).items() if name in DEFAULTS}
    if "attributes" in changes:
        changes["attributes"] = {**profile["attributes"], **(changes["attributes"] or {})}
    changed = sandbox.store.save("profiles", {**profile, **changes, "updated_at": sandbox.stamp()})
    for each in body.get("identities") or []:
        identity.add(sandbox, profile["id"], each)
    sandbox.emit("profile.updated", context(sandbox, changed))
    return one(shown(sandbox, changed))


async def delete(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    sandbox.store.save("profiles", {**profile, "deleted_at": sandbox.stamp(), "profile_type": "deleted"})
    sandbox.emit("profile.deleted", {"id": profile["id"]})
    return nothing()


async def search_id(request: Request) -> Response:
    """Read a profile by its id or by an identity, both in the body."""
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("type", "id"))
    key: Any = body["id"]
    if body["type"] != "profile_id":
        key = identity.owner(sandbox, str(body["type"]), str(body["id"]))
    return one(shown(sandbox, find(sandbox, key or body["id"])))


async def exists(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("type", "id"))
    key = body["id"] if body["type"] == "profile_id" else identity.owner(sandbox, str(body["type"]), str(body["id"]))
    return one({"id": find(sandbox, key or body["id"])["id"]})


async def availability(request: Request) -> Response:
    sandbox, body = sandbox_of(request), await body_of(request)

    def of(field: str) -> Row | None:
        if body.get(field) is None:
            return None
        taken = _holder(sandbox, field, body[field])
        return {"available": taken is None, "profile": {"id": taken["id"] if taken else None}}

    return one({"email": of("email"), "mobile_phone": of("mobile_phone")})


async def merge(request: Request) -> Response:
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("source_profile_id", "destination_profile_id"))
    source, destination = find(sandbox, body["source_profile_id"]), find(sandbox, body["destination_profile_id"])
    for table in ("benefits", "redemptions", "rewards", "identities"):
        for row in sandbox.store.rows(table, "profile_id = ?", [source["id"]]):
            sandbox.store.save(table, {**row, "profile_id": destination["id"]}, profile_id=destination["id"])
    sandbox.store.save("profiles", {**source, "deleted_at": sandbox.stamp(), "profile_type": "deleted"})
    sandbox.emit("profile.merged", context(sandbox, destination))
    return one(shown(sandbox, destination))


async def update_type(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    body = await body_of(request, required=("profile_type",))
    return one(shown(sandbox, sandbox.store.save("profiles", {**profile, "profile_type": body["profile_type"]})))


async def batch(request: Request) -> Response:
    """Queue profiles to be made or changed; enveloped, unlike other batches (§5)."""
    sandbox = sandbox_of(request)
    body = await body_of(request, required=("match_criteria", "profiles"))
    made = {"id": str(uuid4()), "status": "queued", "total": len(body["profiles"]), "created_at": sandbox.stamp()}
    sandbox.store.insert("batches", made)
    asyncio.get_running_loop().call_later(0.05, _process, sandbox, made, body["profiles"])
    answer = {"message": "Profiles queued for batch import.", "batch_id": made["id"]}
    return one(answer, 202)


def _process(sandbox: Sandbox, batch_row: Row, rows: list[Row]) -> None:
    for row in rows:
        held = _holder(sandbox, "email", row.get("email") or "")
        fields = {name: value for name, value in _titled(row).items() if name in DEFAULTS}
        if held is None:
            new_profile(sandbox, _titled(row))
        else:
            sandbox.store.save("profiles", {**held, **fields})
    sandbox.store.save("batches", {**batch_row, "status": "completed"})


async def attributes(request: Request) -> Response:
    """Read or change one kind of attributes."""
    sandbox, profile = sandbox_of(request), profile_of(request)
    kind = request.path_params["kind"]
    if request.method == "PUT":
        held = profile["attributes"].get(kind) or {}
        changed = {**profile["attributes"], kind: {**held, **(await body_of(request))}}
        profile = sandbox.store.save("profiles", {**profile, "attributes": changed})
    return one(profile["attributes"].get(kind) or {})


async def aggregations(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return one(context(sandbox, profile_of(request))["aggregations"])


async def search_by_identifier(request: Request) -> Response:
    sandbox = sandbox_of(request)
    found = sandbox.store.rows("identities", "identifier = ?", [request.path_params["identifier"]])
    owners = dict.fromkeys(each["profile_id"] for each in found)
    return every([shown(sandbox, find(sandbox, owner)) for owner in owners])


def _holder(sandbox: Sandbox, field: str, value: object) -> Row | None:
    found = sandbox.store.rows(
        "profiles", f"json_extract(t.data, '$.{field}') = ? COLLATE NOCASE AND {_ALIVE}", [str(value)], limit=1
    )
    return found[0] if found else None


def _check(sandbox: Sandbox, body: Row, current: Row | None = None) -> None:
    wrong: dict[str, list[str]] = {}
    for field, text in (("email", "The email exists"), ("mobile_phone", "The phone number exists")):
        held = _holder(sandbox, field, body[field]) if body.get(field) else None
        if held is not None and held["id"] != (current or {}).get("id"):
            wrong[field] = [text]
    if body.get("email") is not None and "@" not in str(body["email"]):
        wrong["email"] = ["The email must be a valid email address."]
    if wrong:
        raise invalid(wrong)


def _titled(body: Row) -> Row:
    """Write names in Title Case, as a live test finds them (§7.2)."""
    names: Row = {name: str(body[name]).title() for name in ("first_name", "last_name") if body.get(name)}
    custom = body.get("custom_attributes")
    if isinstance(custom, list):
        nested: Row = {}
        for each in custom:
            nested.setdefault(each.get("namespace"), {})[each.get("handle")] = each.get("value")
        names["custom_attributes"] = nested
    return {**body, **names}


def _phone(number: str | None) -> Row:
    national = number[3:] if number and number.startswith("+61") else None
    return {
        "mobile_phone_country": 61 if national else None,
        "mobile_phone_national": national,
        "mobile_phone_national_prefix": f"0{national}" if national else None,
        "mobile_phone_e164": number,
    }


def _birth(sandbox: Sandbox, profile: Row) -> Row:
    day, month, year = profile["birth_day"], profile["birth_month"], profile["birth_year"]
    if not (day and month and year):
        return {"birth_date": None, "next_birthday": None, "birth_days": None, "birth_days_past": None}
    today = sandbox.now().date()
    birthdays = [date(each, int(month), min(int(day), 28)) for each in range(today.year - 1, today.year + 2)]
    following = next(each for each in birthdays if each >= today)
    before = max(each for each in birthdays if each <= today)
    return {
        "birth_date": date(int(year), int(month), int(day)).isoformat(),
        "next_birthday": following.isoformat(),
        "birth_days": (following - today).days,
        "birth_days_past": (today - before).days,
    }
