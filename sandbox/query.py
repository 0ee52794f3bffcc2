"""List queries: filters, sorting and paging as §4 tells them, turned into SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.problems import invalid

_COMPARISONS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_OPERATORS = (*_COMPARISONS, "in", "nullable")
_NAME = re.compile(r"[a-z_0-9]+")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_MOST_CONDITIONS = 100
_LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Listing:
    """Say how one list is queried: its table, the fields that filter it, and how to reach those not its own.

    `columns` maps a field to a column of the table, which is quick to find; `expressions` to SQL with one value,
    `members` to SQL of an EXISTS whose `{}` is the comparison. A field in none of them is a key of the row's JSON.
    """

    table: str
    fields: frozenset[str]
    columns: Mapping[str, str] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    sorts: frozenset[str] = frozenset({"id", "created_at", "updated_at"})


@dataclass
class Where:
    """Collect conditions, which are SQL of ours, and values, which are the client's."""

    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, condition: str, *values: Any) -> None:
        """Add a condition that must hold too. Raises a 422 when a query has more of them than anyone needs."""
        if len(self.conditions) >= _MOST_CONDITIONS:
            raise invalid({"filter": ["There are too many filters."]})
        self.conditions.append(condition)
        self.values.extend(values)

    @property
    def sql(self) -> str:
        return " AND ".join(f"({condition})" for condition in self.conditions) or "1"


def where(listing: Listing, params: Iterable[tuple[str, str]], *, honoured: Iterable[str] = ()) -> Where:
    """Turn a query's filters into conditions; those that are not whitelisted are ignored without a word (U-3).

    `honoured` adds fields that a setting switches on.
    """
    built = Where()
    allowed = listing.fields | set(honoured)
    tags = []
    for name, value in params:
        if name in ("search", "filter[search]"):
            _search(listing, built, value)
        elif name == "tags[]":
            tags.append(value)
        elif name.startswith("filter["):
            path, operator = _path(name)
            if path in allowed:
                _filter(listing, built, path, operator, value)
    if tags and "tags" in listing.members:
        built.add(listing.members["tags"].format(f"m.value IN {_LIST}"), orjson.dumps(tags).decode())
    return built


def order(listing: Listing, params: Mapping[str, str]) -> str:
    """Turn `sort` into an order, ties broken by age; a field that cannot be sorted by is ignored (U-11)."""
    wanted = params.get("sort", "")
    name = wanted.removeprefix("-")
    if name not in listing.sorts:
        return "seq"
    direction = "DESC" if wanted.startswith("-") else "ASC"
    return f"{_expression(listing, name)} {direction}, seq {direction}"


def page(params: Mapping[str, str], *, default: int, maximum: int) -> tuple[int, int]:
    """Read the page's size and where it starts, in all the forms of §3; sizes over the maximum are clamped (U-4)."""
    size = _whole(params.get("page[size]") or params.get("per_page") or params.get("limit"), default)
    size = min(size, maximum)
    if "offset" in params:
        return size, _whole(params["offset"], 0, least=0)
    return size, (_whole(params.get("page[number]") or params.get("page"), 1) - 1) * size


def _path(name: str) -> tuple[str, str]:
    """Read `filter[a][b][op]`, `filter[a.b][op]` and the like (C-9) into a dotted field and an operator."""
    parts = [part for bracket in re.findall(r"\[([^\]]*)\]", name) for part in bracket.split(".")]
    operator = parts.pop() if len(parts) > 1 and parts[-1] in _OPERATORS else "eq"
    return ".".join(parts), operator


def _filter(listing: Listing, built: Where, path: str, operator: str, value: str) -> None:
    if path in listing.members:
        condition, values = _comparison("m.value", operator, value)
        built.add(listing.members[path].format(condition), *values)
        return
    expression = _expression(listing, path)
    if path in listing.columns and operator in ("eq", "in"):
        # Compared as it is stored, so that the database can look it up instead of reading every row.
        wanted = [value] if operator == "eq" else value.split(",")
        built.add(f"{expression} IN {_LIST}", orjson.dumps(wanted).decode())
        return
    condition, values = _comparison(expression, operator, value)
    built.add(condition, *values)


_LIST = "(SELECT j.value FROM json_each(?) j)"


def _comparison(expression: str, operator: str, value: str) -> tuple[str, list[Any]]:
    if operator == "nullable":
        return f"{expression} IS {'' if value in ('1', 'true') else 'NOT '}NULL", []
    if operator == "in":
        return f"CAST({expression} AS TEXT) COLLATE NOCASE IN {_LIST}", [orjson.dumps(value.split(",")).decode()]
    sign = _COMPARISONS[operator]
    if operator not in ("eq", "ne") and _NUMBER.fullmatch(value):
        return f"CAST({expression} AS REAL) {sign} ?", [float(value)]
    word = {"true": "1", "false": "0"}.get(value, value)
    return f"CAST({expression} AS TEXT) COLLATE NOCASE {sign} ?", [word]


def _search(listing: Listing, built: Where, value: str) -> None:
    wanted = re.sub(r"([\\%_])", r"\\\1", value[:_LONGEST_SEARCH])
    conditions = [f"{_expression(listing, name)} LIKE ? ESCAPE '\\'" for name in listing.searched]
    if conditions:
        built.add(" OR ".join(conditions), *[f"%{wanted}%"] * len(conditions))


def _expression(listing: Listing, name: str) -> str:
    if name in listing.columns:
        return f"t.{listing.columns[name]}"
    if name in listing.expressions:
        return listing.expressions[name]
    if not _NAME.fullmatch(name):
        raise ValueError("only whitelisted names become SQL")
    return f"json_extract(t.data, '$.{name}')"


def _whole(value: str | None, default: int, *, least: int = 1) -> int:
    return max(least, int(value)) if value and value.isdecimal() and len(value) < 10 else default
