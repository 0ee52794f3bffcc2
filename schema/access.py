"""The rules that fields declare, read off the schema and put before their resolvers."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLObjectType

from resolvers.access import RULE, Rule


def rule_of(field: GraphQLField) -> Rule | None:
    """Return the rule a field declares; None when it is open to whoever holds its object."""
    definition = field.extensions.get("strawberry-definition")
    rule = None if definition is None else definition.metadata.get(RULE)
    return rule if isinstance(rule, Rule) else None


def enforce(schema: strawberry.Schema) -> None:
    """Put every declared rule before its field's resolver: who may not ask reaches no resolver, so no call is made."""
    for named in schema._schema.type_map.values():
        if isinstance(named, GraphQLObjectType):
            for field in named.fields.values():
                rule = rule_of(field)
                if rule is not None and field.resolve is not None:
                    field.resolve = _guarded(field.resolve, rule)


def _guarded(resolve: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
    @wraps(resolve)
    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        rule.check(info.context.caller)
        return resolve(source, info, **arguments)

    return guarded
