"""Timers for what everyone may take equally long: one in the event loop, however many wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

Late = Callable[[], None]


class Patience:
    """Call back whoever waits longer than `seconds`.

    Nearly all are done long before, and a timer of the event loop for each costs more than what it watches over. Who
    began first is late first, so a dict in that order and one timer for its head will do.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: dict[Late, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that has our timer; a closed one never looks

    def begin(self, late: Late, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to wait, in the loop that is running; who waits already goes on from when they began."""
        self._begun.setdefault(late, time.monotonic())
        if loop is not self._loop:
            self._loop = loop
            loop.call_later(self._seconds, self._look)

    def end(self, late: Late) -> None:
        """Stop waiting: what was waited for is there."""
        self._begun.pop(late, None)

    def _look(self) -> None:
        now, begun, loop = time.monotonic(), self._begun, asyncio.get_running_loop()
        left_s = self._seconds
        try:
            while begun:
                late, since = next(iter(begun.items()))
                left_s = since + self._seconds - now
                if left_s > 0:
                    break
                del begun[late]
                late()
        finally:
            self._loop = loop if begun else None
            if begun:
                loop.call_later(max(left_s, 0.0), self._look)
