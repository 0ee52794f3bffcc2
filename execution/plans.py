"""Plans, kept with their documents: compiled at the first run, found at every later one."""

from __future__ import annotations

import strawberry
from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues

from execution.compiler import Compiler, NotPlanned
from execution.document import Document
from execution.plan import Plan

_KEPT_CHOICES = 16  # plans of one operation, by what its @skip and @include were told


class Plans:
    """Find the plan of an operation; None when no plan covers it."""

    def __init__(self, schema: strawberry.Schema, *, hide_suggestions: bool) -> None:
        self._compiler = Compiler(schema, hide_suggestions=hide_suggestions)

    def of(self, document: Document, operation: OperationDefinitionNode, variables: VariableValues) -> Plan | None:
        """Return the plan for these values of the variables that `@skip` and `@include` look at."""
        kept = document.plans.get(id(operation))
        if kept is None:
            kept = document.plans[id(operation)] = _Kept(_deciders(document.tree))
        choice = tuple(variables.coerced.get(name) for name in kept.deciders)
        # Long requests are prepared in a thread: what is looked up here may be cleared there.
        if choice in (plans := kept.plans):
            return plans[choice]
        try:
            plan = self._compiler.compile(document.tree, operation, variables)
        except NotPlanned:
            plan = None
        kept.plans = {choice: plan} if len(plans) >= _KEPT_CHOICES else {**plans, choice: plan}
        return plan


class _Kept:
    def __init__(self, deciders: tuple[str, ...]) -> None:
        self.deciders = deciders
        self.plans: dict[tuple[object, ...], Plan | None] = {}


def _deciders(document: DocumentNode) -> tuple[str, ...]:
    """Name the variables that decide what a document selects."""
    found: set[str] = set()

    class Directives(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            if node.name.value in (GraphQLSkipDirective.name, GraphQLIncludeDirective.name):
                found.update(
                    each.value.name.value for each in node.arguments or () if isinstance(each.value, VariableNode)
                )

    visit(document, Directives())
    return tuple(sorted(found))
