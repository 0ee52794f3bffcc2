"""Equal reads in flight under one credential are one call (DESIGN D10): whoever comes second waits for the first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from omneo.board import Board
from omneo.transport import Answer

Key = tuple[bytes, str]  # the hash of the whole credential, and the URL
Landed = Callable[[Answer | None], None]

_WRITES = "writes"  # the word of the board that every write changes


class Flight(msgspec.Struct, eq=False):
    """One read under way: until when it will have landed, whatever becomes of it, and who waits for it."""

    deadline: float
    waiting: list[Landed] = []


class Flights:
    """Join equal reads. An answer is shared only while it is on its way, and only if no write has ended since it was
    asked for: nothing is kept, and everybody reads what they wrote.

    Of the writes of other workers the `board` tells. Of those at other hosts nobody does: where there are some, a read
    is joined only until it is sent, when this turn of the event loop ends.
    """

    def __init__(self, board: Board | None = None, *, is_only_host: bool = True) -> None:
        self._flights: dict[Key, Flight] = {}
        self._landing: list[tuple[Key, Flight, Answer]] = []
        self._parted = 0  # how often
        self._board = board
        self._seen = b"" if board is None else board.word(_WRITES)
        self._is_only_host = is_only_host
        self._is_leaving = False  # what has taken off is going to be sent

    @property
    def era(self) -> int:
        """Count the times at which all reads under way have become too old."""
        if self._board is not None:
            self._look(self._board)
        return self._parted

    def join(self, key: Key, deadline: float, landed: Landed) -> Flight | None:
        """Wait for an equal read that is under way and lands before `deadline`; where there is none, begin one, as
        `take_off` does, and return it.

        What is waited for brings None where it failed or was given up: its limits were another request's.
        """
        if self._board is not None:
            self._look(self._board)
        flight = self._flights.get(key)
        if flight is not None and flight.deadline <= deadline:
            flight.waiting.append(landed)
            return None
        return self.take_off(key, deadline)

    def take_off(self, key: Key, deadline: float) -> Flight:
        """Begin a read, which takes until `deadline` at most, and let others join it. Whoever begins it lands it."""
        flight = self._flights[key] = Flight(deadline)
        if not self._is_only_host and not self._is_leaving:
            self._is_leaving = True
            asyncio.get_running_loop().call_soon(self._leave)
        return flight

    def land(self, key: Key, flight: Flight, answer: Answer) -> None:
        """End a read when this turn of the event loop does: whoever asks the same until then still joins it, so that
        requests which are a turn behind one another catch up, and go on together. The answer goes to all who joined."""
        if not self._landing:
            asyncio.get_running_loop().call_soon(self._land_all)
        self._landing.append((key, flight, answer))

    def crash(self, key: Key, flight: Flight) -> None:
        """End a read that failed, or was given up: whoever joined it reads for themselves."""
        self._tell(key, flight, None)

    def _land_all(self) -> None:
        landing, self._landing = self._landing, []
        for key, flight, answer in landing:
            self._tell(key, flight, answer)

    def _tell(self, key: Key, flight: Flight, answer: Answer | None) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        for landed in flight.waiting:
            landed(answer)

    def part(self) -> None:
        """Let nobody join what is under way now: a write has been made since it took off."""
        self._flights.clear()
        self._parted += 1
        if self._board is not None:
            self._board.change(_WRITES)
            self._seen = self._board.word(_WRITES)

    def _look(self, board: Board) -> None:
        """Part as others have."""
        written = board.word(_WRITES)
        if written != self._seen:
            self._flights.clear()
            self._parted += 1
            self._seen = written

    def _leave(self) -> None:
        self._is_leaving = False
        self._flights.clear()
        self._parted += 1
