"""What a body may hold: rules for its fields, worded as Laravel words its validation (§5)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from starlette.requests import Request

from sandbox.problems import Problem, invalid
from sandbox.store import Row
from sandbox.times import read_time, written

Rule = Callable[[Any], Any]
"""Take a value and return what is stored of it. Raises a ValueError that ends the sentence "The field must be"."""

BODY_BYTES = 8 * 2**20


async def body_of(request: Request, required: tuple[str, ...] = ()) -> Row:
    """Read a JSON object; no body counts as an empty one, and so does PHP's `[]`.

    Raises a 400 for what is no JSON, and a 422 that names the required fields that are missing.
    """
    body = await json_of(request)
    if body == []:
        body = {}
    if not isinstance(body, dict):
        raise invalid({"body": ["The body must be an object."]})
    missing = [name for name in required if body.get(name) in (None, "", [])]
    if missing:
        raise invalid({name: [f"The {_spoken(name)} field is required."] for name in missing})
    return body


async def json_of(request: Request) -> Any:
    """Read a JSON body; none counts as an empty object. Raises a 400 for what is no JSON, a 413 for too much of it."""
    raw = await request.body()
    if len(raw) > BODY_BYTES:
        raise Problem(413, {"message": "The request body is too large."})
    try:
        return orjson.loads(raw) if raw.strip() else {}
    except ValueError:
        raise Problem(400, {"message": "The request body is not valid JSON."}) from None


def taken(body: Mapping[str, Any], rules: Mapping[str, Rule]) -> Row:
    """Take the fields that have a rule, each as its rule reads it. Raises a 422 that names all that is wrong."""
    read: Row = {}
    wrong: dict[str, list[str]] = {}
    for name in rules.keys() & body.keys():
        try:
            read[name] = rules[name](body[name])
        except (ValueError, TypeError) as error:
            wrong[name] = [f"The {_spoken(name)} must be {error}."]
    if wrong:
        raise invalid(wrong)
    return read


def maybe(rule: Rule) -> Rule:
    """Let null pass beside what a rule takes."""
    return lambda value: None if value is None else rule(value)


def every(rule: Rule) -> Rule:
    """Take a list of what a rule takes."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("an array")
        return [rule(each) for each in value]

    return read


def nested(rules: Mapping[str, Rule], required: Iterable[str] = ()) -> Rule:
    """Take an object whose fields have rules, and drop its others."""

    def read(value: Any) -> Row:
        if not isinstance(value, dict) or any(value.get(name) in (None, "") for name in required):
            raise ValueError(f"an object with {', '.join(required)}" if required else "an object")
        return {name: rules[name](value[name]) for name in rules if name in value}

    return read


def free(value: Any) -> Row:
    """Take an object as it is, or PHP's empty array for an empty one (C-16)."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise ValueError("an object")
    return value


def one_of(*values: str) -> Rule:
    """Take one of some words."""

    def read(value: Any) -> str:
        if value not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return str(value)

    return read


def whole(low: int = -(2**31), high: int = 2**31 - 1) -> Rule:
    """Take a whole number in a range, also written as digits."""

    def read(value: Any) -> int:
        is_digits = isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 12
        if isinstance(value, bool) or not (isinstance(value, int) or is_digits) or not low <= int(value) <= high:
            raise ValueError(f"an integer between {low} and {high}")
        return int(value)

    return read


def number(value: Any) -> float:
    """Take a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e15:
        raise ValueError("a number")
    return value


def money(value: Any) -> float:
    """Take an amount, which is not less than nothing."""
    if number(value) < 0:
        raise ValueError("at least 0")
    return number(value)


def flag(value: Any) -> bool:
    """Take a boolean, in each of Laravel's spellings."""
    if value not in (True, False, "0", "1"):
        raise ValueError("true or false")
    return value not in (False, "0")


def text(value: Any) -> str:
    """Take a string."""
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def digits_or_text(value: Any) -> Any:
    """Take a string or a whole number, as it is."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("a string or an integer")
    return value


def digits(value: Any) -> Any:
    """Take a whole number that is not negative, as it is, or its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not re.fullmatch("[0-9]{1,19}", str(value)):
        raise ValueError("an integer")
    return value


def meta(value: Any) -> Any:
    """Take free data: an object, or PHP's array (C-16)."""
    if not isinstance(value, dict | list):
        raise ValueError("an array")
    return value


def condition(value: Any) -> Any:
    """Take JSON Logic as it is; whether it can be evaluated shows when it is."""
    if not isinstance(value, dict | list | str):
        raise ValueError("a JSON Logic rule")
    return value


def moment(value: Any) -> str:
    """Take a time in any form of §9, and write it the one way it is answered."""
    read = read_time(value)
    if read is None:
        raise ValueError("a valid date")
    return written(read)


def _spoken(name: str) -> str:
    return name.replace("_", " ")
