"""Words of the environment as values. What a parser refuses it says what is wanted of, and never quotes."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.datastructures import Secret


def tenant(text: str) -> str:
    """Read a tenant's name, as it stands in a host's name."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", text, re.ASCII):
        raise ValueError("a tenant's name is wanted, lower-case letters, digits and hyphens")
    return text


def url(text: str) -> str:
    """Read an address without a trailing slash."""
    wanted = "an http or https URL without user, query or fragment is wanted"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(wanted)
    if "@" in parts.netloc or parts.query or parts.fragment or re.search(r"\s", text):
        raise ValueError(wanted)
    return text.rstrip("/")


def url_with_query(text: str) -> str:
    """Read an address that may have a query, as some issuers publish their keys under one."""
    address, mark, query = text.partition("?")
    if mark and (not query or re.search(r"[\s#?]", query)):
        raise ValueError("an http or https URL without user or fragment is wanted")
    return url(address) + mark + query


def origins(text: str) -> tuple[str, ...]:
    """Read origins of web pages, parted by commas or blanks; `*` alone is all."""
    named = tuple(each for each in re.split(r"[,\s]+", text) if each)
    if named == ("*",):
        return named
    for origin in named:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?", origin):
            raise ValueError("origins such as https://shop.example, parted by commas, are wanted; or * alone")
    return named


def id_url(text: str) -> str:
    """Read the root of the ID API; an origin alone stands for its usual path."""
    root = url(text)
    return root if urlsplit(root).path else f"{root}/id/api/v1"


def redis_url(text: str) -> Secret:
    """Read where Redis is; it may hold a password."""
    if urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("a redis://, rediss:// or unix:// URL is wanted")
    return Secret(text)


def credential(text: str) -> Secret:
    """Read a token."""
    if not re.fullmatch(r"[\x21-\x7e]+", text, re.ASCII):
        raise ValueError("visible ASCII characters are wanted")
    return Secret(text)


def time_zone(text: str) -> ZoneInfo:
    """Read an IANA time zone."""
    try:
        return ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        raise ValueError("an IANA time zone such as Australia/Melbourne is wanted") from None


def existing_file(text: str) -> Path:
    """Read the path of a file that is there."""
    path = Path(text)
    if not path.is_file():
        raise ValueError("a readable file is wanted")
    return path


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make the parser of a whole number between two, both included."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high} is wanted")
        return int(text)

    return parse


def seconds(text: str) -> float:
    """Read a time in seconds, an hour at most."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 3600:
        raise ValueError("seconds above 0 and up to 3600 are wanted")
    return value


def one_of(*words: str) -> Callable[[str], str]:
    """Make the parser of one of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)} is wanted")
        return text

    return parse


def is_loopback(url: str) -> bool:
    """Tell whether an address is this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
