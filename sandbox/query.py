"""List queries: filters, sorting and paging as §4 tells them, turned into SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_COMPARISONS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_OPERATORS = (*_COMPARISONS, "in", "nullable")
_NAME = re.compile(r"[a-z_0-9]+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Listing:
    """Say how one list is queried: its table, the fields that filter it, and how to reach those not its own.

    `expressions` maps a field to SQL with one value, `members` to SQL of an EXISTS whose `{}` is the comparison.
    A field that is in neither is a key of the row's JSON.
    """

    table: str
    fields: frozenset[str]
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
        """Add a condition that must hold too."""
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
    for name, value in params:
        if name == "search" or name.startswith("filter[search]"):
            _search(listing, built, value)
        elif name.startswith("filter["):
            path, operator = _path(name)
            if path in allowed:
                _filter(listing, built, path, operator, value)
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
    """Read page size and number in all the forms of §3; sizes over the maximum are clamped (U-4)."""
    size = _whole(params.get("page[size]") or params.get("per_page") or params.get("limit"), default)
    size = min(size, maximum)
    offset = params.get("offset")
    if offset is not None and offset.isdecimal():
        return size, int(offset) // size + 1
    return size, _whole(params.get("page[number]") or params.get("page"), 1)


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
    condition, values = _comparison(_expression(listing, path), operator, value)
    built.add(condition, *values)


def _comparison(expression: str, operator: str, value: str) -> tuple[str, list[Any]]:
    if operator == "nullable":
        return f"{expression} IS {'' if value in ('1', 'true') else 'NOT '}NULL", []
    if operator == "in":
        wanted = value.split(",")
        return f"CAST({expression} AS TEXT) COLLATE NOCASE IN ({', '.join('?' * len(wanted))})", list(wanted)
    sign = _COMPARISONS[operator]
    if operator not in ("eq", "ne") and _NUMBER.fullmatch(value):
        return f"CAST({expression} AS REAL) {sign} ?", [float(value)]
    word = {"true": "1", "false": "0"}.get(value, value)
    return f"CAST({expression} AS TEXT) COLLATE NOCASE {sign} ?", [word]


def _search(listing: Listing, built: Where, value: str) -> None:
    wanted = "%" + value.replace("%", r"\%").replace("_", r"\_") + "%"
    conditions = [f"{_expression(listing, name)} LIKE ? ESCAPE '\\'" for name in listing.searched]
    if conditions:
        built.add(" OR ".join(conditions), *[wanted] * len(conditions))


def _expression(listing: Listing, name: str) -> str:
    if name in listing.expressions:
        return listing.expressions[name]
    if not _NAME.fullmatch(name):
        raise ValueError("only whitelisted names become SQL")
    return f"json_extract(t.data, '$.{name}')"


def _whole(value: str | None, default: int) -> int:
    return max(1, int(value)) if value and value.isdecimal() and len(value) < 10 else default
