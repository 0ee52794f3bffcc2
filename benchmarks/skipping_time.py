"""An event loop whose clock skips to the next timer when nobody works, so that hours of waiting take no time."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager


class SkippingLoop(asyncio.SelectorEventLoop):
    """Run as asyncio does, but do not wait for timers. Work outside the loop is waited for inside `real_time`."""

    def __init__(self) -> None:
        self._now = 0.0
        self._at_work = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def wait(self, timeout: float | None) -> float | None:
        """Tell the selector how long to wait; a wait that only timers would end is skipped."""
        if timeout is None or timeout <= 0 or self._at_work:
            return timeout
        return 0.0

    def passed(self, skipped: float, elapsed: float) -> None:
        """Move the clock on."""
        self._now += skipped if not self._at_work else elapsed

    def enter_real_time(self, change: int) -> None:
        """Count those who wait for threads or sockets; while there are any, time passes as it does elsewhere."""
        self._at_work += change


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        events = super().select(self._loop.wait(timeout))
        skipped = 0.0 if events or timeout is None else max(0.0, timeout)
        self._loop.passed(skipped, time.monotonic() - began)
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
