"""Media types: what a request is written in, and what its client can read."""

from __future__ import annotations

from functools import lru_cache

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"

_MAX_RANGES = 40


@lru_cache(maxsize=256)
def answer_type(accept: bytes | None, *, page: bool) -> str | None:
    """Choose what to answer in; None when the client reads none of it.

    JSON is the default, also for `*/*`. HTML is chosen only where a `page` is on offer and the client names it, as
    browsers do and API clients do not.
    """
    if not accept or not accept.strip():
        return JSON
    offered = (JSON, GRAPHQL_RESPONSE, HTML) if page else (JSON, GRAPHQL_RESPONSE)
    ranges = _ranges(accept.decode("latin-1").lower())
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen = None
    for offer in offered:
        rank = _rank(offer, ranges)
        if rank is not None and rank > best:
            best, chosen = rank, offer
    return chosen


def _rank(offer: str, ranges: list[tuple[str, float]]) -> tuple[float, int, int] | None:
    """Rank an offer: quality, then how exactly it is named, then how early. None when it is not acceptable."""
    main = offer.partition("/")[0]
    for exactness, name in ((3, offer), (2, f"{main}/*"), (1, "*/*")):
        if offer == HTML and exactness < 3:
            return None
        for position, (wanted, quality) in enumerate(ranges):
            if wanted == name:
                return (quality, exactness, -position) if quality > 0 else None
    return None


def _ranges(accept: str) -> list[tuple[str, float]]:
    ranges = []
    for part in accept.split(",")[:_MAX_RANGES]:
        name, *parameters = (each.strip() for each in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _quality(value)
            elif key.strip() == "charset" and value.strip(' "') not in ("utf-8", "utf8"):
                quality = 0.0
        ranges.append((name, quality))
    return ranges


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0


@lru_cache(maxsize=256)
def is_json(content_type: bytes | None) -> bool:
    """Tell whether a body is declared as JSON in UTF-8.

    The simple content types that a web page may send anywhere without asking first (form and plain text) are not.
    """
    if content_type is None:
        return False
    name, *parameters = (each.strip() for each in content_type.decode("latin-1").lower().split(";"))
    charsets = [
        each.partition("=")[2].strip(' "') for each in parameters if each.partition("=")[0].strip() == "charset"
    ]
    return name == JSON and all(each in ("utf-8", "utf8") for each in charsets)
