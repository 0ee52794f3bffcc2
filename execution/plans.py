"""Plans, kept with their documents: compiled at the first run, found at every later one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import strawberry
from graphql import (
    ArgumentNode,
    DirectiveNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    print_ast,
    visit,
)
from graphql.execution.values import VariableValues

from execution.compiler import Compiler, NotPlanned
from execution.document import Document, Documents
from execution.plan import Plan

_KEPT_CHOICES = 16  # plans of one operation, by what its @skip and @include were told


class Plans:
    """Find the plan of an operation; None when no plan covers it."""

    def __init__(
        self, schema: strawberry.Schema, documents: Documents, *, hide_suggestions: bool, most_fields: int
    ) -> None:
        self._compiler = Compiler(schema, hide_suggestions=hide_suggestions, most_fields=most_fields)
        self._documents = documents

    def of(self, document: Document, kept: Kept, variables: VariableValues) -> Plan | None:
        """Return an operation's plan for these values of the variables that `@skip` and `@include` look at. Raises
        GraphQLError where one of those is null, or the plan would be too large."""
        choice = tuple([variables.coerced.get(name) for name in kept.deciders]) if kept.deciders else ()
        # Long requests are prepared in a thread: what is looked up here may be cleared there.
        if choice in (plans := kept.plans):
            return plans[choice]
        try:
            plan = self._compiler.compile(document.tree, kept.operation, variables)
        except NotPlanned:
            plan = None
        kept.plans = {choice: plan} if len(plans) >= _KEPT_CHOICES else {**plans, choice: plan}
        self._documents.grown(document, sum(each.size for each in [*document.plans.values()]))
        return plan


def are_plain(kept: Kept, variables: dict[str, Any]) -> bool:
    """Tell whether values are all given, and already what graphql-core would make of them."""
    plain = kept.plain
    if plain is None or len(variables) != len(plain):
        return False
    for name, value in variables.items():  # noqa: SIM110 — a generator for one or two takes longer
        if plain.get(name) is not value.__class__:
            return False
    return True


def kept_of(document: Document, operation: OperationDefinitionNode) -> Kept:
    """Return what is known of an operation, as long as its document is kept."""
    kept: Kept | None = document.plans.get(id(operation))
    if kept is None:
        fragments = [each for each in document.tree.definitions if isinstance(each, FragmentDefinitionNode)]
        kept = document.plans[id(operation)] = Kept(operation, fragments)
    return kept


class Kept:
    """Hold what is known of an operation: the variables that decide what it selects, and its plans for their values.

    `plain` are its variables with the classes of their values, where all are texts or yes and no and each is a whole
    argument; None otherwise.
    """

    def __init__(self, operation: OperationDefinitionNode, fragments: Iterable[FragmentDefinitionNode]) -> None:
        self.operation = operation
        self.name = operation.name.value if operation.name else None
        self.kind = operation.operation.value
        self.is_write = operation.operation is not OperationType.QUERY
        used = _Used()
        used.visit_all(operation, {each.name.value: each for each in fragments})
        self.deciders = tuple(sorted(used.deciders))
        self.plans: Mapping[tuple[object, ...], Plan | None] = {}
        types = {each.variable.name.value: print_ast(each.type) for each in operation.variable_definitions or ()}
        is_plain = not used.has_nested and all(type_ in _PLAIN for type_ in types.values())
        self.plain = {name: _PLAIN[type_] for name, type_ in types.items()} if is_plain else None

    @property
    def size(self) -> int:
        """Count the fields of all its plans."""
        return sum(plan.size for plan in self.plans.values() if plan is not None)


_PLAIN = {"ID": str, "ID!": str, "String": str, "String!": str, "Boolean": bool, "Boolean!": bool}


class _Used(Visitor):
    """Find what an operation, and the fragments it spreads, use its variables for."""

    def __init__(self) -> None:
        super().__init__()
        self.spread: list[str] = []
        self.deciders: set[str] = set()
        self.has_nested = False  # inside a list or an object, where graphql-core needs to know more of them

    def visit_all(self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        visit(operation, self)
        for name in self.spread:  # which grows meanwhile
            visit(fragments[name], self)

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        if node.name.value not in self.spread:
            self.spread.append(node.name.value)

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in (GraphQLSkipDirective.name, GraphQLIncludeDirective.name):
            values = [each.value for each in node.arguments or ()]
            self.deciders.update(each.name.value for each in values if isinstance(each, VariableNode))

    def enter_variable(self, _node: VariableNode, _key: object, parent: object, *_: object) -> None:
        self.has_nested |= not isinstance(parent, ArgumentNode | VariableDefinitionNode)
