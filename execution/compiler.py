"""The compiler: from a validated operation to its plan.

Everything that depends on the document alone is found out here, once: which fields an object of each type answers with
(fragments merged, `@skip` and `@include` decided), where their values come from, and what they become. A plan holds for
one operation and one choice of the variables that `@skip` and `@include` look at.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from execution.arguments import ArgumentReader, caller
from execution.limits import LimitExceeded
from execution.plan import Bind, FieldPlan, ObjectPlan, Plan, as_written
from execution.shape import held_by, is_read, kinds_of
from resolvers.marks import Mark, mark_of
from schema.access import rule_of


class NotPlanned(Exception):
    """Say what no plan covers; the stock engine runs such an operation."""


class Compiler:
    """Compile the operations of one schema. `hide_suggestions` is for the errors of arguments; `most_fields` bounds a
    plan, whose fields of interfaces and unions count once for each type they may be of."""

    def __init__(self, schema: strawberry.Schema, *, hide_suggestions: bool, most_fields: int) -> None:
        self._strawberry = schema
        self._most_fields = most_fields
        self._schema: GraphQLSchema = schema._schema
        self._hide = hide_suggestions

    def compile(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> Plan:
        """Compile one operation, with these values for `@skip` and `@include`. Raises `NotPlanned`; `LimitExceeded`;
        GraphQLError where one of these values is null."""
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            raise NotPlanned(operation.operation.value)
        fragments = {
            node.name.value: FragmentDetails(node, None)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        one = _OneOperation(self._strawberry, operation, fragments, variables, self._hide, self._most_fields)
        collected = collect_fields(self._schema, fragments, variables, root, operation)
        root_plan = one.object(root, collected.grouped_field_set)
        return Plan(
            operation.operation,
            root_plan,
            tuple(sorted(one.sizers)),
            one.is_whole,
            is_read(operation.operation, root_plan),
            kinds_of(operation.operation, root_plan),
            one.size,
        )


class _OneOperation:
    def __init__(
        self,
        schema: strawberry.Schema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
        hide: bool,
        most_fields: int,
    ) -> None:
        self._strawberry = schema
        self._schema: GraphQLSchema = schema._schema
        self._operation = operation
        self._fragments = fragments
        self._variables = variables
        self._hide = hide
        self.sizers: set[str] = set()
        self.is_whole = True
        self.size = 0  # fields planned so far
        self._most_fields = most_fields
        self._known: dict[tuple[object, ...], ObjectPlan] = {}

    def object(self, type_: GraphQLObjectType, grouped: dict[str, list[FieldDetails]]) -> ObjectPlan:
        """Plan the selection of one object type."""
        fields: list[FieldPlan | str] = []
        for key, details in grouped.items():
            name = details[0].node.name.value
            if name == "__typename":
                fields.append(key)
                continue
            field = type_.fields.get(name)
            if field is None:
                self.is_whole = False  # introspection: it asks nobody, and the stock engine answers it
                continue
            fields.append(self._field(key, type_, field, details))
        return ObjectPlan(type_.name, fields)

    def _field(
        self, key: str, parent: GraphQLObjectType, field: GraphQLField, details: list[FieldDetails]
    ) -> FieldPlan:
        self.size += 1
        if self.size > self._most_fields:
            raise LimitExceeded("fields", self._most_fields, "fields at the types they may be of")
        definition: StrawberryField | None = field.extensions.get("strawberry-definition")
        if definition is None or definition.extensions:
            raise NotPlanned(f"{parent.name}.{details[0].node.name.value}")
        outer = get_nullable_type(field.type)
        is_list = is_list_type(outer)
        item: Any = outer.of_type if is_list_type(outer) else outer
        if is_list_type(get_nullable_type(item)):
            raise NotPlanned("lists of lists")
        resolver = definition.base_resolver
        mark = None if resolver is None else mark_of(resolver.wrapped_func)
        named = get_named_type(field.type)
        read = ArgumentReader(self._strawberry, field, details[0].node, hide=self._hide)
        plan = FieldPlan(
            key=key,
            name=f"{parent.name}.{details[0].node.name.value}",
            nodes=[each.node for each in details],
            bind=_binder(definition, mark, read),
            arguments=read,
            said=",".join(sorted(print_ast(each) for each in details[0].node.arguments or ())),
            is_nullable=not is_non_null_type(field.type),
            is_list=is_list,
            is_item_nullable=not is_non_null_type(item),
            attribute=definition.python_name if resolver is None else None,
            held=held_by(parent.name, definition.python_name) if resolver is None else None,
            spread=mark.needs if mark is not None and mark.writes is not None else (),
            mark=mark,
            rule=rule_of(field),
            is_async=resolver is not None and resolver.is_async,
        )
        if mark is not None and (mark.is_paged or mark.calls is not None or mark.chooses is not None):
            self.sizers |= read.variables
        if is_leaf_type(named):
            is_written = mark is not None and mark.writes is not None and not is_list
            plan.leaf, plan.leaf_type = (as_written if is_written else named.coerce_output_value), named.name
        else:
            plan.has_selection = True
            self._objects(plan, named, details)
            _foresee(plan, read)
        return plan

    def _objects(self, plan: FieldPlan, named: GraphQLNamedType, details: list[FieldDetails]) -> None:
        if is_object_type(named):
            plan.objects.append((None, self._below(named, details)))
        elif is_abstract_type(named):
            plan.abstract = named.name
            for possible in self._schema.get_possible_types(named):
                if possible.is_type_of is None:
                    raise NotPlanned(f"{possible.name} cannot tell its records")
                is_of: Any = possible.is_type_of  # of ours none is a coroutine
                plan.objects.append((is_of, self._below(possible, details)))

    def _below(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> ObjectPlan:
        """Plan what these fields select of one type; once, however many fragments bring it to however many places."""
        selected = (type_.name, *[id(each.node) for each in details])
        plan = self._known.get(selected)
        if plan is None:
            collected = collect_subfields(
                self._schema, self._fragments, self._variables, self._operation, type_, details
            )
            plan = self._known[selected] = self.object(type_, collected.grouped_field_set)
        return plan


def _binder(definition: StrawberryField, mark: Mark | None, read: ArgumentReader) -> Bind:
    if definition.base_resolver is None:
        attribute = attrgetter(definition.python_name)
        return lambda _info, _variables: attribute
    if mark is not None and mark.writes is not None:
        writes = mark.writes
        return lambda info, _variables: writes(info)
    return caller(definition.base_resolver, read)


def _foresee(plan: FieldPlan, read: ArgumentReader) -> None:
    """Note what lies below an object and needs no more of it than can be known before it is there."""
    mark = plan.mark
    if mark is None or mark.foresees is None or plan.is_list or plan.abstract is not None:
        return
    make, known = mark.foresees, set(mark.foreseen)
    plan.foresees = lambda info, variables: make(info, **read(variables))
    plan.foreseen = [
        step
        for step in plan.objects[0][1].steps
        if step.mark is not None and step.mark.loader is not None and known.issuperset(step.mark.needs)
    ]
