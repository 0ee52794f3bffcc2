"""Counting the turns of the event loop, where a test by the clock would flicker."""

import asyncio


class Turns:
    """Count turns from now on."""

    def __init__(self) -> None:
        self.now = 0
        self._counting = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self.now += 1
        self._counting = asyncio.get_running_loop().call_soon(self._turn)

    def end(self) -> None:
        self._counting.cancel()
