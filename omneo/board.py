"""Where the workers of one host see what the others have changed: words in memory that they share."""

from __future__ import annotations

import mmap
import os
from zlib import crc32

_WORDS = 65_536
_BYTES = 8


class Board:
    """Hold a word for each name, that whoever is forked after it is made sees and changes. Few names share one, and
    then change together."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _WORDS * _BYTES)

    def word(self, name: str) -> bytes:
        """Return a name's word: another after every change."""
        at = _place(name)
        return self._memory[at : at + _BYTES]

    def change(self, name: str) -> None:
        """Give a name another word: a random one, for two that change it at once must not end with the same."""
        at = _place(name)
        self._memory[at : at + _BYTES] = os.urandom(_BYTES)


def _place(name: str) -> int:
    return crc32(name.encode()) % _WORDS * _BYTES
