"""Running a plan, level by level: all objects of one place of the answer at once.

A level is the records that one field of one plan answered with, for all its parents. Its flat fields are projected by
generated code; its steps are resolved for all records, the loads among them gathered, and each loader asked once; what
comes back is the next level. There is no task and no future per object.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
from graphql import GraphQLError, OperationType
from graphql.execution.values import VariableValues

from execution.asking import Ahead, Asked, Loader, ask, awaited, look_ahead, made, settle_loads
from execution.begun import Begun
from execution.completion import Errors, Path
from execution.level import Below, Level
from execution.plan import FieldPlan, FieldReader, ObjectPlan, Plan
from execution.projection import attach_projection
from loaders.batching import Load
from pace import Cut, Pace
from schema.errors import AnswerTooLarge

_NOTHING: list[FieldReader] = []
ROOT = object()  # what the root's fields have as their parent
LIST = 40  # records; a list inside a record counts as so many of what is projected in a turn
_LONG = 40  # records of a level; what is done with them when they are projected takes as long again


class _Taken(msgspec.Struct):
    """A step under way: the numbers of the parents that still stand, and a value, load or error for each."""

    step: FieldPlan
    live: list[int]
    values: list[Any]
    has_failed: bool = False


class Info(msgspec.Struct, eq=False):
    """All that resolvers use of a strawberry.Info (tests/test_engine.py holds them to it)."""

    context: Any


class Runner(msgspec.Struct, eq=False):
    """Run one operation once."""

    plan: Plan
    info: Info
    variables: VariableValues
    most_objects: int  # in the answer
    pace: Pace
    calls: int  # that it may make
    objects: int = 0  # so far
    errors: Errors = msgspec.field(default_factory=Errors)
    ahead: list[Ahead] = []

    async def run(self) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Return the data and the errors."""
        level = Level(self.plan.root, [ROOT])
        try:
            if self.plan.kind is OperationType.MUTATION:
                [data] = await self._in_series(level)
            else:
                [data] = await self._objects(level)
        except AnswerTooLarge as error:
            self.info.context.trace.abandon()  # whatever else was begun asks nobody any more
            return None, [GraphQLError(str(error), original_error=error)]
        finally:
            for begun in self.ahead:
                begun.load.cancel()
        errors = self.errors
        if isinstance(data, GraphQLError):
            errors.keep(data, [])
            return None, errors.collected
        return data, errors.collected

    async def _in_series(self, level: Level) -> list[Any]:
        out = self._projected(level, 0, 1)
        for step in level.plan.steps:
            await self._alone(step, level, out)
        return out

    async def _objects(self, level: Level) -> list[Any]:
        """Complete the records of a level: a dict each, or the error that climbs from it."""
        plan, count = level.plan, len(level.rows)
        cut = self.pace.cut(self.calls)
        at_once = cut.records // LIST if plan.holds_lists else cut.records
        out = self._projected(level, 0, at_once) if count <= at_once else await self._by_turns(level, at_once, cut)
        if cut.turns_apart and count >= _LONG:
            await self.pace.pause(self.calls)
        steps = plan.steps
        if steps and out:
            if count == 1 and len(steps) == 1:
                await self._alone(steps[0], level, out)
            else:
                await self._steps(level, out, steps)
        return out

    async def _by_turns(self, level: Level, at_once: int, cut: Cut) -> list[Any]:
        """Project many records, a piece in each turn of the event loop."""
        out: list[Any] = []
        while True:
            begun_s = time.perf_counter()
            out += self._projected(level, len(out), len(out) + at_once)
            if len(out) >= len(level.rows):
                return out
            at_once = max(1, min(2 * at_once, int(at_once * cut.turn_s / (time.perf_counter() - begun_s))))
            await self.pace.pause(self.calls)

    def _projected(self, level: Level, start: int, end: int) -> list[Any]:
        plan, rows = level.plan, level.rows
        project = plan.project or attach_projection(plan)
        try:
            return project(
                rows if start == 0 and end >= len(rows) else rows[start:end],
                [each.bind(self.info, self.variables) for each in plan.bound] if plan.bound else _NOTHING,
            )
        except Exception:
            numbered = range(start, min(end, len(rows)))
            return [self._exactly(plan, rows[row], level.path(row)) for row in numbered]

    def _exactly(self, plan: ObjectPlan, row: Any, path: Path) -> Any:
        return None if row is None else self.errors.object(plan, row, path, self._reader)

    def _reader(self, field: FieldPlan) -> FieldReader:
        return field.bind(self.info, self.variables)

    async def _alone(self, step: FieldPlan, level: Level, out: list[Any]) -> None:
        """Take the one step of the one record there is: what `_steps` does of many, without their lists."""
        target = out[0]
        if target.__class__ is not dict:
            return
        try:
            if step.rule is not None:
                step.rule.check(self.info.context.caller)
            read = step.bind(self.info, self.variables)
            value = step.value(read, level.rows[0]) if step.spread else read(level.rows[0])
            if value.__class__ is Load:
                value = made(value, await self._loaded(step, value))
            elif step.is_async:
                self._let_go()
                value = await value
        except Exception as error:
            value = error
        [result] = await self._complete(step, level, [0], [value])
        if isinstance(result, GraphQLError):
            out[0] = result
        else:
            target[step.key] = result

    def _loaded(self, step: FieldPlan, load: Load[Any, Any]) -> Asked:
        """Ask a loader for one key, where that is not under way already."""
        for begun in self.ahead:
            if begun.loader is load.loader and load.key in begun.keys:
                return begun.load
        self._let_go()
        if not step.foreseen:
            return load.loader.load_all([load.key])
        own = Begun(load.loader.load_all([load.key]))
        self.ahead += look_ahead([step], self.info, self.variables)
        return own

    def _let_go(self) -> None:
        """Have what was begun ahead go on by itself: others than the one step that asked for it may need it."""
        for begun in self.ahead:
            begun.load.let_go()

    async def _steps(self, level: Level, out: list[Any], steps: Sequence[FieldPlan]) -> None:
        taken = []
        self._let_go()
        for step in steps:
            taken.append(self._take(step, level, out))
            if taken[-1].has_failed and not step.is_nullable:
                self._fell(taken, level, out)
        asked = ask([each.values for each in taken])
        # Not for one whose parents have all fallen: nobody waits for it any more.
        waiting = [each.step for each in taken if each.step.foreseen and any(v.__class__ is Load for v in each.values)]
        if waiting:
            self.ahead += look_ahead(waiting, self.info, self.variables)
            self._let_go()
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
                step.rule.check(self.info.context.caller)
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
                path = [*level.path(number), last.step.key]
                out[number] = self.errors.settle(value, last.step, path, is_nullable=False)
        for each in taken:
            for number, value in zip(each.live, each.values, strict=True):
                if out[number].__class__ is not dict and isinstance(value, Coroutine):
                    value.close()
            kept = [place for place, number in enumerate(each.live) if out[number].__class__ is dict]
            each.live = [each.live[place] for place in kept]
            each.values = [each.values[place] for place in kept]

    async def _finish(self, taken: _Taken, level: Level, out: list[Any], asked: dict[Loader, Asked]) -> None:
        """Await what a step needs, complete its values, and put them where they belong."""
        step, values = taken.step, taken.values
        if asked:
            await settle_loads(values, asked)
        if step.is_async:
            values = await awaited(values)
        completed = await self._complete(step, level, taken.live, values)
        for number, result in zip(taken.live, completed, strict=True):
            target = out[number]
            if target.__class__ is dict:  # else it fell to a sibling's error meanwhile
                if isinstance(result, GraphQLError):
                    out[number] = result
                else:
                    target[step.key] = result

    async def _complete(self, step: FieldPlan, level: Level, live: list[int], values: list[Any]) -> list[Any]:
        """Complete a value for each parent: what the answer holds, or the error that climbs to the parent."""
        try:
            return await self._completed(step, level, live, values)
        except AnswerTooLarge as error:
            if self.plan.kind is not OperationType.MUTATION:
                raise
            paths = [[*level.path(number), step.key] for number in live]  # what was written is told, this is not
            return [self.errors.settle(error, step, path, is_nullable=step.is_nullable) for path in paths]

    async def _completed(self, step: FieldPlan, level: Level, live: list[int], values: list[Any]) -> list[Any]:
        if not step.has_selection:
            return [
                self.errors.leaf(step, value, [*level.path(number), step.key])
                for number, value in zip(live, values, strict=True)
            ]
        if len(values) == 1 and not step.is_list and step.abstract is None and _is_record(values[0]):
            below_it = Level(step.objects[0][1], values, level, step.key, live)
            if below_it.plan.holds_lists:
                self._count(below_it.plan, values)
            completed = await self._objects(below_it) if below_it.plan.steps else self._projected(below_it, 0, 1)
            if completed[0].__class__ is dict:  # one record with nothing wrong, as most single ones are
                return completed
            return Below(step, level, live, values).assembled(completed, self.errors)
        if step.is_list:
            self._hold(sum(len(each) for each in values if _is_record(each)))
        below = Below(step, level, live, values)
        completed = [None] * len(below.rows)
        for plan, numbers in below.by_type():
            level_below = below.level(plan, numbers)
            self._count(plan, level_below.rows)
            rows = await self._objects(level_below)
            if len(rows) == len(completed):
                completed = rows
                break
            for number, row in zip(numbers, rows, strict=True):
                completed[number] = row
        return below.assembled(completed, self.errors)

    def _count(self, plan: ObjectPlan, rows: list[Any]) -> None:
        """Count what is about to be made: what records bring along costs no call, so the price does not bound it. A
        single record without lists is not counted, for there are no more of these than the plan has fields."""
        count = plan.count(rows)
        self._hold(count)
        self.objects += count

    def _hold(self, more: int) -> None:
        if self.objects + more > self.most_objects:
            raise AnswerTooLarge(self.most_objects)


def _is_record(value: Any) -> bool:
    return value is not None and not isinstance(value, Exception)
