"""Batches: many writes in one call, queued, and done a moment later (§6, §7.0)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import benefit, profile_change
from sandbox.answers import Json, one
from sandbox.core import Sandbox, sandbox_of
from sandbox.fields import body_of
from sandbox.problems import Problem, invalid, not_found
from sandbox.store import Row

MOST = 500
_BENEFIT_NEEDS = ("profile_id", "issued_at", "timezone")

Write = Callable[[Sandbox, Row], object]


async def benefits(request: Request) -> Response:
    """Queue benefits to be issued. Whatever is wrong with one of them shows later, and does not stop the others."""
    body = await body_of(request, required=("benefits",))
    batch = _queue(sandbox_of(request), "benefits", body["benefits"], _assign)
    return Json({"message": "Queued for processing.", "batch_id": batch["id"]}, 202)


async def profiles(request: Request) -> Response:
    """Queue profiles to be made or changed; the answer has an envelope, unlike that of other batches (§5)."""
    return one(await _queue_profiles(request), 202)


async def profiles_bare(request: Request) -> Response:
    """Queue profiles to be made or changed, as `/profiles/batch.json` does."""
    return Json(await _queue_profiles(request), 202)


async def read(request: Request) -> Response:
    """Read how far a batch is, and which of its items failed."""
    key = request.path_params["batch"]
    found = sandbox_of(request).store.get("batches", id=key)
    if found is None:
        raise not_found("Batch", key)
    return one(found)


async def _queue_profiles(request: Request) -> Row:
    body = await body_of(request, required=("match_criteria", "profiles"))
    by = str(body["match_criteria"])

    def write(sandbox: Sandbox, item: Row) -> object:
        return profile_change.upsert(sandbox, item, by=by)

    batch = _queue(sandbox_of(request), "profiles", body["profiles"], write)
    return {"message": "Profiles queued for batch import.", "batch_id": batch["id"]}


def _queue(sandbox: Sandbox, name: str, items: Any, write: Write) -> Row:
    if not isinstance(items, list) or not 1 <= len(items) <= MOST:
        raise invalid({name: [f"The {name} must have between 1 and {MOST} items."]})
    stamp = sandbox.stamp()
    batch: Row = {
        "id": str(uuid4()), "status": "queued", "total": len(items), "processed": 0, "failures": [],
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    sandbox.store.insert("batches", batch)
    sandbox.later(sandbox.settings.batch_delay_ms, lambda: _run(sandbox, batch, items, write))
    return batch


def _run(sandbox: Sandbox, batch: Row, items: list[Any], write: Write) -> None:
    """Write each item; one that fails leaves nothing behind but its number and why."""
    failures = []
    for index, item in enumerate(items):
        try:
            with sandbox.together():
                write(sandbox, item if isinstance(item, dict) else {})
        except Problem as problem:
            failures.append({"index": index, **problem.body})
    done = {"status": "completed", "processed": len(items), "failures": failures, "updated_at": sandbox.stamp()}
    sandbox.store.save("batches", {**batch, **done})


def _assign(sandbox: Sandbox, item: Row) -> object:
    missing = [name for name in _BENEFIT_NEEDS if item.get(name) in (None, "")]
    if missing:
        raise invalid({name: [f"The {name.replace('_', ' ')} field is required."] for name in missing})
    return benefit.assign(sandbox, item)


routes = [
    Route("/benefits/batch.json", benefits, methods=["POST"]),
    Route("/profiles/batch", profiles, methods=["POST"]),
    Route("/profiles/batch.json", profiles_bare, methods=["POST"]),
    Route("/batches/{batch}", read, methods=["GET"]),
]
