"""The schema as a contract: printed, described, and true to the records it shows."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    is_introspection_type,
    is_nullable_type,
    is_specified_scalar_type,
)

from schema import schema

GRAPHQL = schema._schema
OURS = [
    named
    for named in GRAPHQL.type_map.values()
    if not is_introspection_type(named) and not is_specified_scalar_type(named)
]


def test_printed_schema_is_current() -> None:
    """schema.graphql is what `make schema` prints."""
    assert (Path(__file__).parent.parent / "schema.graphql").read_text() == schema.as_str() + "\n"


@pytest.mark.parametrize("named", OURS, ids=lambda named: named.name)
def test_everything_is_described(named: GraphQLNamedType) -> None:
    """Every type, field, argument and enum value says what it is."""
    silent = [] if named.description else [named.name]
    if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in named.fields.items():
            silent += [] if field.description else [f"{named.name}.{name}"]
            silent += [f"{named.name}.{name}({a})" for a, arg in field.args.items() if not arg.description]
    if isinstance(named, GraphQLInputObjectType):
        silent += [f"{named.name}.{name}" for name, field in named.fields.items() if not field.description]
    if isinstance(named, GraphQLEnumType):
        silent += [f"{named.name}.{name}" for name, value in named.values.items() if not value.description]
    assert silent == []


def test_names_follow_the_conventions() -> None:
    """Inputs end in Input or Filter, results in Result, and custom scalars say where they are specified."""
    for named in OURS:
        if isinstance(named, GraphQLInputObjectType):
            assert named.name.endswith(("Input", "Filter"))
        if isinstance(named, GraphQLUnionType):
            assert named.name.endswith("Result")
        if isinstance(named, GraphQLScalarType):
            assert named.specified_by_url


def test_mutations_take_one_input_and_answer_with_a_union() -> None:
    """Every mutation has exactly one argument, `input`, and a union of its success and refusals."""
    assert GRAPHQL.mutation_type is not None
    for field in GRAPHQL.mutation_type.fields.values():
        assert list(field.args) == ["input"]
        result = getattr(field.type, "of_type", field.type)
        assert isinstance(result, GraphQLUnionType)
        for member in result.types:
            error = GRAPHQL.get_type("BenefitMutationError")
            is_refusal = error in member.interfaces
            assert is_refusal or set(member.fields) & {"benefit", "benefits", "definition", "redemption", "rows"}


def test_members_of_a_union_can_be_asked_for_together() -> None:
    """A field that several members of a result have is of one type in all, or no query could name it twice."""
    for named in OURS:
        if isinstance(named, GraphQLUnionType):
            types: dict[str, set[str]] = {}
            for member in named.types:
                for name, field in member.fields.items():
                    types.setdefault(name, set()).add(str(field.type))
            assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}, named.name


def test_relations_that_cost_a_call_are_nullable() -> None:
    """One failing call never takes its siblings or its parent along."""
    profile = GRAPHQL.get_type("Profile")
    assert isinstance(profile, GraphQLObjectType)
    for name in ("balances", "benefits", "redeemableBenefits", "claimableBenefits", "viewableBenefits", "redemptions"):
        assert is_nullable_type(profile.fields[name].type), name
