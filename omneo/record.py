"""What all records share: frozen, named as Omneo names its fields, forgiving where Omneo is loose."""

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import force_setattr

Json = Any  # what `meta` and conditions hold: objects as a rule, but lists and strings are documented too (C-16)

if TYPE_CHECKING:
    IdText = str  # what it is once `as_text` has seen it
else:
    IdText = str | int


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The base of all records: decoded straight from the answer's bytes, never changed, never in a cycle.

    Times stay as Omneo wrote them (`omneo.times` reads them where they are asked for).
    """


def as_text(record: Record, *names: str) -> None:
    """Turn ids that came as numbers into strings: the same id comes as either (C-10)."""
    for name in names:
        value = getattr(record, name)
        if value.__class__ is int:
            force_setattr(record, name, str(value))


def as_object(record: Record, *names: str) -> None:
    """Turn `[]`, PHP's empty object, into `{}` (C-16)."""
    for name in names:
        if getattr(record, name) == []:
            force_setattr(record, name, {})
