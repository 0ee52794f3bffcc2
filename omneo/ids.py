"""Ids, checked before any path is built: a `..` in one would turn one profile's route into the whole tenant's."""

import re

from omneo.errors import InvalidId

ME = "me"  # the profile behind a member's token, whatever its id is (API.md §2.3)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[0-9]{1,19}")
_HANDLE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def profile_id(value: str, *, field: str = "id") -> str:
    """Check a profile's UUID; returned in lower case. Raises `InvalidId`, naming `field`."""
    if not _UUID.fullmatch(value):
        raise InvalidId(f"{field} must be a UUID, such as 92975ecb-5264-4d31-9f2b-789fa01f4555.")
    return value.lower()


def benefit_id(value: str, *, field: str = "id") -> int:
    """Check a benefit's number. Raises `InvalidId`, naming `field`."""
    return int(_number(value, field))


def definition_id(value: str, *, field: str = "id") -> str:
    """Check a definition's number; a string, as Omneo writes it, without leading zeros. Raises `InvalidId`."""
    return str(int(_number(value, field)))


def handle(value: str, *, field: str = "handle") -> str:
    """Check a handle. Raises `InvalidId`, naming `field`."""
    if not _HANDLE.fullmatch(value):
        raise InvalidId(
            f"{field} must be 1 to 128 letters, digits, dots, dashes or underscores, not starting with a dot."
        )
    return value


def _number(value: str, field: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise InvalidId(f"{field} must be a number of at most 19 digits.")
    return value
