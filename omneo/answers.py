"""What a status means: Omneo's answers become our errors here (API.md §5)."""

import msgspec

from omneo.errors import (
    Forbidden,
    Invalid,
    Landed,
    MemberUnauthenticated,
    NotFound,
    OmneoError,
    RateLimited,
    Refused,
    TimedOut,
    Unauthenticated,
    Unavailable,
)
from omneo.transport import Answer


class _Problem(msgspec.Struct):
    """The body of a 422: field → reasons. Its text is Omneo's, and stays here."""

    errors: dict[str, list[str]] = {}


_problem = msgspec.json.Decoder(_Problem)


def raise_for_status(answer: Answer, *, is_member: bool = False) -> None:
    """Raise the error a status stands for; return for 2xx."""
    error = error_of(answer, is_member=is_member)
    if error is not None:
        raise error


def error_of(answer: Answer, *, is_member: bool = False) -> OmneoError | None:
    """Return the error a status stands for; None for 2xx.

    An answer of 4xx says that nothing was written; one of 3xx or 5xx says nothing about it.
    """
    if 200 <= answer.status < 300:
        return None
    return MemberUnauthenticated() if is_member and answer.status == 401 else _error(answer)


def _error(answer: Answer) -> OmneoError:
    status = answer.status
    match status:
        case 401:
            return Unauthenticated()
        case 403:
            return Forbidden()
        case 404 | 410:
            return NotFound()
        case 408:
            return TimedOut(landed=Landed.UNKNOWN, detail="status 408")
        case 429:
            return RateLimited(retry_after_s=_seconds(answer.retry_after))
        case 400 | 409 | 422:
            return Refused(status=status, fields=_fields(answer.body))
        case _ if status >= 500:
            return Unavailable(landed=Landed.UNKNOWN, detail=f"status {status}")
        case _ if status >= 400:
            return Invalid(landed=Landed.NO, detail=f"status {status}")
    return Invalid(landed=Landed.UNKNOWN, detail=f"status {status}")


def _fields(body: bytes) -> dict[str, list[str]]:
    try:
        return _problem.decode(body).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}  # undocumented, or a proxy's page: the status says enough


def _seconds(value: str | None) -> float | None:
    """Read Retry-After in seconds; its form as a date is not used by Laravel, and not waited for."""
    return float(value) if value is not None and value.isascii() and value.isdigit() else None
