"""What all records share: frozen, named as Omneo names its fields, forgiving where Omneo is loose."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec
from msgspec.structs import force_setattr

Json = Any  # what `meta` and conditions hold: objects as a rule, but lists and strings are documented too (C-16)

Item = TypeVar("Item")

if TYPE_CHECKING:
    IdText = str  # what it is once `mend` has seen it
    Many = list[Item]
else:
    IdText = str | int
    Many = list[Item] | None


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The base of all records: decoded straight from the answer's bytes, never changed, never in a cycle.

    Times stay as Omneo wrote them (`omneo.times` reads them where they are asked for). `texts` names the attributes
    that are strings though Omneo also sends numbers (C-10), `objects` those where `[]`, PHP's empty object, is `{}`
    (C-16), `lists` those where null is an empty list.
    """

    texts: ClassVar[tuple[str, ...]] = ()
    objects: ClassVar[tuple[str, ...]] = ()
    lists: ClassVar[tuple[str, ...]] = ()


def mend(record: Record) -> None:
    """Make of what was decoded what it stands for; the `__post_init__` of records with such attributes."""
    for name in record.texts:
        value = getattr(record, name)
        if value.__class__ is int:
            force_setattr(record, name, str(value))
    for name in record.objects:
        if getattr(record, name) == []:
            force_setattr(record, name, {})
    for name in record.lists:
        if getattr(record, name) is None:
            force_setattr(record, name, [])


# Record types, which attributes are read of each, and whether its `texts` must be strings before they are written.
Shape = tuple[tuple[type[Record], frozenset[str], bool], ...]


@lru_cache(maxsize=1024)
def reduced(shape: Shape) -> Mapping[type[Record], type[Record]]:
    """Make, for each record type of a shape, one that has the named attributes alone: decoding skips all others.

    A reduced type inside another takes the place of its whole one. What is named reads the same; what is not named is
    not there.
    """
    made: dict[type[Record], type[Record]] = {}
    for kind, names, must_be_texts in shape:
        fields = [_field(field, made) for field in msgspec.structs.fields(kind) if field.name in names]
        texts = tuple(name for name in kind.texts if name in names and must_be_texts)
        objects = tuple(name for name in kind.objects if name in names)
        lists = tuple(name for name in kind.lists if name in names)
        namespace: dict[str, Any] = {"texts": texts, "objects": objects, "lists": lists}
        if texts or objects or lists:
            namespace["__post_init__"] = mend
        made[kind] = msgspec.defstruct(  # type: ignore[assignment]  # of Record, as its bases say
            kind.__name__, fields, bases=(Record,), namespace=namespace, frozen=True, kw_only=True, gc=False
        )
    return made


def _field(field: msgspec.structs.FieldInfo, made: Mapping[type[Record], type[Record]]) -> Any:
    type_ = _with(field.type, made)
    if field.required:
        return field.name, type_
    if field.default_factory is not msgspec.NODEFAULT:
        return field.name, type_, msgspec.field(default_factory=field.default_factory)
    return field.name, type_, field.default


def _with(type_: Any, made: Mapping[type[Record], type[Record]]) -> Any:
    return made.get(type_, type_) if isinstance(type_, type) else type_
