"""Generated code: from records to the dicts of an answer, for everything that is made of the record alone.

For `{ id timezone definition { handle } }` on benefits the function reads, in short:

    def project(rows, bound):
        for row in rows:
            a = row.definition
            if a is None: raise Unusual    # the schema says it is never null
            add({"id": str(row.id), "timezone": row.timezone, "definition": {"handle": a.handle}})

What msgspec has checked already is taken as it is; of anything else the class is looked at first.
It takes the usual way only. Whatever else happens, a null that may not be, a value of the wrong type, a resolver that
raises, ends it with an exception, and the records are gone through again by `execution.completion`, slowly and exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from graphql import Undefined

from execution.plan import FieldPlan, Held, ObjectPlan, Project, as_written


class Unusual(Exception):
    """Say that the usual way does not lead on."""


# What a value of the usual class becomes without asking its scalar; {v} is the value's name.
_USUALLY = {
    "ID": ("{v} if {v}.__class__ is str else str({v}) if {v}.__class__ is int else {leaf}({v})"),
    "String": "{v} if {v}.__class__ is str else {leaf}({v})",
    "Boolean": "{v} if {v} is True or {v} is False else {leaf}({v})",
    "Int": "{v} if {v}.__class__ is int and -2147483648 <= {v} <= 2147483647 else {leaf}({v})",
}

# And what one is that msgspec has checked: in Omneo's answers nothing else is let through.
_HELD = {
    ("ID", str): "{v}",
    ("ID", int): "str({v})",
    ("String", str): "{v}",
    ("Boolean", bool): "{v}",
}


def attach_projection(plan: ObjectPlan) -> Project:
    """Generate the plan's `project`, and list in `bound` the fields whose readers it takes."""
    source = _Source()
    source.line(0, "def project(rows, bound):")
    source.line(1, "out = []; add = out.append")
    body = _Source(source.names, source.constants, source.bound)
    result = body.object(plan, "row", 2)
    for index in range(len(source.bound)):
        source.line(1, f"bound{index} = bound[{index}]")
    source.line(1, "for row in rows:")
    source.line(2, "if row is None: raise Unusual")
    source.lines += body.lines
    source.line(2, f"add({result})")
    source.line(1, "return out")
    scope: dict[str, Any] = dict(source.constants)
    exec(compile("\n".join(source.lines), f"<projection of {plan.type_name}>", "exec"), scope)  # noqa: S102 — every name in it is made here; names of clients are quoted
    project: Project = scope["project"]
    plan.project, plan.bound = project, source.bound
    return project


class _Source:
    """Write the lines of one function."""

    def __init__(
        self,
        names: itertools.count[int] | None = None,
        constants: dict[str, Any] | None = None,
        bound: list[FieldPlan] | None = None,
    ) -> None:
        self.lines: list[str] = []
        self.names = names or itertools.count()
        self.constants: dict[str, Any] = constants if constants is not None else {"Unusual": Unusual}
        self.bound: list[FieldPlan] = bound if bound is not None else []

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def object(self, plan: ObjectPlan, row: str, depth: int) -> str:
        """Write what reads one record, and return the expression of its dict."""
        parts = []
        for field in plan.fields:
            if isinstance(field, str):
                parts.append(f"{field!r}: {plan.type_name!r}")
            elif not field.is_flat:
                parts.append(f"{field.key!r}: None")
            else:
                parts.append(f"{field.key!r}: {self._field(field, row, depth)}")
        return "{" + ", ".join(parts) + "}"

    def _field(self, field: FieldPlan, row: str, depth: int) -> str:
        if field.held is not None and (field.leaf_type, field.held.class_) in _HELD:
            return self._held(field, field.held, f"{row}.{field.attribute}", depth)
        value = self._name()
        self.line(depth, f"{value} = {self._read(field, row)}")
        if field.leaf is as_written and not field.has_selection:
            return self._checked(value, field.is_nullable, depth)
        if not field.is_list:
            return self._item(field, value, field.is_nullable, depth)
        result, item = self._name(), self._name()
        self.line(depth, f"if {value} is None:")
        self.line(depth + 1, f"{result} = None" if field.is_nullable else "raise Unusual")
        self.line(depth, "else:")
        self.line(depth + 1, f"{result} = []")
        self.line(depth + 1, f"for {item} in {value}:")
        self.line(depth + 2, f"{result}.append({self._item(field, item, field.is_item_nullable, depth + 2)})")
        return result

    def _held(self, field: FieldPlan, held: Held, value: str, depth: int) -> str:
        written = _HELD[field.leaf_type, held.class_]
        if not held.is_optional:
            return written.format(v=value)
        name = self._name()
        self.line(depth, f"{name} = {value}")
        self._checked(name, field.is_nullable, depth)
        return written.format(v=name) if written == "{v}" else f"(None if {name} is None else {written.format(v=name)})"

    def _read(self, field: FieldPlan, row: str) -> str:
        if field.attribute is not None:
            return f"{row}.{field.attribute}"
        self.bound.append(field)
        reader, taken = f"bound{len(self.bound) - 1}", ", ".join([f"{row}.{name}" for name in field.spread])
        return f"{reader}[{taken}]" if taken else f"{reader}({row})"

    def _item(self, field: FieldPlan, value: str, is_nullable: bool, depth: int) -> str:
        if not field.has_selection:
            return self._leaf(field, value, is_nullable, depth)
        plan = field.objects[0][1]
        result = self._name()
        self.line(depth, f"if {value} is None:")
        self.line(depth + 1, f"{result} = None" if is_nullable else "raise Unusual")
        self.line(depth, "else:")
        inner = self.object(plan, value, depth + 1)
        self.line(depth + 1, f"{result} = {inner}")
        return result

    def _leaf(self, field: FieldPlan, value: str, is_nullable: bool, depth: int) -> str:
        leaf = f"leaf{len(self.constants)}"
        self.constants[leaf] = _never_null(field.leaf)
        usual = _USUALLY.get(field.leaf_type, "{leaf}({v})").format(v=value, leaf=leaf)
        return f"(None if {value} is None else {usual})" if is_nullable else f"({usual})"

    def _checked(self, value: str, is_nullable: bool, depth: int) -> str:
        if not is_nullable:
            self.line(depth, f"if {value} is None: raise Unusual")
        return value

    def _name(self) -> str:
        return f"v{next(self.names)}"


def _never_null(leaf: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def written(value: Any) -> Any:
        result = None if value is None else leaf(value)
        if result is None or result is Undefined:
            raise Unusual
        return result

    return written
