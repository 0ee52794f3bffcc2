"""The generated code trusts what msgspec has checked, and nothing else."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import omneo
from execution import shape
from execution.plan import FieldPlan, Held, ObjectPlan
from execution.projection import Unusual, attach_projection
from execution.shape import held_by
from schema.views import RECORDS


@pytest.mark.parametrize(
    ("type_name", "attribute", "held"),
    [
        ("Benefit", "id", Held(int, is_optional=False)),
        ("Benefit", "is_expired", Held(bool, is_optional=False)),
        ("Profile", "email", Held(str, is_optional=True)),
        ("BenefitDefinition", "id", None),  # a number or a text
        ("Profile", "tags", None),  # a list of texts is none itself
        ("Benefit", "meta", None),  # anything
        ("Benefit", "nothing_of_that_name", None),
        ("Tier", "name", None),  # decoded as it is, and not looked into here
    ],
)
def test_only_what_can_be_one_class_alone_is_held(type_name: str, attribute: str, held: Held | None) -> None:
    assert held_by(type_name, attribute) == held


def test_records_of_one_type_that_differ_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(omneo.Record, frozen=True, kw_only=True):
        email: int
        nicknames: list[str]  # of one class all, and yet none of it

    records = (*RECORDS, ("Profile", Other, frozenset[str]()))
    monkeypatch.setattr(shape, "RECORDS", records)
    held_by.cache_clear()
    assert (held_by("Profile", "email"), held_by("Profile", "nicknames")) == (None, None)
    monkeypatch.undo()
    held_by.cache_clear()


def field(leaf_type: str, held: Held, *, is_nullable: bool) -> FieldPlan:
    return FieldPlan(
        key="it",
        name="Type.it",
        nodes=[],
        bind=lambda _info, _variables: None,
        arguments=lambda _: {},
        said="",
        is_nullable=is_nullable,
        is_list=False,
        is_item_nullable=False,
        leaf_type=leaf_type,
        leaf=str,
        attribute="it",
        held=held,
    )


@pytest.mark.parametrize("is_nullable", [True, False])
@pytest.mark.parametrize(
    ("leaf_type", "class_", "value", "written"),
    [("ID", int, 7, "7"), ("ID", str, "7", "7"), ("String", str, "a", "a"), ("Boolean", bool, False, False)],
)
def test_what_is_held_is_written_and_its_null_is_not_let_through(
    leaf_type: str, class_: type, value: Any, written: Any, *, is_nullable: bool
) -> None:
    """A null that the schema forbids is left to the exact way; one it allows is null, whatever is made of values."""
    held = Held(class_, is_optional=True)
    project = attach_projection(ObjectPlan("Type", [field(leaf_type, held, is_nullable=is_nullable)]))
    assert project([SimpleNamespace(it=value)], []) == [{"it": written}]
    if is_nullable:
        assert project([SimpleNamespace(it=None)], []) == [{"it": None}]
    else:
        with pytest.raises(Unusual):
            project([SimpleNamespace(it=None)], [])


def test_what_is_held_cannot_be_decoded_as_anything_else() -> None:
    """The trust rests on this: also in lax mode, msgspec makes the class that was declared, or refuses."""
    for kind, odd in ((str, b"7"), (bool, b"2"), (int, b'"x"')):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.Decoder(kind, strict=False).decode(odd)
    assert msgspec.json.Decoder(bool, strict=False).decode(b'"true"') is True
