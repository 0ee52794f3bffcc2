"""The fault plan: what shall go wrong, where, and how often (docs/sandbox.md)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import orjson
from starlette.types import Scope

from sandbox import fields as f
from sandbox.problems import Problem, invalid

ACTIONS = ("delay", "status", "drop-before", "drop-after", "late", "truncate", "garbage")


@dataclass
class Rule:
    """One rule: which calls it is for, how often it acts, and what it does."""

    path: str
    action: str
    method: str | None = None
    probability: float = 1.0
    times: int | None = None
    ms: float = 0
    status: int = 503
    body: str = ""
    retry_after: int | None = None
    after: bool = False

    def fits(self, scope: Scope) -> bool:
        """Tell whether the rule is for this call; `*` in a path matches slashes too."""
        return self.method in (None, scope["method"]) and fnmatchcase(scope["path"], self.path)


@dataclass
class Faults:
    """Hold the plan. `chance` is seeded, so that a run can be repeated."""

    rules: list[Rule] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 — faults, not secrets
    late: set[asyncio.Task[None]] = field(default_factory=set)

    def plan(self, rules: object) -> None:
        """Replace the plan by what was sent. Raises a 422 that names the rule and what is wrong with it."""
        if not isinstance(rules, list):
            raise invalid({"rules": ["A list of rules."]})
        self.rules = [_rule(index, each) for index, each in enumerate(rules)]
        self.chance = random.Random(1)  # noqa: S311 — as above

    def pick(self, scope: Scope) -> Rule | None:
        """Find the first rule that applies to a call, and count it."""
        for rule in self.rules:
            if rule.times == 0 or not rule.fits(scope) or self.chance.random() >= rule.probability:
                continue
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None

    async def aclose(self) -> None:
        """Give up writes that were to land later."""
        for task in self.late:
            task.cancel()
        await asyncio.gather(*self.late, return_exceptions=True)


def _rule(index: int, sent: Any) -> Rule:
    if not isinstance(sent, dict):
        raise invalid({f"{index}.rule": ["An object."]})
    wrong = {name: [f"There is no such key; there are {', '.join(_KEYS)}."] for name in sent if name not in _KEYS}
    wrong |= {name: ["A rule needs it."] for name in ("path", "action") if name not in sent}
    try:
        given = f.taken(sent, _KEYS)
    except Problem as problem:
        wrong |= problem.body["errors"]
    if wrong:
        raise invalid({f"{index}.{name}": reasons for name, reasons in wrong.items()})
    return Rule(**given)


def _probability(value: Any) -> float:
    if not 0 <= f.number(value) <= 1:
        raise ValueError("a number from 0 to 1")
    return f.number(value)


def _body(value: Any) -> str:
    """Take a text as it is; anything else is written as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


_KEYS: dict[str, f.Rule] = {
    "path": f.text,
    "action": f.one_of(*ACTIONS),
    "method": f.maybe(lambda value: f.text(value).upper()),
    "probability": _probability,
    "times": f.maybe(f.whole(0)),
    "ms": f.money,
    "status": f.whole(200, 599),
    "body": _body,
    "retry_after": f.maybe(f.whole(0)),
    "after": f.flag,
}
