"""Seasoning: generated documents made to meet data, and to use all of the language."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLObjectType,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    parse,
    parse_value,
    print_ast,
    visit,
)

from schema import schema

SCHEMA = schema._schema
_ONE_WAY = {
    "ProfileLookupInput": '{ email: "nobody@example.com" }',
    "BenefitDefinitionLookupInput": '{ handle: "none" }',
}
ONE_OF = {
    named.name
    for named in SCHEMA.type_map.values()
    if getattr(named.extensions.get("strawberry-definition"), "is_one_of", False)
}


@dataclass(frozen=True)
class Season:
    """Hold what exists: what ids, names and handles there are."""

    profiles: list[str]
    emails: list[str]
    benefits: list[str]
    definitions: list[str]
    handles: list[str]


def season(text: str, dice: random.Random, good: Season) -> tuple[str, dict[str, Any]]:
    """Return a document that asks for what exists, more often than not, and the variables it is to run with."""
    tree = parse(text)
    info = TypeInfo(SCHEMA)
    change = _Change(dice, good, info)
    tree = visit(tree, TypeInfoVisitor(info, change))
    return print_ast(_with_fragments(tree, change)), change.variables


class _Change(Visitor):
    def __init__(self, dice: random.Random, good: Season, info: TypeInfo) -> None:
        super().__init__()
        self._dice = dice
        self._good = good
        self._info = info
        self.variables: dict[str, Any] = {}
        self.declared: dict[str, str] = {}
        self.fragments: list[FragmentDefinitionNode] = []

    def leave_argument(self, node: ArgumentNode, *_: Any) -> ArgumentNode | None:
        name, parent = node.name.value, self._info.get_parent_type()
        root = parent is not None and parent.name == "Query"
        if name == "first":
            wanted = self._dice.choice([1, 1, 2, 2, 3, 3, 5, 7, 20, 0, 101]) if self._dice.random() < 0.9 else -1
            return self._argument(node, str(wanted), "Int", wanted)
        if name == "after":
            return None if self._dice.random() < 0.8 else node
        if name == "id" and root:
            field = self._info.get_field_def()
            pool = self._good.profiles if "Profile" in str(field and field.type) else self._good.benefits
            wanted_id = self._dice.choice(pool[:12])
            return self._argument(node, f'"{wanted_id}"', "ID!", wanted_id)
        return node

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode:
        name = node.name.value
        pools = {
            "email": self._good.emails,
            "definitionId": self._good.definitions,
            "id": self._good.definitions,
            "handle": self._good.handles,
        }
        if name in pools and self._dice.random() < 0.8:
            return ObjectFieldNode(name=node.name, value=parse_value(f'"{self._dice.choice(pools[name])}"'))
        if name == "timezone":
            return ObjectFieldNode(name=node.name, value=parse_value('"Australia/Melbourne"'))
        return node

    def leave_object_value(self, node: ObjectValueNode, *_: Any) -> ObjectValueNode | None:
        """Leave one field of a @oneOf input, and one that is not null."""
        type_ = get_named_type(self._info.get_input_type())
        if not isinstance(type_, GraphQLInputObjectType) or type_.name not in ONE_OF:
            return None
        given = [each for each in node.fields if not isinstance(each.value, NullValueNode)]
        if given:
            return ObjectValueNode(fields=(self._dice.choice(given),))
        return ObjectValueNode(fields=parse_value(_ONE_WAY[type_.name]).fields)  # type: ignore[attr-defined]  # an object

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode | InlineFragmentNode | list[Any]:
        changes: dict[str, Any] = {}
        if self._dice.random() < 0.1:
            changes["directives"] = (self._directive(),)
        if self._dice.random() < 0.1:
            changes["alias"] = NameNode(value=f"a{self._dice.randrange(10**9)}")
        if changes:
            kept = {key: getattr(node, key) for key in ("name", "alias", "arguments", "directives", "selection_set")}
            node = FieldNode(**{**kept, **changes})
        return node

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        parent = self._info.get_parent_type()
        if not isinstance(parent, GraphQLObjectType) or self._dice.random() > 0.25:
            return None
        selections = list(node.selections)
        if self._dice.random() < 0.5:
            selections.insert(self._dice.randrange(len(selections) + 1), FieldNode(name=NameNode(value="__typename")))
        at = self._dice.randrange(len(selections))
        part = SelectionSetNode(selections=tuple(selections[at:]))
        condition = NamedTypeNode(name=NameNode(value=parent.name))
        directives = (self._directive(),) if self._dice.random() < 0.3 else ()
        if self._dice.random() < 0.5:
            wrapped: Any = InlineFragmentNode(type_condition=condition, directives=directives, selection_set=part)
        else:
            name = NameNode(value=f"F{len(self.fragments)}")
            self.fragments.append(
                FragmentDefinitionNode(name=name, type_condition=condition, directives=(), selection_set=part)
            )
            wrapped = FragmentSpreadNode(name=name, directives=directives)
        return SelectionSetNode(selections=(*selections[:at], wrapped, *selections[at : at + self._dice.randrange(2)]))

    def _directive(self) -> DirectiveNode:
        name, value = self._dice.choice(["skip", "include"]), self._dice.random() < 0.5
        literal: Any = BooleanValueNode(value=value)
        if self._dice.random() < 0.6:
            literal = self._variable("Boolean!", value)
        argument = ArgumentNode(name=NameNode(value="if"), value=literal)
        return DirectiveNode(name=NameNode(value=name), arguments=(argument,))

    def _argument(self, node: ArgumentNode, literal: str, type_: str, value: Any) -> ArgumentNode:
        if self._dice.random() < 0.4:
            return ArgumentNode(name=node.name, value=self._variable(type_, value))
        return ArgumentNode(name=node.name, value=parse_value(literal))

    def _variable(self, type_: str, value: Any) -> VariableNode:
        name = f"v{len(self.declared)}"
        self.declared[name], self.variables[name] = type_, value
        return VariableNode(name=NameNode(value=name))


def _with_fragments(tree: DocumentNode, change: _Change) -> DocumentNode:
    """Declare the variables that came in, and add the fragments."""
    definitions: list[Any] = []
    for definition in tree.definitions:
        if isinstance(definition, OperationDefinitionNode):
            declared = tuple(_declaration(name, type_) for name, type_ in change.declared.items())
            definition = OperationDefinitionNode(
                operation=definition.operation,
                name=definition.name,
                variable_definitions=declared,
                directives=definition.directives,
                selection_set=definition.selection_set,
            )
        definitions.append(definition)
    return DocumentNode(definitions=(*definitions, *change.fragments))


def _declaration(name: str, type_: str) -> VariableDefinitionNode:
    named = NamedTypeNode(name=NameNode(value=type_.rstrip("!")))
    return VariableDefinitionNode(
        variable=VariableNode(name=NameNode(value=name)),
        type=NonNullTypeNode(type=named) if type_.endswith("!") else named,
        directives=(),
    )
