"""Levels: the records of one place of the answer, where each hangs, and how they are put back together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from graphql import GraphQLError

from execution.completion import Errors, Path
from execution.plan import FieldPlan, ObjectPlan


class Level(msgspec.Struct):
    """Hold the records of one place, and for the paths of errors where each of them hangs."""

    plan: ObjectPlan
    rows: list[Any]
    parent: Level | None = None
    key: str = ""
    owners: list[int] = []  # for each record the number of its parent
    indices: list[int] | None = None  # and its place in the parent's list

    def path(self, row: int) -> Path:
        """Return where in the answer a record stands."""
        if self.parent is None:
            return []
        path = [*self.parent.path(self.owners[row]), self.key]
        return path if self.indices is None else [*path, self.indices[row]]


class Below:
    """The objects below one step: all parents' values in one row, and the way back to one result per parent."""

    def __init__(self, step: FieldPlan, parent: Level, live: list[int], values: list[Any]) -> None:
        self._step = step
        self._parent = parent
        self._live = live
        self._values = values
        self.rows: list[Any] = []
        self._owners: list[int] = []
        self._indices: list[int] | None = None
        if not step.is_list:
            self._hang_single()
            return
        indices = self._indices = []
        for number, value in zip(live, values, strict=True):
            if value is None or isinstance(value, Exception):
                continue
            self.rows.extend(value)
            self._owners.extend([number] * len(value))
            indices.extend(range(len(value)))

    def _hang_single(self) -> None:
        for number, value in zip(self._live, self._values, strict=True):
            if value is not None and not isinstance(value, Exception):
                self.rows.append(value)
                self._owners.append(number)

    def by_type(self) -> list[tuple[ObjectPlan, Sequence[int]]]:
        """Sort the rows by the type each is of; one that is of none of them stays out."""
        objects = self._step.objects
        if self._step.abstract is None:
            return [(objects[0][1], range(len(self.rows)))]
        found: dict[int, tuple[ObjectPlan, list[int]]] = {}
        for number, row in enumerate(self.rows):
            for is_of, plan in objects:
                if is_of is not None and is_of(row, None):
                    found.setdefault(id(plan), (plan, []))[1].append(number)
                    break
        return [*found.values()]

    def level(self, plan: ObjectPlan, numbers: Sequence[int]) -> Level:
        """Make the level of the rows of one type."""
        everything = len(numbers) == len(self.rows)
        return Level(
            plan,
            self.rows if everything else [self.rows[number] for number in numbers],
            self._parent,
            self._step.key,
            self._owners if everything else [self._owners[number] for number in numbers],
            self._indices if everything or self._indices is None else [self._indices[number] for number in numbers],
        )

    def assembled(self, completed: list[Any], errors: Errors) -> list[Any]:
        """Return what the answer holds for each parent, or the error that climbs to it."""
        step, results, position = self._step, [], 0
        for number, value in zip(self._live, self._values, strict=True):
            if value is None or isinstance(value, Exception):
                results.append(errors.leaf(step, value, self._path(number)))
                continue
            if not step.is_list:
                result = completed[position]
                position += 1
                if result.__class__ is not dict:
                    result = self._unusual(result, number, errors)
                results.append(result)
                continue
            items = completed[position : position + len(value)]
            position += len(value)
            if any(item.__class__ is not dict for item in items):
                items = self._items(items, number, errors)
            results.append(items)
        return results

    def _unusual(self, result: Any, number: int, errors: Errors) -> Any:
        path = self._path(number)
        if result is None:
            result = GraphQLError(f"{self._step.abstract} does not know the type of {self._step.name}.")
        return errors.settle(result, self._step, path, is_nullable=self._step.is_nullable)

    def _items(self, items: list[Any], number: int, errors: Errors) -> Any:
        path = self._path(number)
        completed = errors.items(self._step, items, path, lambda item, _at: item)
        if isinstance(completed, GraphQLError):
            return errors.settle(completed, self._step, path, is_nullable=self._step.is_nullable)
        return completed

    def _path(self, number: int) -> Path:
        return [*self._parent.path(number), self._step.key]
