"""Writing URLs: a route's parts and parameters, quoted as far as they need it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus

Params = Sequence[tuple[str, str] | str]  # names and values, or what is written already

_is_unreserved = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_is_unreserved_list = re.compile(r"[A-Za-z0-9_.,~-]*").fullmatch


def as_part(value: str | int) -> str:
    """Quote a part of a path; ids need none, and asking urllib costs more than the rest of the path."""
    text = str(value)
    return text if _is_unreserved(text) else quote(text, safe="")


def query(params: Params) -> str:
    """Write parameters, question mark and all."""
    return "?" + "&".join([each if isinstance(each, str) else _written(*each) for each in params])


def _written(name: str, value: str) -> str:
    """Write a parameter; lists of ids, which urllib would take a millisecond for, need only their commas quoted."""
    value = value.replace(",", "%2C") if _is_unreserved_list(value) else quote_plus(value)
    return f"{_quoted_name(name)}={value}"


@lru_cache(maxsize=256)
def _quoted_name(name: str) -> str:
    """Names are ours and few. Values can be personal, and are not remembered."""
    return quote_plus(name)
