"""Those who wait for a place: reads that come alone and reads of many, in two lines that are served by turns."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Generic, Protocol, TypeVar

_LOOK_S = 0.05  # how often the lines are looked through for who has waited too long


class Waiting(Protocol):
    """Somebody in line, until `ends` of time.monotonic()."""

    ends: float
    is_over: bool

    def give_up(self) -> None:
        """Say that the time is over."""


W = TypeVar("W", bound=Waiting)


class Lines(Generic[W]):
    """Hold the lines, each in the order they came."""

    def __init__(self) -> None:
        self._alone: deque[W] = deque()
        self._of_many: deque[W] = deque()
        self._is_turn_of_many = False
        self.alarm: asyncio.TimerHandle | None = None  # None where nobody is in line

    def stand(self, waiting: W, *, is_of_many: bool) -> None:
        """Go to the end of a line. Whoever is over meanwhile is passed over, whoever is late is told."""
        (self._of_many if is_of_many else self._alone).append(waiting)
        if self.alarm is None:
            loop = asyncio.get_running_loop()
            self.alarm = loop.call_later(_LOOK_S, self._look, loop)

    def next(self) -> W | None:
        """Take the first who still waits out of the line whose turn it is, or out of the other."""
        if not self._alone and not self._of_many:
            return None
        loop = asyncio.get_running_loop()
        now = time.monotonic()
        lines = (self._of_many, self._alone) if self._is_turn_of_many else (self._alone, self._of_many)
        for line in lines:
            while line:
                waiting = line.popleft()
                if waiting.is_over:
                    continue
                if waiting.ends > now:
                    self._is_turn_of_many = line is self._alone
                    return waiting
                loop.call_soon(waiting.give_up)
        return None

    def close(self) -> list[W]:
        """Send everybody away; returns who they are."""
        if self.alarm is not None:
            self.alarm.cancel()
        everybody = [*self._alone, *self._of_many]
        self._alone.clear()
        self._of_many.clear()
        return everybody

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now, late = time.monotonic(), list[W]()
        for line in (self._alone, self._of_many):
            waiting = [each for each in line if not each.is_over]
            late += [each for each in waiting if each.ends <= now]
            line.clear()
            line.extend(each for each in waiting if each.ends > now)
        self.alarm = loop.call_later(_LOOK_S, self._look, loop) if self._alone or self._of_many else None
        for each in late:
            each.give_up()
