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
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    # Not strict: numbers and booleans also come as strings of digits (API.md §7.2, birth_day).
    return msgspec.json.Decoder(kind, strict=False)


@lru_cache(maxsize=1024)
def _enveloped(kind: Hashable) -> msgspec.json.Decoder[Any]:
    """Making a generic type anew for every answer would take longer than a small answer's decoding."""
    return _decoder(Envelope[kind])  # type: ignore[valid-type]  # made at run time


def decode(answer: Answer, kind: type[T]) -> T:
    """Decode what an answer's envelope holds."""
    data: T = _decoded(answer, _enveloped(kind)).data  # type: ignore[arg-type]  # a type is hashable
    return data


def decode_whole(answer: Answer, kind: type[T]) -> T:
    """Decode an answer, envelope and all."""
    decoded: T = _decoded(answer, _decoder(kind))  # type: ignore[arg-type]  # a type is hashable
    return decoded


def _decoded(answer: Answer, decoder: msgspec.json.Decoder[Any]) -> Any:
    known = answer.decoded
    if known is not None and known[0] is decoder:
        return known[1]
    try:
        value = decoder.decode(answer.body)
        answer.decoded = (decoder, value)
        return value
    except msgspec.ValidationError as error:
        raise Invalid(landed=Landed.UNKNOWN, detail=_where(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(landed=Landed.UNKNOWN, detail="not JSON") from error


def _where(error: msgspec.ValidationError) -> str:
    """Keep where an answer went wrong and what was expected there; msgspec's texts quote no values of ours."""
    return str(error)[:200]
