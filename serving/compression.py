"""Answers made smaller, for clients that ask for it and where it is worth the time.

Compressing what holds both a secret and a stranger's words can betray the secret by its length (BREACH), when the
stranger can make the victim's browser ask again and again. Here they cannot: a browser attaches no credential by
itself, so a page of another origin gets nothing but 401.
"""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache

WORTH_IT = 1400  # bytes; what is smaller fits into one packet as it is
_IN_A_THREAD = 64 * 1024  # bytes; above, it would hold up other requests, and zlib lets go of the interpreter's lock
_LEVEL = 1  # of JSON, level 6 saves a tenth more and takes three times as long


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: bytes | None) -> bool:
    """Tell whether an Accept-Encoding header asks for gzip: by name or by `*`, with a quality above 0."""
    wanted: dict[str, bool] = {}
    for part in (accept_encoding or b"").decode("latin-1").lower().split(",")[:40]:
        name, _, parameter = part.partition(";")
        key, _, quality = parameter.partition("=")
        wanted[name.strip()] = key.strip() != "q" or quality.strip().strip("0") not in ("", ".")
    return wanted.get("gzip", wanted.get("*", False))


async def gzipped(body: bytes) -> bytes:
    """Return the body in gzip's format."""
    return await asyncio.to_thread(_gzip, body) if len(body) > _IN_A_THREAD else _gzip(body)


def _gzip(body: bytes) -> bytes:
    return zlib.compress(body, _LEVEL, wbits=31)  # 31: with gzip's header and trailer
