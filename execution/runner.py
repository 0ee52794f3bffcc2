"""Running a plan, level by level: all objects of one place of the answer at once.

A level is the records that one field of one plan answered with, for all its parents. Its flat fields are projected by
generated code; its steps are resolved for all records, the loads among them gathered, and each loader asked once; what
comes back is the next level. There is no task and no future per object.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec
import strawberry
from graphql import GraphQLError, OperationType
from graphql.execution.values import VariableValues

from execution.completion import Errors, Path
from execution.level import Below, Level
from execution.plan import FieldPlan, ObjectPlan, Plan, Read
from execution.projection import attach_projection
from loaders.batching import BatchLoader, Load

Asked = dict[BatchLoader[Any, Any], Awaitable[dict[Any, Any]]]

_NOTHING: list[Read] = []
ROOT = object()  # what the root's fields have as their parent
# Records projected before other requests get their turn: about a millisecond's. Lists inside them count as so many.
AT_ONCE = 1000
LIST = 40


class _Taken(msgspec.Struct):
    """A step under way: the numbers of the parents that still stand, and a value, load or error for each."""

    field: FieldPlan
    live: list[int]
    values: list[Any]
    has_failed: bool = False


class _RawInfo(msgspec.Struct, eq=False):
    """All that resolvers use of an info (tests/test_engine.py holds them to it)."""

    context: Any


class Runner:
    """Run one operation once."""

    def __init__(self, plan: Plan, context: Any, variables: VariableValues) -> None:
        self._plan = plan
        self._context = context
        self._variables = variables
        self._info: Any = strawberry.Info(_raw_info=_RawInfo(context), _field=None)  # type: ignore[arg-type]  # see _RawInfo
        self._errors = Errors()
        self._foreseen: list[asyncio.Task[Any]] = []

    async def run(self) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Return the data and the errors."""
        level = Level(self._plan.root, [ROOT])
        try:
            if self._plan.kind is OperationType.MUTATION:
                [data] = await self._in_series(level)
            else:
                [data] = await self._objects(level)
        finally:
            for task in self._foreseen:
                task.cancel()
        if isinstance(data, GraphQLError):
            self._errors.keep(data, [])
            return None, self._errors.collected
        return data, self._errors.collected

    async def _in_series(self, level: Level) -> list[Any]:
        out = self._projected(level, 0, 1)
        for step in level.plan.steps:
            await self._steps(level, out, [step])
        return out

    async def _objects(self, level: Level) -> list[Any]:
        """Complete the records of a level: a dict each, or the error that climbs from it."""
        out: list[Any] = []
        at_once = AT_ONCE // LIST if level.plan.holds_lists else AT_ONCE
        for start in range(0, len(level.rows), at_once):
            if start:
                await asyncio.sleep(0)
            out += self._projected(level, start, start + at_once)
        if level.plan.steps and out:
            await self._steps(level, out, level.plan.steps)
        return out

    def _projected(self, level: Level, start: int, end: int) -> list[Any]:
        plan, rows = level.plan, level.rows
        project = plan.project or attach_projection(plan)
        try:
            return project(
                rows[start:end] if end - start < len(rows) else rows,
                [self._reader(each) for each in plan.bound] if plan.bound else _NOTHING,
            )
        except Exception:
            numbered = range(start, min(end, len(rows)))
            return [self._exactly(plan, rows[row], level.path(row)) for row in numbered]

    def _exactly(self, plan: ObjectPlan, row: Any, path: Path) -> Any:
        return None if row is None else self._errors.object(plan, row, path, self._reader)

    def _reader(self, field: FieldPlan) -> Read:
        return field.bind(self._info, self._variables)

    async def _steps(self, level: Level, out: list[Any], steps: Sequence[FieldPlan]) -> None:
        taken = []
        for step in steps:
            taken.append(self._take(step, level, out))
            if taken[-1].has_failed and not step.is_nullable:
                self._fell(taken, level, out)
        asked = _ask(taken)
        self._foresee(taken)
        if len(taken) == 1:
            await self._finish(taken[0], level, out, asked)
        else:
            await asyncio.gather(*[self._finish(each, level, out, asked) for each in taken])

    def _take(self, step: FieldPlan, level: Level, out: list[Any]) -> _Taken:
        """Resolve a step for every parent that stands."""
        live = [number for number, each in enumerate(out) if each.__class__ is dict]
        rows = level.rows
        try:
            if step.rule is not None:
                step.rule.check(self._context.caller)
            read = self._reader(step)
        except Exception as error:
            return _Taken(step, live, [error] * len(live), has_failed=True)
        values: list[Any] = []
        has_failed = False
        for number in live:
            try:
                values.append(step.value(read, rows[number]))
            except Exception as error:
                values.append(error)
                has_failed = True
        return _Taken(step, live, values, has_failed)

    def _fell(self, taken: list[_Taken], level: Level, out: list[Any]) -> None:
        """Give up the parents that an error has already made null: nobody is asked for them any more."""
        last = taken[-1]
        for number, value in zip(last.live, last.values, strict=True):
            if isinstance(value, Exception):
                path = [*level.path(number), last.field.key]
                out[number] = self._errors.settle(value, last.field, path, is_nullable=False)
        for each in taken:
            kept = [place for place, number in enumerate(each.live) if out[number].__class__ is dict]
            each.live = [each.live[place] for place in kept]
            each.values = [each.values[place] for place in kept]

    def _foresee(self, taken: list[_Taken]) -> None:
        """Ask already for what lies below records that are themselves still awaited, where the keys are known."""
        keys: dict[BatchLoader[Any, Any], list[Any]] = {}
        for each in taken:
            if each.field.foreseen and any(value.__class__ is Load for value in each.values):
                self._look_ahead(each.field, keys)
        for loader, wanted in keys.items():
            self._foreseen.append(loader.loop.create_task(loader.load_all(wanted)))

    def _look_ahead(self, step: FieldPlan, keys: dict[BatchLoader[Any, Any], list[Any]]) -> None:
        try:
            stand_in = None if step.foresees is None else step.foresees(self._info, self._variables)
            if stand_in is None:
                return
            for below in step.foreseen:
                if below.rule is not None:
                    below.rule.check(self._context.caller)
                load = self._reader(below)(stand_in)
                if load.__class__ is Load:
                    keys.setdefault(load.loader, []).append(load.key)
        except Exception:  # it will happen again, at its own place, when the record is there
            return

    async def _finish(self, taken: _Taken, level: Level, out: list[Any], asked: Asked) -> None:
        """Await what a step needs, complete its values, and put them where they belong."""
        if asked:
            values = taken.values
            if len(values) == 1 and values[0].__class__ is Load:
                values[0] = _made(values[0], await asked[values[0].loader])
            else:
                await _settle_loads(values, asked)
        if taken.field.is_async:
            taken.values = await _awaited(taken.values)
        key = taken.field.key
        for number, result in zip(taken.live, await self._complete(taken, level), strict=True):
            target = out[number]
            if target.__class__ is dict:  # else it fell to a sibling's error meanwhile
                if isinstance(result, GraphQLError):
                    out[number] = result
                else:
                    target[key] = result

    async def _complete(self, taken: _Taken, level: Level) -> list[Any]:
        """Complete a value for each parent: what the answer holds, or the error that climbs to the parent."""
        step, values = taken.field, taken.values
        if not step.has_selection:
            return [
                self._errors.leaf(step, value, [*level.path(number), step.key])
                for number, value in zip(taken.live, values, strict=True)
            ]
        if len(values) == 1 and not step.is_list and step.abstract is None and _is_record(values[0]):
            below_it = Level(step.objects[0][1], values, level, step.key, taken.live)
            flat = not below_it.plan.steps
            completed = self._projected(below_it, 0, 1) if flat else await self._objects(below_it)
            if completed[0].__class__ is dict:  # one record with nothing wrong, as most single ones are
                return completed
            return Below(step, level, taken.live, values).assembled(completed, self._errors)
        below = Below(step, level, taken.live, values)
        completed = [None] * len(below.rows)
        for plan, numbers in below.by_type():
            rows = await self._objects(below.level(plan, numbers))
            if len(rows) == len(completed):
                completed = rows
                break
            for number, row in zip(numbers, rows, strict=True):
                completed[number] = row
        return below.assembled(completed, self._errors)


def _is_record(value: Any) -> bool:
    return value is not None and not isinstance(value, Exception)


def _ask(taken: list[_Taken]) -> Asked:
    """Gather the loads of all steps, and ask each loader once."""
    keys: dict[BatchLoader[Any, Any], list[Any]] = {}
    for each in taken:
        for value in each.values:
            if value.__class__ is Load:
                keys.setdefault(value.loader, []).append(value.key)
    if len(taken) == 1 and len(keys) == 1:
        return {loader: loader.load_all(wanted) for loader, wanted in keys.items()}
    return {loader: loader.loop.create_task(loader.load_all(wanted)) for loader, wanted in keys.items()}


async def _settle_loads(values: list[Any], asked: Asked) -> None:
    """Put in the place of each load its answer, or the error it ends with."""
    answers: dict[BatchLoader[Any, Any], dict[Any, Any]] = {}
    for position, value in enumerate(values):
        if value.__class__ is not Load:
            continue
        if value.loader not in answers:
            answers[value.loader] = await asked[value.loader]
        values[position] = _made(value, answers[value.loader])


def _made(load: Load[Any, Any], answers: dict[Any, Any]) -> Any:
    """Make of a loaded value what the resolver wants of it, or the error it ends with."""
    answer = answers[load.key]
    if load.then is None or isinstance(answer, Exception):
        return answer
    try:
        return load.then(answer)
    except Exception as error:
        return error


async def _awaited(values: list[Any]) -> list[Any]:
    """Await the values of a resolver that is a coroutine; values and errors, in their order."""
    if len(values) == 1 and not isinstance(values[0], Exception):
        try:
            return [await values[0]]
        except Exception as error:
            return [error]
    waiting = [each if hasattr(each, "__await__") else _itself(each) for each in values]
    return await asyncio.gather(*waiting, return_exceptions=True)


async def _itself(value: Any) -> Any:
    return value
