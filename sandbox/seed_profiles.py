"""The members of the seed: varied on purpose, the same on every start."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sandbox.times import written

COUNT = 60
_FIRST = [
    "Ada",
    "Bruno",
    "Chloé",
    "Dilara",
    "Émile",
    "Freya",
    "Gökhan",
    "Hana",
    "Ivo",
    "Jürgen",
    "Kaia",
    "Łucja",
    "Mei",
    "Noor",
    "Óscar",
]
_LAST = [
    "Andersen",
    "Brontë",
    "Castillo",
    "Dubois",
    "Evans",
    "Fischer",
    "García",
    "Hughes",
    "Ito",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "O'Hara",
    "Müller",
    "Nguyễn",
]
_TIERS = ["bronze", "silver", "gold", "platinum"]
TIERS = [
    {"name": name.title(), "handle": name, "is_floor": step == 0, "value_min": step * 500, "value_maintain": step * 400}
    for step, name in enumerate(_TIERS)
]
LOCATIONS = [
    {
        "id": number,
        "type": "retail",
        "name": name,
        "description": None,
        "phone": f"+6139999{number:04d}",
        "email": f"store{number}@example.com",
        "external_id": f"S{number:03d}",
        "is_published": True,
        "is_permanently_closed": number == 3,
    }
    for number, name in enumerate(["Chapel Street", "Bourke Street", "Old Harbour"], start=1)
]


def members(now: datetime, chance: Random) -> list[dict[str, Any]]:
    """List the members, oldest first."""
    return [_member(number, now, chance) for number in range(COUNT)]


def _member(number: int, now: datetime, chance: Random) -> dict[str, Any]:
    first, last = _FIRST[number % len(_FIRST)], _LAST[(number * 7 + number // 15) % len(_LAST)]
    joined = written(now - timedelta(days=700 - number * 5))
    profile_id = str(UUID(int=chance.getrandbits(128), version=4))
    shoes = {"namespace": "shoes", "handle": "size", "type": "string", "value": str(36 + number % 10)}
    row: dict[str, Any] = {
        "id": profile_id,
        "title": None if number % 3 else "Ms",
        "first_name": first,
        "last_name": last,
        "email": f"member{number + 1:02d}@example.com",
        "gender": ["female", "male", "other", "withheld", None][number % 5],
        "currency": ["AUD", "NZD", None][number % 7 % 3],
        "joined_at": joined,
        "mobile_phone": None if number % 6 == 5 else f"+614041{number:05d}",
        "profile_type": "incomplete" if number % 20 == 19 else "active",
        "is_completed": number % 20 != 19,
        "tier_handle": None if number % 10 == 9 else _TIERS[number % 4],
        "tags": [tag for step, tag in ((4, "vip"), (3, "newsletter")) if number % step == 0],
        "statuses": ["staff-friend"] if number % 8 == 0 else [],
        "reward_balance": (number * 13) % 120,
        "point_balance": (number * 137) % 2500,
        "credit_balance": 5 if number % 9 == 0 else 0,
        "custom_attributes": [{**shoes, "profile_id": profile_id}] if number % 2 else [],
        "attributes": {
            "comms": {"email_promo": number % 2 == 0, "sms_promo": number % 3 == 0, "email_optout": False},
            "appearance": {"body_height": None},
            "dates": [],
        },
        "identities": [{"handle": "loyalty_card", "identifier": f"LC{number + 1:06d}"}],
        "created_at": joined,
        "updated_at": joined,
    }
    if number % 3 == 0:
        row["identities"].append({"handle": "shopify", "identifier": f"{7000 + number}"})
    return row | _birth(number) | _places(number)


def _birth(number: int) -> dict[str, Any]:
    if number % 4 == 3:
        return {}
    # One in eight as strings: the older samples have them so (§7.2).
    parts: list[Any] = [number % 28 + 1, number % 12 + 1, 1950 + number]
    day, month, year = [str(part) for part in parts] if number % 8 == 0 else parts
    return {"birth_day": day, "birth_month": month, "birth_year": year}


def _places(number: int) -> dict[str, Any]:
    store = LOCATIONS[number % len(LOCATIONS)]
    address = {
        "id": number + 1,
        "address_line_1": f"{number + 1} Example Street",
        "address_line_2": None,
        "address_line_3": None,
        "company": None,
        "city": "Melbourne",
        "state": "Victoria",
        "iso_state": "VIC",
        "postcode": "3000",
        "country": "Australia",
        "iso": "AU",
        "is_default": True,
        "latitude": None,
        "longitude": None,
        "notes": None,
        "external_id": None,
        "meta": None,
    }
    return {
        "joined_location_id": store["id"],
        "joined_location": store,
        "addresses": [address] if number % 2 == 0 else [],
    }
