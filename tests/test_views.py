"""Types are views over records: what a type promises, every record behind it has."""

import inspect
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from graphql import GraphQLObjectType, is_non_null_type
from msgspec import UnsetType

from omneo import Record
from schema import schema
from schema.views import RECORDS


def views() -> list[Any]:
    """List each type with each class of records it shows."""
    behind = [(name, record) for name, record, _ in RECORDS]
    for name, type_ in schema._schema.type_map.items():
        if isinstance(type_, GraphQLObjectType):
            behind += [(name, record) for record in getattr(type_.is_type_of, "records", ())]
    return [pytest.param(name, record, id=f"{name}-{record.__name__}") for name, record in behind]


def may_be_nothing(record: type, attribute: str) -> bool:
    """Tell whether an attribute of a record may be None or UNSET once it is made."""
    if issubclass(record, Record) and attribute in record.lists:
        return False
    if isinstance(found := inspect.getattr_static(record, attribute, None), property):
        hint = get_type_hints(found.fget)["return"]
    else:
        hint = get_type_hints(record)[attribute]
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return NoneType in parts or UnsetType in parts


@pytest.mark.parametrize(("name", "record"), views())
def test_what_may_not_be_null_is_never_none(name: str, record: type) -> None:
    """A record without it would end as a bug, and take the object with it."""
    type_ = schema._schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    for key, field in type_.fields.items():
        definition = field.extensions["strawberry-definition"]
        if definition.base_resolver is None and is_non_null_type(field.type):
            assert not may_be_nothing(record, definition.python_name), key


def test_the_comparison_sees_the_types_there_are() -> None:
    """And all of them: what is behind a union, and what comes in numbers."""
    assert {"Benefit", "Profile", "BenefitDefinition", "BenefitPending", "BenefitsQueued"} <= {
        each.values[0] for each in views()
    }
