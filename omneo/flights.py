"""Equal reads in flight under one credential are one call (DESIGN D10): whoever comes second waits for the first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from omneo.transport import Answer

Key = tuple[bytes, str]  # the hash of the whole credential, and the URL
Landed = Callable[[Answer | None], None]


class Flight(msgspec.Struct, eq=False):
    """One read under way: until when it will have landed, whatever becomes of it, and who waits for it."""

    deadline: float
    waiting: list[Landed] = []


class Flights:
    """Join equal reads. An answer is shared only while it is on its way: nothing is kept."""

    def __init__(self) -> None:
        self._flights: dict[Key, Flight] = {}
        self._landing: list[tuple[Key, Flight, Answer]] = []
        self.parted = 0  # how often

    def join(self, key: Key, deadline: float, landed: Landed) -> Flight | None:
        """Wait for an equal read that is under way and lands before `deadline`; where there is none, begin one, as
        `take_off` does, and return it.

        What is waited for brings None where it failed or was given up: its limits were another request's.
        """
        flight = self._flights.get(key)
        if flight is not None and flight.deadline <= deadline:
            flight.waiting.append(landed)
            return None
        flight = self._flights[key] = Flight(deadline)
        return flight

    def take_off(self, key: Key, deadline: float) -> Flight:
        """Begin a read, which takes until `deadline` at most, and let others join it. Whoever begins it lands it."""
        flight = self._flights[key] = Flight(deadline)
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
        self.parted += 1
