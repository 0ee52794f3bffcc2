"""What takes long to read is read beside the event loop, so that a hostile text holds up nobody but its sender."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

LONG_BODY = 16 * 1024  # bytes; strict decoding takes up to 0.2 ms per KiB
LONG_DOCUMENT = 1000  # characters; parsing and validating takes up to 10 ms for so many, and grows with the square


class Aside:
    """Run one piece of work at a time in a thread of its own; the rest waits there for its turn."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")

    async def do(self, work: Callable[[], T]) -> T:
        """Do the work in the thread and return what it returns, or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Let go of the thread; work that has not begun is not done."""
        self._thread.shutdown(wait=False, cancel_futures=True)
