"""Equal reads in flight under one credential are one call (DESIGN D10): whoever comes second waits for the first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from omneo.transport import Answer

Key = tuple[bytes, str]  # the hash of the whole credential, and the URL


@dataclass(slots=True, eq=False)
class _Flight:
    """One read under way; the future is made when somebody waits for it, which is seldom."""

    landed: asyncio.Future[Answer | None] | None = None


class Flights:
    """Join equal reads. An answer is shared only while it is on its way: nothing is kept."""

    def __init__(self) -> None:
        self._flights: dict[Key, _Flight] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._flights

    async def join(self, key: Key, timeout_s: float) -> Answer | None:
        """Wait for an equal read that is under way, at most so long; None when it failed or was given up: its limits
        were another request's."""
        flight = self._flights[key]
        if flight.landed is None:
            flight.landed = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(flight.landed)
        except TimeoutError:
            return None

    async def fly(self, key: Key, read: Callable[[], Awaitable[Answer]]) -> Answer:
        """Read, and let others join meanwhile."""
        flight = self._flights[key] = _Flight()
        answer = None
        try:
            answer = await read()
            return answer
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if flight.landed is not None and not flight.landed.done():
                flight.landed.set_result(answer)

    def part(self) -> None:
        """Let nobody join what is under way now: a write has been made since it took off."""
        self._flights.clear()
