"""The catalogue of the seed: one definition for every rule (§10), the plainest first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.times import written

PLAIN: dict[str, Any] = {
    "period": 90,
    "is_published": True,
    "is_assignable": True,
    "is_claimable": True,
    "is_reclaimable": True,
    "terms_conditions": "One use per visit. Not with other offers.",
    "earn_instructions": "Claim it in the app.",
    "redeem_instructions_store": "Show the code at the till.",
    "redeem_instructions_online": "Enter the code at checkout.",
    "image_url": "https://images.example.com/benefit.jpg",
}


def catalogue(now: datetime) -> list[dict[str, Any]]:
    """List the definitions in the order they are made; windows are set around `now`."""

    def at(days: int) -> str:
        return written(now + timedelta(days=days))

    rows: list[dict[str, Any]] = [
        _row(
            "welcome-offer", "Welcome offer", type="discount", value=10, tags=["welcome"], redeem_code_pos="WELCOME10"
        ),
        _row(
            "birthday-gift", "Birthday gift", type="gift", is_reclaimable=False, tags=["birthday"], campaign="birthdays"
        ),
        _row("staff-gesture", "Staff gesture", type="other", is_claimable=False, internal_notes="For complaints."),
        _row(
            "summer-preview", "Summer preview", type="event", claim_period_start_at=at(30), claim_period_end_at=at(60)
        ),
        _row("last-season", "Last season", type="discount", claim_period_start_at=at(-90), claim_period_end_at=at(-30)),
        _row(
            "this-month", "This month only", type="discount", claim_period_start_at=at(-10), claim_period_end_at=at(20)
        ),
        _row("for-her", "For her", type="gift", claim_condition={"and": [{"===": ["female", {"var": "gender"}]}]}),
        _row("gold-lounge", "Gold lounge", type="event", claim_condition={"===": [{"var": "tier_handle"}, "gold"]}),
        _row("vip-preview", "VIP preview", type="event", claim_condition={"in": ["vip", {"var": "flattened_tags"}]}),
        _row("coffee-code", "Free coffee", type="voucher", total_allocations=1000, total_allocations_remaining=700),
        _row(
            "sold-out",
            "Sold-out voucher",
            type="voucher",
            total_allocations=50,
            total_allocations_remaining=0,
            force_allocation=True,
        ),
        _row("first-hundred", "First hundred", type="bonus", max_global_redemptions=100, total_global_redemptions=100),
        _row("first-thousands", "First thousands", type="bonus", max_global_redemptions=5000, max_redemptions=3),
        _row(
            "free-alterations",
            "Free alterations",
            type="gift",
            max_redemptions=None,
            period=365,
            tags=["gold", "in-store"],
        ),
        _row("secret-sale", "Secret sale", type="discount", is_published=False),
        _row("retired-perk", "Retired perk", type="other", is_archived=True),
        _row("extendable-pass", "Extendable pass", type="event", is_extendable=True, is_reassignable=True),
        _row("self-service", "Self-service treat", type="gift", allow_user_redeem=True, max_redemptions=3),
        _row(
            "year-end",
            "Until the year ends",
            type="value",
            period_type="absolute_date",
            absolute_expiry=f"{now.year}-12-31",
        ),
        _row("six-months", "Six months of care", type="bonus", period=6, period_type="months", max_redemptions=6),
        _row("two-years", "Two-year warranty", type="other", period=2, period_type="years", is_claimable=False),
        _row("four-weeks", "Four-week trial", type="bonus", period=4, period_type="weeks", is_reclaimable=False),
        _row(
            "look-only",
            "Look only",
            type="competition",
            claim_condition={"===": [1, 2]},
            view_condition={"===": [1, 1]},
        ),
        _row(
            "rich-reader",
            "For savers",
            type="value",
            value=25.5,
            currency="AUD",
            claim_condition={">": [{"var": "reward_balance"}, 50]},
        ),
        _row("hidden-view", "Members with a birthday", type="gift", view_condition={"!!": [{"var": "birth_month"}]}),
        _row(
            "melbourne-only",
            "Melbourne only",
            type="event",
            region_id=1,
            region={"id": 1, "name": "Victoria", "handle": "vic"},
        ),
    ]
    return rows


def _row(handle: str, name: str, **fields: Any) -> dict[str, Any]:
    texts = {
        "description": f"{name}: what staff need to know.",
        "short_description": name,
        "long_description": f"<p>{name}, for members of the programme.</p>",
    }
    return {**PLAIN, **texts, "handle": handle, "name": name, **fields}
