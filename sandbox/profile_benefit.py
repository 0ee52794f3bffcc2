"""Benefits of one profile: held, claimable, viewable, claimed, redeemed (§7.0)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import benefit as benefits
from sandbox import redemption as redemptions
from sandbox.benefit_definition import find as find_definition
from sandbox.benefit_definition import shown as shown_definition
from sandbox.core import Sandbox, body_of, every, listed, one, sandbox_of
from sandbox.problems import invalid, refused
from sandbox.profile import context, profile_of
from sandbox.rules import holds, is_redeemable, issue, why_not_claimable
from sandbox.store import Row


def claim(sandbox: Sandbox, profile: Row, body: Row) -> Row:
    """Claim a definition for a profile, by its handle. Raises the refusal of the rule in the way (§10)."""
    definition = find_definition(sandbox, body["definition"])
    if definition is None:
        raise invalid({"definition": ["The selected definition is invalid."]})
    problem = why_not_claimable(sandbox, definition, context(sandbox, profile))
    if problem is not None:
        raise refused(problem)
    now = sandbox.wall(body["timezone"])
    benefit = issue(
        sandbox,
        definition,
        profile_id=profile["id"],
        issued_at=now,
        timezone=body["timezone"],
        claimed_at=now,
        given=body,
    )
    sandbox.emit("benefit.claimed", benefits.shown(sandbox, benefit))
    return benefit


async def index(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    within = {"profile_id": profile["id"]}
    return listed(request, benefits.LISTING, lambda row: benefits.shown(sandbox, row), within=within)


async def redeemable(request: Request) -> Response:
    """List what can be redeemed now. Whether it can follows from the clock, so the database is told which."""
    sandbox, profile = sandbox_of(request), profile_of(request)
    held = sandbox.store.rows("benefits", "profile_id = ?", [profile["id"]])
    definitions = {row["definition_id"] for row in held}
    known = {each: sandbox.store.get("definitions", id=each) or {} for each in definitions}
    ids = [row["id"] for row in held if is_redeemable(sandbox, row, known[row["definition_id"]])]
    condition = f"t.id IN ({', '.join(str(int(each)) for each in ids)})"
    return listed(request, benefits.LISTING, lambda row: benefits.shown(sandbox, row), condition=condition)


async def claimable(request: Request) -> Response:
    sandbox = sandbox_of(request)
    seen_by = context(sandbox, profile_of(request))
    rows = [row for row in sandbox.store.rows("definitions") if why_not_claimable(sandbox, row, seen_by) is None]
    return every([shown_definition(row) for row in rows])


async def viewable(request: Request) -> Response:
    """List what a profile may be shown, also where it may not claim it (§10)."""
    sandbox = sandbox_of(request)
    seen_by = context(sandbox, profile_of(request))
    rows = [
        row
        for row in sandbox.store.rows("definitions")
        if row["is_published"] and not row["is_archived"] and holds(row["view_condition"], seen_by)
    ]
    return every([shown_definition(row) for row in rows])


async def create_claim(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    body = await body_of(request, required=("definition", "timezone"))
    return one(benefits.shown(sandbox, claim(sandbox, profile, body)), 201)


async def create_claim_by_path(request: Request) -> Response:
    """Claim by a definition's id in the path, without a body: the guides' form (C-2)."""
    sandbox, profile = sandbox_of(request), profile_of(request)
    body = {"timezone": "UTC", **(await body_of(request)), "definition": str(request.path_params["benefit"])}
    return one(benefits.shown(sandbox, claim(sandbox, profile, body)), 201)


async def claim_and_redeem(request: Request) -> Response:
    sandbox, profile = sandbox_of(request), profile_of(request)
    body = await body_of(request, required=("definition", "timezone"))
    with sandbox.store.transaction():
        redemption = redemptions.redeem(sandbox, claim(sandbox, profile, body), 1)
    return one(redemptions.shown(sandbox, redemption), 201)


async def redeem(request: Request) -> Response:
    sandbox, held = sandbox_of(request), _benefit(request)
    count = (await body_of(request)).get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise invalid({"count": ["The count must be at least 1."]})
    return one(redemptions.shown(sandbox, redemptions.redeem(sandbox, held, count)), 201)


async def read(request: Request) -> Response:
    return one(benefits.shown(sandbox_of(request), _benefit(request)))


async def update(request: Request) -> Response:
    return await benefits.change(request, _benefit(request))


async def delete(request: Request) -> Response:
    return benefits.remove(request, _benefit(request))


def _benefit(request: Request) -> Row:
    profile = profile_of(request)
    return benefits.find(sandbox_of(request), request.path_params["benefit"], profile["id"])


def routes(profile: str, *, aliases: bool = True) -> list[Route]:
    """Serve a profile's benefits below its path."""
    by_id = f"{profile}/benefits/{{benefit:int}}"
    alias = [Route(f"{by_id}/claim", create_claim_by_path, methods=["POST"])] if aliases else []
    return [
        Route(f"{profile}/benefits", index, methods=["GET"]),
        Route(f"{profile}/redeemable_benefits", redeemable, methods=["GET"]),
        Route(f"{profile}/benefits/claimable", claimable, methods=["GET"]),
        Route(f"{profile}/benefits/viewable", viewable, methods=["GET"]),
        Route(f"{profile}/benefits/claim", create_claim, methods=["POST"]),
        Route(f"{profile}/benefits/claim-redeem", claim_and_redeem, methods=["POST"]),
        Route(by_id, read, methods=["GET"]),
        Route(by_id, update, methods=["PUT"]),
        Route(by_id, delete, methods=["DELETE"]),
        Route(f"{by_id}/redeem", redeem, methods=["POST"]),
        *alias,
    ]
