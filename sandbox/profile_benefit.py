"""Benefits of one profile: held, claimable, viewable, claimed, redeemed (§7.0)."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import benefit as benefits
from sandbox import fields as f
from sandbox import redemption as redemptions
from sandbox.answers import every, listed, nothing, one
from sandbox.benefit_definition import find as find_definition
from sandbox.benefit_definition import shown as shown_definition
from sandbox.condition import holds
from sandbox.core import Sandbox, sandbox_of
from sandbox.problems import invalid, refused
from sandbox.profile import context, profile_of
from sandbox.rules import is_redeemable, issue, why_not_claimable
from sandbox.store import Row

_CLAIM: dict[str, f.Rule] = {
    "definition": f.digits_or_text,
    "timezone": f.text,
    "external_id": f.maybe(f.text),
    "meta": f.maybe(f.meta),
}


def claim(sandbox: Sandbox, profile: Row, body: Row) -> Row:
    """Claim a definition for a profile, by its handle. Raises the refusal of the rule in the way (§10)."""
    given = f.taken(body, _CLAIM)
    definition = find_definition(sandbox, given["definition"])
    if definition is None:
        raise invalid({"definition": ["The selected definition is invalid."]})
    problem = why_not_claimable(sandbox, definition, context(sandbox, profile))
    if problem is not None:
        raise refused(problem)
    now = sandbox.wall(given["timezone"])
    benefit = issue(
        sandbox,
        definition,
        profile_id=profile["id"],
        issued_at=now,
        timezone=given["timezone"],
        claimed_at=now,
        given=given,
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
    kinds = {row["definition_id"]: row for row in held}
    known = {each: benefits.definition_of(sandbox, row) for each, row in kinds.items()}
    ids = [row["id"] for row in held if is_redeemable(sandbox, row, known[row["definition_id"]])]
    return listed(
        request,
        benefits.LISTING,
        lambda row: benefits.shown(sandbox, row),
        condition="t.id IN (SELECT j.value FROM json_each(?) j)",
        values=(orjson.dumps(ids).decode(),),
    )


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
    sandbox, body = sandbox_of(request), await f.body_of(request, required=("definition", "timezone"))
    return one(benefits.shown(sandbox, claim(sandbox, profile_of(request), body)), 201)


async def create_claim_by_path(request: Request) -> Response:
    """Claim by a definition's id in the path, without a body: the guides' form (C-2)."""
    sandbox, body = sandbox_of(request), await f.body_of(request)
    body = {"timezone": "UTC", **body, "definition": str(request.path_params["benefit"])}
    return one(benefits.shown(sandbox, claim(sandbox, profile_of(request), body)), 201)


async def claim_and_redeem(request: Request) -> Response:
    sandbox, body = sandbox_of(request), await f.body_of(request, required=("definition", "timezone"))
    with sandbox.together():
        redemption = redemptions.redeem(sandbox, claim(sandbox, profile_of(request), body), 1)
    return one(redemptions.shown(sandbox, redemption), 201)


async def redeem(request: Request) -> Response:
    sandbox, body = sandbox_of(request), await f.body_of(request)
    count = f.taken(body, {"count": f.maybe(f.whole(1))}).get("count")
    return one(redemptions.shown(sandbox, redemptions.redeem(sandbox, _benefit(request), count or 1)), 201)


async def read(request: Request) -> Response:
    return one(benefits.shown(sandbox_of(request), _benefit(request)))


async def update(request: Request) -> Response:
    body = await f.body_of(request)
    return one(benefits.change(sandbox_of(request), _benefit(request), body))


async def delete(request: Request) -> Response:
    benefits.remove(sandbox_of(request), _benefit(request))
    return nothing()


def _benefit(request: Request) -> Row:
    profile = profile_of(request)
    return benefits.find(sandbox_of(request), request.path_params["benefit"], profile["id"])


def routes(profile: str) -> list[Route]:
    """Serve a profile's benefits below its path."""
    by_id = f"{profile}/benefits/{{benefit:id}}"
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
    ]


def aliases(profile: str) -> list[Route]:
    """Serve the claim of the guides (C-2)."""
    return [Route(f"{profile}/benefits/{{benefit:id}}/claim", create_claim_by_path, methods=["POST"])]
