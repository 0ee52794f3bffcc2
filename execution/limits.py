"""What a document may weigh: cheap counts over its syntax tree, taken before validation and before any call."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from schema.codes import extensions


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hold the largest allowed value of each count (the README, Limits); the first one exceeded refuses the document.

    `fields` counts every field once per place its fragments are spread into; `repeats` counts pairs of fields that
    answer under the same name at the same place, which is what validation compares, and so what it costs. `objects`
    bounds the answer instead, while it is made.
    """

    tokens: int = 2000
    depth: int = 15
    aliases: int = 50
    directives: int = 9
    root_fields: int = 20
    writes: int = 1
    fields: int = 2000
    repeats: int = 4000
    objects: int = 50_000
    is_log_only: bool = False

    @property
    def ceilings(self) -> Limits:
        """Return what refuses a document: the limits themselves, or where exceeding them is only logged, ten times
        as much, because a document without any bound could hold up everyone."""
        if not self.is_log_only:
            return self
        return replace(self, is_log_only=False, **{name: 10 * getattr(self, name) for name in COUNTED})


COUNTED = tuple(each.name for each in fields(Limits) if each.name != "is_log_only")


class LimitExceeded(GraphQLError):
    """Say which limit a document exceeds; `extensions` carry `LIMIT_…` as code, and the limit."""

    def __init__(self, name: str, limit: int, wanted: str) -> None:
        super().__init__(
            f"The document is too large: at most {limit} {wanted}.",
            extensions=extensions(f"LIMIT_{name.upper()}", limit=limit),
        )


def check(document: DocumentNode, limits: Limits) -> bool:
    """Tell whether the document asks for the schema itself. Raise `LimitExceeded` for the first limit it exceeds.

    Every definition is walked, also those that will not run: validation reads them all. The walk itself is bounded,
    because it ends at the first count that is too high.
    """
    walk = _Walk(document, limits)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            walk.operation(definition)
        elif isinstance(definition, FragmentDefinitionNode):
            walk.fragment(definition)
    return walk.introspects


@dataclass(slots=True)
class _Place:
    """Count the fields that answer under one name at one place of the answer, and what lies below them."""

    count: int = 0
    below: dict[str, _Place] = field(default_factory=dict)


class _Walk:
    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self._limits = limits
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._open: set[str] = set()  # fragments being spread, so that a cycle ends (validation reports it)
        self.introspects = False
        self._aliases = self._directives = self._fields = self._repeats = self._writes = self._root_fields = 0

    def operation(self, node: OperationDefinitionNode) -> None:
        self._writes = self._root_fields = 0
        self._count_directives(len(node.directives or ()))
        for variable in node.variable_definitions or ():
            self._count_directives(len(variable.directives or ()))
        self._is_mutation = node.operation is OperationType.MUTATION
        self._selections(node.selection_set, {}, depth=1, is_written_here=True, is_root=True)

    def fragment(self, node: FragmentDefinitionNode) -> None:
        self._count_directives(len(node.directives or ()))
        self._open = {node.name.value}
        self._selections(node.selection_set, {}, depth=1, is_written_here=True, is_root=False)
        self._open = set()

    def _selections(
        self,
        selections: SelectionSetNode,
        names: dict[str, _Place],
        *,
        depth: int,
        is_written_here: bool,
        is_root: bool,
    ) -> None:
        for node in selections.selections:
            if is_written_here:
                self._count_directives(len(node.directives or ()))
            if isinstance(node, FieldNode):
                self._field(node, names, depth=depth, is_written_here=is_written_here, is_root=is_root)
            elif isinstance(node, InlineFragmentNode):
                self._selections(
                    node.selection_set, names, depth=depth, is_written_here=is_written_here, is_root=is_root
                )
            elif isinstance(node, FragmentSpreadNode):
                self._spread(node.name.value, names, depth=depth, is_root=is_root)

    def _spread(self, name: str, names: dict[str, _Place], *, depth: int, is_root: bool) -> None:
        fragment = self._fragments.get(name)
        if fragment is None or name in self._open:
            return
        # An empty fragment spread over and over costs too, so a spread counts like a field.
        self._count_field()
        self._open.add(name)
        self._selections(fragment.selection_set, names, depth=depth, is_written_here=False, is_root=is_root)
        self._open.discard(name)

    def _field(
        self, node: FieldNode, names: dict[str, _Place], *, depth: int, is_written_here: bool, is_root: bool
    ) -> None:
        self._count_field()
        name = node.name.value
        if node.alias is not None:
            name = node.alias.value
            if is_written_here:
                self._aliases += 1
                self._hold("aliases", self._aliases, "aliases")
        if is_root:
            self._count_root_field(node.name.value)
            self.introspects = self.introspects or node.name.value in ("__schema", "__type")
        place = names.setdefault(name, _Place())
        self._repeats += place.count
        self._hold("repeats", self._repeats, "repetitions of fields at the same place")
        place.count += 1
        if node.selection_set is not None:
            # Introspection nests deeper than data; validation has its own rule against deep introspection.
            is_introspection = node.name.value.startswith("__")
            self._hold("depth", 0 if is_introspection else depth + 1, "levels of fields")
            below = -1000 if is_introspection else depth + 1
            self._selections(
                node.selection_set, place.below, depth=below, is_written_here=is_written_here, is_root=False
            )

    def _count_field(self) -> None:
        self._fields += 1
        self._hold("fields", self._fields, "fields after fragments are spread")

    def _count_directives(self, more: int) -> None:
        self._directives += more
        self._hold("directives", self._directives, "directives")

    def _count_root_field(self, name: str) -> None:
        self._root_fields += 1
        self._hold("root_fields", self._root_fields, "fields at the root of an operation")
        if self._is_mutation and not name.startswith("__"):
            self._writes += 1
            self._hold("writes", self._writes, "write per document" if self._limits.writes == 1 else "writes")

    def _hold(self, name: str, count: int, wanted: str) -> None:
        limit: int = getattr(self._limits, name)
        if count > limit:
            raise LimitExceeded(name, limit, wanted)
