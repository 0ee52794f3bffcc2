"""What a profile has: balances, tier progress, rewards (§8)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import tier
from sandbox.answers import listed, one
from sandbox.core import Sandbox, sandbox_of
from sandbox.fields import body_of
from sandbox.problems import invalid, not_found
from sandbox.profile import context, profile_of, shown
from sandbox.query import Listing
from sandbox.store import Row

REWARDS = Listing(
    table="rewards",
    columns={"id": "id"},
    fields=frozenset(
        "value_remaining value_initial expires_at timezone issued_at meta earn_instructions external_id "
        "reward_definition_id external_code source_id source_type created_at".split()
    ),
)


def balances_of(sandbox: Sandbox, profile: Row, currency: str | None = None) -> Row:
    """Count what a profile has to spend; another currency is worth half, so that a difference shows."""
    row = shown(sandbox, profile)
    own = row["currency"] or "AUD"
    rate = 1 if currency in (None, own) else 0.5
    money = {name: row[name] for name in ("reward_balance", "point_balance_dollars", "combined_balance_dollars")}
    return {
        **money,
        "point_balance": row["point_balance"],
        "benefit_balance": row["benefit_balance"],
        "credit_balance": row["credit_balance"],
        "localised": {name: value * rate for name, value in money.items()},
        "currency": {"id": None, "from": own, "to": currency or own, "rate": rate, "is_system": rate == 1},
    }


async def balances(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return one(balances_of(sandbox, profile_of(request), request.query_params.get("currency")))


async def tiers(request: Request) -> Response:
    return one(tier.progress(sandbox_of(request), profile_of(request)))


async def assign_tier(request: Request) -> Response:
    sandbox, body = sandbox_of(request), await body_of(request, required=("tier",))
    profile, found = profile_of(request), sandbox.store.get("tiers", handle=str(body["tier"]))
    if found is None:
        raise invalid({"tier": ["The selected tier is invalid."]})
    changed = sandbox.store.save("profiles", {**profile, "tier_handle": found["handle"]})
    sandbox.emit("tier.achieved", context(sandbox, changed))
    return one(tier.progress(sandbox, changed), 201)


async def rewards(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    return listed(request, REWARDS, lambda reward: reward_shown(sandbox, reward), within={"profile_id": profile["id"]})


async def all_rewards(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return listed(request, REWARDS, lambda reward: reward_shown(sandbox, reward))


async def reward(request: Request) -> Response:
    sandbox, profile, key = sandbox_of(request), profile_of(request), request.path_params["reward"]
    found = sandbox.store.get("rewards", id=key, profile_id=profile["id"])
    if found is None:
        raise not_found("Reward", key)
    return one(reward_shown(sandbox, found))


def reward_shown(sandbox: Sandbox, row: Row) -> Row:
    """Show a reward: its times are UTC, unlike a benefit's (§9)."""
    is_expired = sandbox.stamp() > row["expires_at"]
    return {**row, "is_expired": is_expired, "is_active": not is_expired and row["value_remaining"] > 0}


def routes(profile: str) -> list[Route]:
    """Serve what a profile has below its path."""
    return [
        Route(f"{profile}/balances", balances, methods=["GET"]),
        Route(f"{profile}/tiers", tiers, methods=["GET"]),
        Route(f"{profile}/tiers/calculate", tiers, methods=["GET"]),
        Route(f"{profile}/tiers/assign", assign_tier, methods=["POST"]),
        Route(f"{profile}/rewards", rewards, methods=["GET"]),
        Route(f"{profile}/rewards/{{reward:id}}", reward, methods=["GET"]),
    ]
