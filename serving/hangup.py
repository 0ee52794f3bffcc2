"""A client that hangs up while a read runs: the read ends, and no further call is begun for it."""

from __future__ import annotations

import asyncio

from serving.asgi import ClientGone, Receive
from serving.patience import Patience
from telemetry import Trace

# A read that is answered sooner than this is never watched for a client that hangs up: most cost nothing for it.
WATCH_AFTER_S = 0.25


class HangUp:
    """Cancel the running task when its client hangs up; begun late, so that a quick read never pays for it."""

    __slots__ = ("_is_gone", "_patience", "_reader", "_receive", "_trace", "_watcher")

    def __init__(self, receive: Receive, trace: Trace, patience: Patience) -> None:
        self._receive = receive
        self._trace = trace
        self._patience = patience
        loop = asyncio.get_running_loop()
        self._reader = asyncio.current_task(loop)
        self._watcher: asyncio.Task[None] | None = None
        self._is_gone = False
        patience.begin(self._watch, loop)

    def _watch(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        # Who asked the same and is still there would lose what was read so far.
        while self._trace.followers:  # noqa: ASYNC110 — rare, and an event for each request would cost every one
            await asyncio.sleep(WATCH_AFTER_S)
        self._is_gone = True
        self._trace.abandon()
        if self._reader is not None:
            self._reader.cancel()

    def raise_if_gone(self) -> None:
        """Turn a cancellation that came from here into ClientGone; one from elsewhere stays what it is."""
        if self._is_gone and self._reader is not None and self._reader.uncancel() == 0:
            raise ClientGone from None

    def end(self) -> None:
        """Stop watching; the answer is there."""
        self._patience.end(self._watch)
        if self._watcher is not None:
            self._watcher.cancel()
