"""How large work is cut into pieces, and what is left between them to whoever else has something to do (ADR 27)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec


class Cut(msgspec.Struct, frozen=True):
    """Say how much is done in one turn of the event loop."""

    turn_s: float  # how long records are projected
    records: int  # as a first guess of how many that is; an answer of more is a long one
    sockets: int  # of reads of many that are looked at, or begun; -1 for all
    turns_apart: bool  # whether what is done with a long level, or a long answer, has turns of its own


FINE = Cut(0.00025, 200, 4, turns_apart=True)  # all of it takes about as long
COARSE = Cut(0.001, 1000, -1, turns_apart=False)

LARGE = 5  # calls that a query makes
_FEW = 2  # large ones under way
_LATELY_S = 0.05
_REST_TURNS = 3  # in which a small query is read, run and answered
_REST_S = 0.0005


class Pace:
    """Know what kind of queries are under way, and how those that are large are to make way for others.

    Beside one or two large ones a small one hardly waits: they are cut fine, and where small ones come, some turns of
    the event loop are left between two pieces. More of them are cut coarsely: whoever is beside those waits for all of
    them, not for a piece of one, and each change between them drives what one worked on out of the processor's caches.
    So are those that are not large, which never rest.
    """

    def __init__(self) -> None:
        self.large = 0  # under way
        self.small_s = float("-inf")  # when a small one began last

    def begin(self, calls: int) -> None:
        """Take note of a query that may make so many calls."""
        if calls < LARGE:
            self.small_s = time.perf_counter()
        else:
            self.large += 1

    def end(self, calls: int) -> None:
        """Take note of its end."""
        if calls >= LARGE:
            self.large -= 1

    def cut(self, calls: int) -> Cut:
        """Tell how a query of so many calls is cut."""
        return FINE if calls >= LARGE and self.large <= _FEW else COARSE

    async def pause(self, calls: int) -> None:
        """Let others have their turn between two pieces of such a query."""
        ends_s = time.perf_counter() + _REST_S
        await asyncio.sleep(0)
        if self.cut(calls) is FINE and self._is_asked_small_things:
            for _ in range(_REST_TURNS):
                if time.perf_counter() < ends_s:
                    await asyncio.sleep(0)

    @property
    def cut_of_reads(self) -> Cut:
        """Tell how the reads of many are cut, whoever asks for them."""
        return FINE if 0 < self.large <= _FEW else COARSE

    @property
    def reads_rest(self) -> bool:
        """Tell whether turns are to be left between two pieces of those."""
        return 0 < self.large <= _FEW and self._is_asked_small_things

    @property
    def _is_asked_small_things(self) -> bool:
        return time.perf_counter() < self.small_s + _LATELY_S


class Rest:
    """Leave some turns of the event loop to others, but not long: in a crowd one turn takes as long as several."""

    def __init__(self, then: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._then = then
        self._left = _REST_TURNS
        self._ends_s = time.perf_counter() + _REST_S
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._left -= 1
        if self._left and time.perf_counter() < self._ends_s:
            self._loop.call_soon(self._turn)
        else:
            self._then()
