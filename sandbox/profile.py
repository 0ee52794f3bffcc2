"""Profiles (§7.2): the record, how it is shown, and how one is found."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.requests import Request

from sandbox import identity, profile_attributes
from sandbox.core import Sandbox, sandbox_of
from sandbox.problems import not_found
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
    "attributes": {"comms": {}, "appearance": {}, "dates": []}, "custom_attributes": [], "custom_fields": {},
    "addresses": [], "reward_balance": 0, "point_balance": 0, "credit_balance": 0, "region": None, "regions": [],
    "normal_hours": [], "special_hours": [], "organisations": [], "created_by": None,
}  # fmt: skip
ALIVE = "json_extract(t.data, '$.deleted_at') IS NULL"
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
    columns={"id": "id"},
    members={
        "tags": _MEMBER.format("tags"),
        "tags.handle": _MEMBER.format("tags"),
        "statuses.handle": _MEMBER.format("statuses"),
        "identities.identifier": _IDENTITY,
    },
    searched=("first_name", "last_name", "email", "mobile_phone"),
    sorts=frozenset({"id", "created_at", "updated_at", "first_name", "last_name", "email", "joined_at"}),
)


def shown(sandbox: Sandbox, profile: Row) -> Row:
    """Show a profile: what is stored, what follows from it, and what it is embedded with."""
    identities = identity.of_profile(sandbox, profile["id"])
    points = profile["point_balance"]
    row = {name: value for name, value in profile.items() if name != "deleted_at"}
    return row | _phone(profile["mobile_phone"]) | _birth(sandbox, profile) | {
        "external_id": next((each["identifier"] for each in identities if each["is_primary"]), None),
        "full_name": full_name(profile),
        "identities": identities,
        "tier": standing(sandbox, profile),
        "statuses_original": [{"handle": each, "name": each.replace("-", " ").title()} for each in profile["statuses"]],
        "address": next((each for each in profile["addresses"] if each.get("is_default")), None),
        "custom_attributes": profile_attributes.by_namespace(profile) or [],  # PHP's empty object (C-16)
        "point_balance_dollars": points / 100,
        "combined_balance_dollars": round(profile["reward_balance"] + points / 100, 2),
        "benefit_balance": sandbox.store.count("benefits", "profile_id = ?", [profile["id"]]),
    }  # fmt: skip


def full_name(profile: Row) -> str | None:
    """Join the names there are; None where there is none."""
    return " ".join(name for name in (profile["first_name"], profile["last_name"]) if name) or None


def context(sandbox: Sandbox, profile: Row) -> Row:
    """Show a profile as events and conditions see it (§10, §11)."""
    return shown(sandbox, profile) | {
        "flattened_tags": profile["tags"],
        "flattened_statuses": profile["statuses"],
        "aggregations": aggregations(profile),
    }


def aggregations(profile: Row) -> Row:
    """Count what a profile has bought; a sandbox without transactions derives it from the balance (§8)."""
    spent = profile["reward_balance"]
    return {
        "profile_id": profile["id"],
        "spend_12m": spent * 10,
        "spend_all": spent * 25,
        "spend_atv_12m": spent * 2,
        "shop_count": 5 if spent else 0,
        "shop_days": 4 if spent else 0,
        "spend_first_date": profile["joined_at"] if spent else None,
        "spend_last_date": profile["updated_at"] if spent else None,
    }


def find(sandbox: Sandbox, profile_id: object) -> Row:
    """Find a profile. Raises a 404, also for one that was deleted."""
    found = sandbox.store.get("profiles", id=str(profile_id))
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
    return find(sandbox, key if handle is None else identity.owner(sandbox, handle, key))


def _phone(phone: str | None) -> Row:
    national = phone[3:] if phone and phone.startswith("+61") else None
    return {
        "mobile_phone_country": 61 if national else None,
        "mobile_phone_national": national,
        "mobile_phone_national_prefix": f"0{national}" if national else None,
        "mobile_phone_e164": phone,
    }


def _birth(sandbox: Sandbox, profile: Row) -> Row:
    """Derive what a birthday tells, counted in days around today in UTC."""
    parts = [profile["birth_year"], profile["birth_month"], profile["birth_day"]]
    try:
        born = date(*[int(part) for part in parts])
    except (TypeError, ValueError, OverflowError):  # one is missing, or there is no such day
        return {"birth_date": None, "next_birthday": None, "birth_days": None, "birth_days_past": None}
    today = sandbox.now().date()
    # Who was born on 29 February celebrates on the 28th in other years.
    days = [date(year, born.month, min(born.day, 28) if born.month == 2 else born.day) for year in _years(today)]
    following = next(day for day in days if day >= today)
    before = max(day for day in days if day <= today)
    return {
        "birth_date": born.isoformat(),
        "next_birthday": following.isoformat(),
        "birth_days": (following - today).days,
        "birth_days_past": (today - before).days,
    }


def _years(today: date) -> range:
    return range(today.year - 1, today.year + 2)
