"""Shapes: which attributes of which records an operation reads, so that nothing else is decoded.

An attribute counts as read when a field shows it, or when the resolver of a field says that it needs it. Where a
resolver may read anything, and for writes, records are decoded whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args

import msgspec
from graphql import OperationType

import omneo
from execution.plan import FieldPlan, Held, ObjectPlan
from resolvers.marks import ANY
from schema.views import RECORDS

_SCALARS = (str, int, bool)


@cache
def held_by(type_name: str, attribute: str) -> Held | None:
    """Tell what the records of a type hold under an attribute; None where that is not one class, or not known."""
    records = [record for name, record, _ in RECORDS if name == type_name]
    fields = [each for record in records for each in msgspec.structs.fields(record) if each.name == attribute]
    found = {_held(each.type) for each in fields}
    return found.pop() if len(found) == 1 else None


def _held(type_: Any) -> Held | None:
    options = get_args(type_) if isinstance(type_, UnionType) else (type_,)
    classes = [each for each in options if each is not NoneType]
    return Held(classes[0], NoneType in options) if len(classes) == 1 and classes[0] in _SCALARS else None


def kinds_of(kind: OperationType, root: ObjectPlan) -> Mapping[Any, Any]:
    """Return the reduced record types an operation can do with, by the whole ones; empty where it needs those."""
    if kind is not OperationType.QUERY:
        return {}
    read: dict[str, set[str]] = {}
    keyed: set[str] = set()  # types whose ids are keys of loaders, and not only shown
    for plan, field in _fields(root):
        if not _can_do_with_less(field):
            return {}
        if field.mark is not None and field.mark.loader is not None:
            keyed.add(plan.type_name)
        needs = read.setdefault(plan.type_name, set())
        needs.update([field.attribute] if field.attribute is not None else field.mark.needs if field.mark else ())
    if any(ANY[0] in needs for needs in read.values()):
        return {}
    return omneo.reduced(
        tuple((record, frozenset(read[name]) | kept, name in keyed) for name, record, kept in RECORDS if name in read)
    )


def is_read(kind: OperationType, root: ObjectPlan) -> bool:
    """Tell whether an operation only shows what loaders read."""
    fields = [field for _, field in _fields(root)]
    return kind is OperationType.QUERY and not any(
        field.is_async or (field.mark is not None and field.mark.calls is not None) for field in fields
    )


def _can_do_with_less(field: FieldPlan) -> bool:
    """Tell whether it is known what a field reads: a resolver that asks by itself, and a filter, may read anything."""
    if field.attribute is not None:
        return True
    mark = field.mark
    return mark is not None and mark.calls is None and not (mark.scans is not None and "filter" in field.said)


def _fields(plan: ObjectPlan) -> Iterator[tuple[ObjectPlan, FieldPlan]]:
    for field in plan.fields:
        if isinstance(field, str):
            continue
        yield plan, field
        for _, below in field.objects:
            yield from _fields(below)
