"""Omneo's errors, worded as Laravel words them (§5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Problem(Exception):
    """An error answer: status and JSON body."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body.get("message", ""))
        self.status = status
        self.body = dict(body)
        self.headers = dict(headers or {})


def unauthenticated() -> Problem:
    """Answer a bad or missing token; the body is exactly this (§2.1)."""
    return Problem(401, {"message": "Unauthenticated."})


def not_found(model: str, key: object) -> Problem:
    """Answer for a record that is not there (§5)."""
    return Problem(404, {"message": f"No query results for model [App\\Models\\{model}] {key}"})


def invalid(errors: Mapping[str, Sequence[str]]) -> Problem:
    """Answer a failed validation: field → reasons (§5)."""
    return Problem(422, {"message": "The given data was invalid.", "errors": {k: list(v) for k, v in errors.items()}})


def refused(message: str) -> Problem:
    """Answer a rule that says no. Neither status nor text is documented (U-6)."""
    return Problem(422, {"message": message})
