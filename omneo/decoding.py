"""From bytes to records: msgspec decodes straight into them, and whatever does not fit is `Invalid` (API.md §5)."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from omneo.errors import Invalid, Landed
from omneo.transport import Answer

T = TypeVar("T")


class Envelope(msgspec.Struct, Generic[T]):
    """Omneo wraps every record and every list in `data` (API.md §3)."""

    data: T


@lru_cache(maxsize=1024)
def list_of(kind: Hashable) -> Any:
    return list[kind]  # type: ignore[valid-type]  # made at run time


@lru_cache(maxsize=1024)
def _envelope(kind: Hashable) -> Any:
    """Making a generic type anew for every answer would take longer than a small answer's decoding."""
    return Envelope[kind]  # type: ignore[valid-type]  # made at run time


@lru_cache(maxsize=1024)
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    # Not strict: numbers and booleans also come as strings of digits (API.md §7.2, birth_day).
    return msgspec.json.Decoder(kind, strict=False)


def decode(answer: Answer, kind: type[T]) -> T:
    envelope: Envelope[T] = decode_whole(answer, _envelope(kind))  # type: ignore[arg-type]  # a type is hashable
    return envelope.data


def decode_whole(answer: Answer, kind: type[T]) -> T:
    try:
        decoded: T = _decoder(kind).decode(answer.body)  # type: ignore[arg-type]  # a type is hashable
        return decoded
    except msgspec.ValidationError as error:
        raise Invalid(landed=Landed.UNKNOWN, detail=_where(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(landed=Landed.UNKNOWN, detail="not JSON") from error


def _where(error: msgspec.ValidationError) -> str:
    """Keep where an answer went wrong and what was expected there; msgspec's texts quote no values of ours."""
    return str(error)[:200]
