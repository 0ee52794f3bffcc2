"""List filters in Omneo's query notation (API.md §4.1)."""

from __future__ import annotations

from collections.abc import Iterable

from omneo.errors import InvalidId

Value = str | int | bool | Iterable[str] | None


class Filters(tuple[tuple[str, str], ...]):
    """Hold query parameters such as `("filter[expires_at][gte]", "2026-01-01 00:00:00")`, ready to be encoded.

    Equal filters are equal and hash alike, so they can be part of a loader's key.
    """

    __slots__ = ()

    @classmethod
    def of(cls, *, tags: Iterable[str] = (), **fields: Value) -> Filters:
        """Build filters from keywords: `field=…`, `field__gte=…`, `tags__handle=…` (nested), `field__in=[…]`.

        None filters nothing. Booleans become 1 and 0, lists are joined by commas (U-2): a value with a comma in it
        would be two, and raises `InvalidId`. `tags` is the repeated `tags[]` of profile benefits.
        """
        named = [(_parameter(name), _text(value)) for name, value in fields.items() if value is not None]
        return cls((*named, *(("tags[]", tag) for tag in tags)))

    def also(self, **fields: Value) -> Filters:
        """Add further filters."""
        return Filters((*self, *Filters.of(tags=(), **fields)))


def _parameter(name: str) -> str:
    field, _, below = name.partition("__")
    return f"filter[{field}]" + "".join(f"[{part}]" for part in below.split("__") if part)


def _text(value: str | int | bool | Iterable[str]) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str | int):
        return str(value)
    values = list(value)
    if any("," in each for each in values):
        raise InvalidId("A value in a list must not contain a comma.")
    return ",".join(values)
