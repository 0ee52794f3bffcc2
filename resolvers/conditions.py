"""Conditions, which are JSON Logic over a profile: true, false, or unknown where what we see of it cannot tell."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import datalogic_py
import msgspec
import strawberry
from strawberry import enum_value

import omneo
from resolvers.inputs import BadInput

_LOGIC = datalogic_py.Engine()
_OVER_ITEMS = {"map", "filter", "reduce", "all", "some", "none"}  # what stands after the list is read off its items


@strawberry.enum(description="Whether a clause of a condition holds for a profile.")
class Truth(enum.Enum):
    TRUE = enum_value("true", description="It holds.")
    FALSE = enum_value("false", description="It does not hold.")
    UNKNOWN = enum_value("unknown", description="It asks for something Omneo does not show of a profile.")


_NOT = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Clause:
    """One of the things a condition asks for."""

    rule: Any
    holds: Truth


def clauses(condition: Any, profile: omneo.Profile) -> list[Clause]:
    """Judge each clause of a condition for a profile: the parts of an `and`, else the condition itself.

    The profile's event context has more than the profile shows, such as its aggregations (API.md §10): a clause that
    needs those is unknown. No condition has no clauses.
    """
    rule = _read(condition)
    if not rule:
        return []
    context = msgspec.to_builtins(profile) | {"flattened_tags": profile.tags, "flattened_statuses": profile.statuses}
    return [Clause(part, _truth(part, context)) for part in _parts(rule)]


def check_condition(value: object, *, field: str) -> dict[str, Any]:
    """Check a condition of the client's: a JSON Logic rule. Raises `BadInput`."""
    if not isinstance(value, dict) or len(value) != 1:
        raise BadInput(f"{field} must be a JSON Logic rule: an object with one operator.")
    try:
        _LOGIC.compile(value)
    except datalogic_py.DataLogicError:
        raise BadInput(f"{field} is not a rule that JSON Logic knows.") from None
    return value


def _read(condition: Any) -> Any:
    """Read a condition that came as text (API.md §7.3)."""
    if not isinstance(condition, str):
        return condition
    try:
        return msgspec.json.decode(condition)
    except msgspec.DecodeError:
        return None


def _parts(rule: Any) -> list[Any]:
    match rule:
        case {"and": [*parts]} if len(rule) == 1:
            return [each for part in parts for each in _parts(part)]
    return [rule]


def _truth(rule: Any, context: dict[str, Any]) -> Truth:
    """Evaluate in three values, so that what is unknown matters only where it decides."""
    if isinstance(rule, dict) and len(rule) == 1:
        ((operator, given),) = rule.items()
        values = given if isinstance(given, list) else [given]
        if operator in ("and", "or") and values:
            decisive = Truth.FALSE if operator == "and" else Truth.TRUE
            found = {_truth(each, context) for each in values}
            return decisive if decisive in found else Truth.UNKNOWN if Truth.UNKNOWN in found else _NOT[decisive]
        if operator in ("!", "!!") and len(values) == 1:
            inner = _truth(values[0], context)
            return _NOT[inner] if operator == "!" else inner
    if not all(_is_known(name, context) for name in _names(rule)):
        return Truth.UNKNOWN
    try:
        is_true = _LOGIC.truthy(msgspec.json.encode(_LOGIC.compile(rule).evaluate(context)).decode())
    except (datalogic_py.DataLogicError, TypeError, ValueError):  # a rule is the retailer's: one that does not run
        return Truth.UNKNOWN
    return Truth.TRUE if is_true else Truth.FALSE


def _names(rule: Any) -> Iterator[object]:
    """List what a rule reads of the profile, as dotted names."""
    if isinstance(rule, list):
        for each in rule:
            yield from _names(each)
    if not isinstance(rule, dict):
        return
    for operator, given in rule.items():
        values = given if isinstance(given, list) else [given]
        if operator in ("var", "val", "exists"):
            yield values[0] if values else ""
        elif operator == "missing":
            yield from values
        elif operator == "missing_some":
            yield from values[1] if len(values) > 1 and isinstance(values[1], list) else values
        else:
            yield from _names(values[:1] if operator in _OVER_ITEMS else values)


def _is_known(name: object, context: dict[str, Any]) -> bool:
    """Tell whether a name leads to something we see of the profile, be it null. One that is computed is not known."""
    if not isinstance(name, str | int):
        return False
    value: Any = context
    for part in str(name).split("."):
        if isinstance(value, dict) and part:
            if part not in value:
                return False
            value = value[part]
    return True
