"""Coroutines that are begun before anybody waits for them, without a task for each."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that the running task has begun, up to where it waits.

    It goes on where it is awaited, by one at a time and as a part of whoever awaits it; or by itself, as a task, once
    it is let go. What is begun in one turn of the event loop is sent in one, and what has come when it is awaited
    costs no turn at all.

    Not for what notes its task before it waits, as `asyncio.timeout` does: another may go on with it. Loaders of
    profiles and of their lists do not; their reads have deadlines of the transport's.
    """

    __slots__ = ("_coroutine", "_is_over", "_task", "_value", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, None, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[T] | None = None
        self._waits_for: list[asyncio.Future[Any] | None] = []
        self._is_over = False
        self._value: T
        try:
            self._waits_for.append(coroutine.send(None))
        except StopIteration as end:
            self._is_over, self._value = True, end.value

    def __await__(self) -> Generator[Any, None, T]:
        if self._task is not None:
            value: T = yield from self._task.__await__()
            return value
        if not self._is_over:
            try:
                self._value = yield from _gone_on_with(self._coroutine, self._waits_for)
            finally:
                self._is_over = True
        return self._value

    def let_go(self) -> None:
        """Have it go on by itself from now on."""
        if self._task is None and not self._is_over:
            self._task = asyncio.get_running_loop().create_task(_by_itself(self._coroutine, self._waits_for))

    def cancel(self) -> None:
        """End it, if it has not ended: nobody will wait for it any more."""
        if self._task is None and not self._is_over:
            for future in filter(None, self._waits_for):
                future.cancel()  # as a task would, which has it clean up
        self.let_go()
        if self._task is not None:
            asyncio.get_running_loop().call_soon(self._task.cancel)


async def _by_itself(coroutine: Coroutine[Any, None, T], waits_for: list[asyncio.Future[Any] | None]) -> T:
    return await _gone_on_with(coroutine, waits_for)


@types.coroutine
def _gone_on_with(
    coroutine: Coroutine[Any, None, T], waits_for: list[asyncio.Future[Any] | None]
) -> Generator[Any, None, T]:
    """Go on with a coroutine that has been begun and waits for something, which is taken out of the list: an error of
    it has a traceback, which would hold it, and it the error."""
    while True:
        try:
            if waits_for[0] is None or not waits_for[0].done():
                yield waits_for.pop()
            else:
                waits_for.clear()
        except BaseException as error:  # whoever goes on with it is cancelled, so it is too
            try:
                waits_for.append(coroutine.throw(error))
            except StopIteration as end:
                value: T = end.value
                return value
        else:
            return (yield from coroutine.__await__())
