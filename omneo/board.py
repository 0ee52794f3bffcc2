"""Where the workers of one host see that one of them has written: a count for each, in memory they share."""

from __future__ import annotations

import mmap
import struct

_COUNT = struct.Struct("<Q")


class Board:
    """Hold a count for each of so many workers, who are forked after it is made."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, workers * _COUNT.size)
        self._at = 0

    def take(self, place: int) -> None:
        """Count as the worker at this place, from where the last one there ended."""
        self._at = place * _COUNT.size

    def note(self) -> None:
        """Count one more write of this worker's."""
        [count] = _COUNT.unpack_from(self._memory, self._at)
        _COUNT.pack_into(self._memory, self._at, count + 1)

    def read(self) -> bytes:
        """Return what changes whenever any of them writes."""
        return self._memory[:]
