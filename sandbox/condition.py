"""Conditions: JSON Logic over the event context of a profile (§10), evaluated by a library."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import datalogic_py
import orjson

from sandbox.store import Row

_LOGIC = datalogic_py.Engine()


def holds(condition: Any, context: Row) -> bool:
    """Evaluate a JSON Logic condition over a profile's event context; no condition holds for everyone.

    One that cannot be evaluated holds for nobody.
    """
    if not condition:
        return True
    try:
        rule = _compiled(orjson.dumps(condition).decode())
        return _LOGIC.truthy(orjson.dumps(rule.evaluate(context)).decode())
    except (datalogic_py.DataLogicError, TypeError, ValueError, RecursionError):
        return False


@lru_cache(maxsize=256)
def _compiled(condition: str) -> Any:
    return _LOGIC.compile(orjson.loads(condition))
