"""Asking loaders for what steps need: a level's loads together, and ahead of time what is foreseen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec
from graphql.execution.values import VariableValues

from execution.begun import Begun
from execution.plan import FieldPlan
from loaders.batching import BatchLoader, Load

Loader = BatchLoader[Any, Any]
Asked = Awaitable[dict[Any, Any]]  # a value or an error for each key


class Ahead(msgspec.Struct, eq=False):
    """A load that was begun before anyone needed it."""

    loader: Loader
    keys: list[Any]
    load: Begun[dict[Any, Any]]


def ask(values: Sequence[list[Any]]) -> dict[Loader, Asked]:
    """Gather the loads among the values of all steps, and ask each loader once."""
    keys: dict[Loader, list[Any]] = {}
    for each in values:
        for value in each:
            if value.__class__ is Load:
                keys.setdefault(value.loader, []).append(value.key)
    if len(values) == 1 and len(keys) == 1:
        return {loader: loader.load_all(wanted) for loader, wanted in keys.items()}
    return {loader: loader.loop.create_task(loader.load_all(wanted)) for loader, wanted in keys.items()}


def look_ahead(steps: Sequence[FieldPlan], info: Any, variables: VariableValues) -> list[Ahead]:
    """Ask already for what lies below records that are themselves still awaited, where the keys are known."""
    keys: dict[Loader, list[Any]] = {}
    for step in steps:
        _foresee(step, info, variables, keys)
    return [Ahead(loader, wanted, Begun(loader.load_all(wanted))) for loader, wanted in keys.items()]


def _foresee(step: FieldPlan, info: Any, variables: VariableValues, keys: dict[Loader, list[Any]]) -> None:
    try:
        stand_in = None if step.foresees is None else step.foresees(info, variables)
        if stand_in is None:
            return
        for below in step.foreseen:
            if below.rule is not None:
                below.rule.check(info.context.caller)
            load = below.bind(info, variables)(stand_in)
            if load.__class__ is Load:
                keys.setdefault(load.loader, []).append(load.key)
    except Exception:  # it will happen again, at its own place, when the record is there
        return


async def settle_loads(values: list[Any], asked: dict[Loader, Asked]) -> None:
    """Put in the place of each load its answer, or the error it ends with."""
    answers: dict[Loader, dict[Any, Any]] = {}
    for position, value in enumerate(values):
        if value.__class__ is not Load:
            continue
        if value.loader not in answers:
            answers[value.loader] = await asked[value.loader]
        values[position] = made(value, answers[value.loader])


def made(load: Load[Any, Any], answers: dict[Any, Any]) -> Any:
    """Make of a loaded value what the resolver wants of it, or the error it ends with."""
    answer = answers[load.key]
    if load.then is None or isinstance(answer, Exception):
        return answer
    try:
        return load.then(answer)
    except Exception as error:
        return error


async def awaited(values: list[Any]) -> list[Any]:
    """Await the values of a resolver that is a coroutine; values and errors, in their order."""
    waiting = [each if hasattr(each, "__await__") else _itself(each) for each in values]
    return await asyncio.gather(*waiting, return_exceptions=True)


async def _itself(value: Any) -> Any:
    return value
