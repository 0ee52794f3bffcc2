"""Arguments of a field, from the document and the variables to what its resolver takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import strawberry
from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from execution.plan import Bind, FieldReader

Arguments = dict[str, Any]
NO_VARIABLES = VariableValues({}, {})

# Types whose values graphql-core has already made what a resolver takes.
_PLAIN = ("ID", "String", "Int", "Boolean")


class ArgumentReader:
    """Read the arguments of one field as its resolver takes them: once per plan where no variable is among them."""

    def __init__(self, schema: strawberry.Schema, field: GraphQLField, node: FieldNode, *, hide: bool) -> None:
        self._field = field
        self._node = node
        self._hide = hide
        self._schema = schema
        self._definition: StrawberryField = field.extensions["strawberry-definition"]
        self._constant: Arguments | None = None
        self._variables: list[tuple[str, str, bool]] = []
        self.variables = frozenset(_names(*(each.value for each in node.arguments or ())))
        if all(_is_constant_or_plain(field, each) for each in node.arguments or ()):
            self._split()

    def __call__(self, variables: VariableValues) -> Arguments:
        """Return the arguments by their Python names. Raises GraphQLError for one that does not fit its type."""
        if self._constant is None:
            return self._read(self._field, self._node, variables)
        if not self._variables:
            return self._constant
        arguments = dict(self._constant)
        for name, variable, is_nullable in self._variables:
            value = variables.coerced.get(variable, self)
            if value is self or (value is None and not is_nullable):  # not given, or an error: the long way knows
                return self._read(self._field, self._node, variables)
            arguments[name] = value
        return arguments

    def _split(self) -> None:
        """Read what no variable is part of, once, and note which variables are whole arguments."""
        python = {argument_name(self._schema, each): each.python_name for each in self._definition.arguments}
        given = [each for each in self._node.arguments or () if isinstance(each.value, VariableNode)]
        names = {each.name.value for each in given}
        field = GraphQLField(self._field.type, {n: a for n, a in self._field.args.items() if n not in names})
        others = tuple(each for each in self._node.arguments or () if each.name.value not in names)
        try:
            self._constant = self._read(field, FieldNode(name=self._node.name, arguments=others), NO_VARIABLES)
        except GraphQLError:  # an error of every request, raised where it is read
            return
        for each in given:
            is_nullable = not is_non_null_type(self._field.args[each.name.value].type)
            self._variables.append((python[each.name.value], _variable(each), is_nullable))

    def _read(self, field: GraphQLField, node: FieldNode, variables: VariableValues) -> Arguments:
        return convert_arguments(
            get_argument_values(field, node, variables, None, self._hide),
            self._definition.arguments,
            scalar_registry=self._schema.schema_converter.scalar_registry,
            config=self._schema.config,
        )


def argument_name(schema: strawberry.Schema, argument: StrawberryArgument) -> str:
    """Return an argument's name in GraphQL."""
    return schema.config.name_converter.from_argument(argument)


def _is_constant_or_plain(field: GraphQLField, argument: ArgumentNode) -> bool:
    if isinstance(argument.value, VariableNode):
        return str(get_nullable_type(field.args[argument.name.value].type)) in _PLAIN
    return not any(_names(argument.value))


def _names(*values: ValueNode) -> Iterator[str]:
    """Yield the names of all variables that values use."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            yield value.name.value
        elif isinstance(value, ListValueNode):
            waiting += value.values
        elif isinstance(value, ObjectValueNode):
            waiting += [each.value for each in value.fields]


def _variable(argument: ArgumentNode) -> str:
    return argument.value.name.value if isinstance(argument.value, VariableNode) else ""


def caller(resolver: StrawberryResolver[Any], read: ArgumentReader) -> Bind:
    """Make a resolver's `Bind`: with arguments read and info given, a function of the parent is left."""
    function: Any = resolver.wrapped_func
    parent = resolver.parent_parameter or resolver.root_parameter or resolver.self_parameter
    by_name = (
        parent.name if parent is not None and parent is not next(iter(resolver.signature.parameters.values())) else ""
    )
    info_name = resolver.info_parameter and resolver.info_parameter.name

    def bind(info: Any, variables: VariableValues) -> FieldReader:
        arguments = read(variables)
        if info_name:
            arguments = {**arguments, info_name: info}
        if parent is None:
            return lambda _parent: function(**arguments)
        called = partial(function, **arguments) if arguments else function
        return called if not by_name else lambda row: called(**{by_name: row})

    return bind
