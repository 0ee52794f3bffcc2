"""Equal reads in flight under one credential are one call (DESIGN D10): whoever comes second waits for the first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from omneo.transport import Answer

Key = tuple[bytes, str]  # the hash of the whole credential, and the URL


@dataclass(slots=True, eq=False)
class _Flight:
    """One read under way: until when it will have landed, whatever becomes of it, and who waits for it."""

    deadline: float
    waiting: list[asyncio.Future[Answer | None]] = field(default_factory=list)


class Flights:
    """Join equal reads. An answer is shared only while it is on its way: nothing is kept."""

    def __init__(self) -> None:
        self._flights: dict[Key, _Flight] = {}

    async def join(self, key: Key, deadline: float) -> Answer | None:
        """Wait for an equal read that is under way; None when there is none that lands before `deadline`, or when it
        failed or was given up: its limits were another request's."""
        flight = self._flights.get(key)
        if flight is None or flight.deadline > deadline:
            return None
        landed: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        flight.waiting.append(landed)
        return await landed

    async def fly(self, key: Key, deadline: float, read: Callable[[], Awaitable[Answer]]) -> Answer:
        """Read, which takes until `deadline` at most, and let others join meanwhile."""
        flight = self._flights[key] = _Flight(deadline)
        answer = None
        try:
            answer = await read()
            return answer
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
            for landed in flight.waiting:
                if not landed.done():
                    landed.set_result(answer)

    def part(self) -> None:
        """Let nobody join what is under way now: a write has been made since it took off."""
        self._flights.clear()
