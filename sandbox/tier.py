"""Tiers: the ladder, where a profile stands on it, and how far it is to the next step (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import every
from sandbox.core import Sandbox, sandbox_of
from sandbox.store import Row


def standing(sandbox: Sandbox, profile: Row) -> Row | None:
    """Show a profile's tier as it is embedded in the profile; None when it has none."""
    tier = _tier(sandbox, profile["tier_handle"])
    if tier is None:
        return None
    return {
        "id": tier["id"],
        "profile_id": profile["id"],
        "name": tier["name"],
        "handle": tier["handle"],
        "anniversary_at": None,
        "maintained_at": None,
        "assigned_at": None,
        "achieved_at": profile["joined_at"],
    }


def progress(sandbox: Sandbox, profile: Row) -> Row:
    """Show how far a profile is from the next tier, counted in its points."""
    ladder = sandbox.store.rows("tiers", order="json_extract(t.data, '$.value_min')")
    handles = [tier["handle"] for tier in ladder]
    step = handles.index(profile["tier_handle"]) if profile["tier_handle"] in handles else 0
    current = ladder[step] if ladder else None
    following = ladder[step + 1] if step + 1 < len(ladder) else None
    points = profile["point_balance"]
    return {
        "id": int(profile["id"][:6], 16),
        "profile_id": profile["id"],
        "current_tier": current,
        "next_tier": following,
        "prev_tier": ladder[step - 1] if step else None,
        "is_floor": step == 0,
        "current_credit": 0,
        "current_progress": points,
        "current_remain": max(0, current["value_maintain"] - points) if current else None,
        "next_progress": points,
        "next_remain": max(0, following["value_min"] - points) if following else None,
        "total_points_12m": points,
        "total_points_achievement": points,
        "next_progress_change_at": None,
        "anniversary_at": None,
        "maintained_at": None,
        "assigned_at": None,
        "achieved_at": profile["joined_at"],
        "created_at": profile["created_at"],
        "updated_at": profile["updated_at"],
    }


def _tier(sandbox: Sandbox, handle: str | None) -> Row | None:
    return None if handle is None else sandbox.store.get("tiers", handle=handle)


async def definitions(request: Request) -> Response:
    return every(sandbox_of(request).store.rows("tiers"))
