"""Completing values exactly: what becomes of one value, of a null, of an error, by the rules of GraphQL.

The quick way of `execution.projection` ends where something unusual happens; this one goes through the same records
field by field, and says where each error belongs. An error climbs from a place that may not be null to the next that
may: functions here return the error instead of the value as long as it climbs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from graphql import GraphQLError, Undefined, located_error

from execution.plan import FieldPlan, FieldReader, ObjectPlan

Path = list[str | int]


class Errors(msgspec.Struct, eq=False):
    """Collect the errors of one operation, each located in the document and in the answer.

    Below a place that an error made null, no other error is told.
    """

    collected: list[GraphQLError] = []
    nulled: list[Path] = []

    def settle(self, error: Exception, field: FieldPlan, path: Path, *, is_nullable: bool) -> GraphQLError | None:
        """Keep an error where null may stand for it, and return that null; else return the error, located."""
        located = located_error(error, field.nodes, path)
        if not is_nullable:
            return located
        self.keep(located, path)
        return None

    def keep(self, error: GraphQLError, path: Path) -> None:
        """Keep an error that makes the value at this path null."""
        if any(path[: len(nulled)] == nulled for nulled in self.nulled):
            return
        if error.path is not None and len(error.path) > len(path):
            self.nulled.append(path)
            self.collected = [each for each in self.collected if (each.path or [])[: len(path)] != path]
        self.collected.append(error)

    def null(self, field: FieldPlan, path: Path, *, is_nullable: bool) -> GraphQLError | None:
        """Return null where it may be, else the error that it is one."""
        if is_nullable:
            return None
        return located_error(TypeError(f"Cannot return null for non-nullable field {field.name}."), field.nodes, path)

    def leaf(self, field: FieldPlan, value: Any, path: Path) -> Any:
        """Complete a value, or a list of values, that has nothing below it."""
        if isinstance(value, Exception):
            return self.settle(value, field, path, is_nullable=field.is_nullable)
        if value is None:
            return self.null(field, path, is_nullable=field.is_nullable)
        if not field.is_list:
            return self._scalar(field, value, path, is_nullable=field.is_nullable)
        result: list[Any] = []
        for index, item in enumerate(value):
            at = [*path, index]
            if item is None:
                completed = self.null(field, at, is_nullable=field.is_item_nullable)
            else:
                completed = self._scalar(field, item, at, is_nullable=field.is_item_nullable)
            if isinstance(completed, GraphQLError):
                return self.settle(completed, field, path, is_nullable=field.is_nullable)
            result.append(completed)
        return result

    def _scalar(self, field: FieldPlan, value: Any, path: Path, *, is_nullable: bool) -> Any:
        try:
            written = field.leaf(value)
            if written is None or written is Undefined:
                raise TypeError(f"{field.leaf_type} has no way to write this value.")
        except Exception as error:
            return self.settle(error, field, path, is_nullable=is_nullable)
        return written

    def object(self, plan: ObjectPlan, row: Any, path: Path, reader: Callable[[FieldPlan], FieldReader]) -> Any:
        """Complete one record: its dict, with None for every step, or the error that climbs from it."""
        result: dict[str, Any] = {}
        for field in plan.fields:
            if isinstance(field, str):
                result[field] = plan.type_name
                continue
            if not field.is_flat:
                result[field.key] = None
                continue
            try:
                value = field.value(reader(field), row)
            except Exception as error:
                value = error
            completed = self._flat(field, value, [*path, field.key], reader)
            if isinstance(completed, GraphQLError):
                return completed
            result[field.key] = completed
        return result

    def _flat(self, field: FieldPlan, value: Any, path: Path, reader: Callable[[FieldPlan], FieldReader]) -> Any:
        if not field.has_selection or isinstance(value, Exception):
            return self.leaf(field, value, path)
        if value is None:
            return self.null(field, path, is_nullable=field.is_nullable)
        plan = field.objects[0][1]
        if not field.is_list:
            completed = self.object(plan, value, path, reader)
            return self._climbed(field, completed, path, is_nullable=field.is_nullable)
        items = self.items(field, value, path, lambda item, at: self.object(plan, item, at, reader))
        return self._climbed(field, items, path, is_nullable=field.is_nullable)

    def items(
        self, field: FieldPlan, values: Sequence[Any], path: Path, complete: Callable[[Any, Path], Any]
    ) -> list[Any] | GraphQLError:
        """Complete the items of a list; an error that climbs out of one ends the list."""
        result = []
        for index, item in enumerate(values):
            at = [*path, index]
            completed = self.null(field, at, is_nullable=field.is_item_nullable) if item is None else complete(item, at)
            completed = self._climbed(field, completed, at, is_nullable=field.is_item_nullable)
            if isinstance(completed, GraphQLError):
                return completed
            result.append(completed)
        return result

    def _climbed(self, field: FieldPlan, completed: Any, path: Path, *, is_nullable: bool) -> Any:
        if isinstance(completed, GraphQLError):
            return self.settle(completed, field, path, is_nullable=is_nullable)
        return completed
