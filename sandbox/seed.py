"""The seed: a small retailer, the same on every start but for dates, which lie around now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sandbox.benefit_definition import new_definition
from sandbox.core import Sandbox
from sandbox.profile_change import new_profile
from sandbox.redemption import item_of, record
from sandbox.seed_definitions import catalogue
from sandbox.seed_profiles import TIERS, members
from sandbox.store import Row
from sandbox.times import written
from sandbox.transaction import new_transaction
from sandbox.webhook import DEFAULTS as WEBHOOK

PER_PROFILE = 10
BIG_PROFILE = 40  # the index of the member who holds 500 benefits more
BIG = 500
_PLAIN_KINDS = 20  # definitions that benefits of the seed are made from


def seed(sandbox: Sandbox) -> None:
    """Fill an empty database: 26 definitions, 60 profiles, 1,100 benefits in every state, and what goes with them."""
    now, chance = sandbox.now().astimezone(UTC), Random(2026)  # noqa: S311 — the same on every start
    with sandbox.store.transaction():
        for tier in TIERS:
            sandbox.store.insert("tiers", {**tier, **_blank_tier(sandbox)}, handle=tier["handle"])
        definitions = []
        for number, row in enumerate(catalogue(now)):
            stamp = written(now - timedelta(days=800 - number))
            definitions.append(new_definition(sandbox, {**row, "created_at": stamp, "updated_at": stamp}))
        profiles = [new_profile(sandbox, row) for row in members(now, chance)]
        _benefits(sandbox, now, profiles, definitions)
        for profile in profiles[:30]:
            _reward(sandbox, now, profile)
            _sale(sandbox, now, profile)
        for definition in definitions:
            sandbox.store.save("definitions", definition)
        # Switched off, so that it calls nobody; a live tenant has some too.
        quiet = {"trigger": "benefit.created", "url": "https://pos.example.com/omneo", "namespace": "pos"}
        stamp = sandbox.stamp()
        row = {"user_id": 1, **WEBHOOK, **quiet, "is_active": False, "created_at": stamp, "updated_at": stamp}
        sandbox.store.insert("webhooks", row)


def _benefits(sandbox: Sandbox, now: datetime, profiles: list[Row], definitions: list[Row]) -> None:
    """Give everyone ten benefits of several kinds, and one member five hundred more.

    Profile by profile in turn, so that the list of all benefits is not sorted by owner.
    """
    owners = [(number, profile) for number in range(PER_PROFILE) for profile in profiles]
    owners += [(number, profiles[BIG_PROFILE]) for number in range(PER_PROFILE, PER_PROFILE + BIG)]
    for place, (number, profile) in enumerate(owners):
        # The first one of everybody is of the first, plainest kind.
        definition = definitions[0] if number == 0 else definitions[(place * 7 + number * 2) % _PLAIN_KINDS]
        created = now - timedelta(days=365) + timedelta(minutes=7 * place)
        _benefit(sandbox, now, created, profile, definition, state=(place * 5 + number * 2) % 12)


def _benefit(sandbox: Sandbox, now: datetime, created: datetime, profile: Row, definition: Row, state: int) -> None:
    """Make one benefit in one of twelve states."""
    stamp, most = written(created), definition["max_redemptions"]
    row: dict[str, Any] = {
        "profile_id": profile["id"],
        "definition_id": int(definition["id"]),
        "external_id": None,
        "expires_at": written(now + timedelta(days=20 + state)),
        "issued_at": stamp,
        "redemptions_remaining": most,
        "timezone": "Australia/Melbourne",
        "claimed_at": None,
        "meta": None,
        "redeem_code_pos": definition["redeem_code_pos"],
        "redeem_code_online": definition["redeem_code_online"],
        "value": definition["value"],
        "is_combined": None,
        "combine_meta": None,
        "extended_at": None,
        "source_id": None,
        "source_type": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
    row |= _state(state, now, stamp)
    made = sandbox.store.insert(
        "benefits",
        row,
        profile_id=profile["id"],
        definition_id=int(definition["id"]),
        external_id=row["external_id"],
    )
    definition["total_global_created"] += 1
    if state in (3, 4):
        _redeem(sandbox, made, definition, 1 if state == 4 or most is None else most)


def _state(state: int, now: datetime, stamp: str) -> dict[str, Any]:
    """Tell what sets a state apart; 3 and 4 are redeemed, wholly and in part."""
    apart: dict[int, dict[str, Any]] = {
        1: {"claimed_at": stamp},
        2: {"expires_at": written(now - timedelta(days=9))},
        5: {"extended_at": stamp, "expires_at": written(now + timedelta(days=200))},
        6: {"is_combined": True, "combine_meta": {"count": 2}, "value": 7.5},
        7: {"external_id": f"pos-{stamp.replace(' ', '-')}", "meta": {"till": 4, "note": "Grüße"}},
        8: {"timezone": None, "meta": []},
        9: {"timezone": "Moon/Tranquility"},
        10: {"expires_at": None, "timezone": "UTC"},
        11: {"timezone": "Pacific/Auckland", "redeem_code_pos": "NZ-POS", "redeem_code_online": "NZ-WEB"},
    }
    return apart.get(state, {})


def _redeem(sandbox: Sandbox, benefit: Row, definition: Row, count: int) -> None:
    left = benefit["redemptions_remaining"]
    if left is not None:
        sandbox.store.save("benefits", {**benefit, "redemptions_remaining": max(0, left - count)})
    definition["total_global_redemptions"] += count
    stamp = benefit["created_at"]
    row = record(sandbox, benefit["profile_id"], "redeem", [item_of(benefit, count)])
    then = {"redeem_at": stamp, "created_at": stamp, "updated_at": stamp}
    items = [{**item, "created_at": stamp, "updated_at": stamp} for item in row["items"]]
    sandbox.store.save("redemptions", {**row, **then, "items": items})


def _reward(sandbox: Sandbox, now: datetime, profile: Row) -> None:
    """Give one reward; its times are UTC, with the local ones beside them (§9)."""
    issued, ends = now - timedelta(days=30), now + timedelta(days=60)
    stamp = written(issued)
    definition = {
        "id": 6, "name": "Birthday Reward", "handle": "birthday-reward", "type": "birthday", "value": 10,
        "max_value": None, "period": 90, "period_type": "days", "absolute_expiry": None, "description": None,
        "short_description": None, "long_description": None, "terms_conditions": None, "earn_instructions": None,
        "internal_notes": None, "icon": None, "image_url": None, "extend_days": None, "is_extendable": False,
        "is_assignable": True, "is_reassignable": False, "is_published": True, "tags": [],
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    row = {
        "profile_id": profile["id"],
        "timezone": "UTC",
        "value_initial": 10,
        "value_remaining": 10,
        "issued_at": stamp,
        "issued_local_at": stamp,
        "expires_at": written(ends),
        "expires_local_at": written(ends),
        "extended_at": None,
        "has_notified_issue": None,
        "has_notified_expiry": None,
        "has_notified_extend": None,
        "notify_issue_at": None,
        "notify_expiry_at": None,
        "definition": definition,
        "meta": None,
        "created_at": stamp,
        "updated_at": stamp,
    }
    sandbox.store.insert("rewards", row, profile_id=profile["id"])


def _sale(sandbox: Sandbox, now: datetime, profile: Row) -> None:
    """Sell one thing."""
    sold = {"total": 49.95, "timezone": "UTC", "transacted_at": written(now - timedelta(days=7)), "tags": ["store"]}
    item = {"product_variant_id": 1, "name": "Canvas shoe", "quantity": 1, "price_current": 49.95, "price_sell": 49.95}
    number = sandbox.store.count("transactions") + 1
    names = {"external_id": f"T{number:05d}", "receipt_ref": f"R{number:05d}", "profile_id": profile["id"]}
    new_transaction(sandbox, {**sold, **names, "items": [item]})


def _blank_tier(sandbox: Sandbox) -> dict[str, Any]:
    stamp = sandbox.stamp()
    return {
        "is_assignable": True, "internal_notes": None, "description": None, "short_description": None,
        "long_description": None, "terms_conditions": None, "icon": None, "image_url": None,
        "earn_instructions": None, "disable_credit": False, "tags": [], "meta": None,
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
