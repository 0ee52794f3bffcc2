"""An event loop whose clock skips to the next timer when nobody works, so that hours of waiting take no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Iterator
from contextlib import contextmanager

_REAL_WORK_S = 0.2  # what a step of a database may take before timers go on all the same


class SkippingLoop(asyncio.SelectorEventLoop):
    """Run as asyncio does, but do not wait for timers. Work outside the loop is waited for inside `real_time`."""

    def __init__(self) -> None:
        self._now = 0.0
        self._at_work = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def patience(self, timeout: float | None) -> float | None:
        """Tell for how long to wait for threads and sockets, in real seconds, before time is skipped."""
        if timeout is None or timeout <= 0:
            return timeout
        return max(timeout, _REAL_WORK_S) if self._at_work else 0.0

    def skip(self, seconds: float) -> None:
        """Move the clock on."""
        self._now += seconds

    def enter_real_time(self, change: int) -> None:
        """Count those who wait for threads or sockets; while there are any, time stands still for them."""
        self._at_work += change


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(self._loop.patience(timeout))
        if not events and timeout is not None and timeout > 0:
            self._loop.skip(timeout)
        return events


@contextmanager
def real_time() -> Iterator[None]:
    """Wait for threads and sockets as on any loop, which it may be."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, SkippingLoop):
        yield
        return
    loop.enter_real_time(+1)
    try:
        yield
    finally:
        loop.enter_real_time(-1)
