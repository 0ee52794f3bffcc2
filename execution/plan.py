"""What a compiled operation is made of: for each place of the answer, what to read, to ask for, and to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from graphql import FieldNode, OperationType
from graphql.execution.values import VariableValues

from resolvers.access import Rule
from resolvers.marks import Mark

# From records, and the readers of a plan's `bound`, to a dict each.
Project = Callable[[Sequence[Any], "list[FieldReader]"], list[dict[str, Any]]]

# From a parent record to a value: a Load, an awaitable, or the value. Where attributes are `spread`, a mapping from
# what they hold.
FieldReader = Any


INLINE = 10  # items of a list inside a record, where nobody has counted them


def as_written(value: Any) -> Any:
    """Leave a value that is JSON already."""
    return value


class Held(NamedTuple):
    """What msgspec has made sure of when it decoded an attribute: its class, and whether it may be null instead."""

    class_: type
    is_optional: bool


# Made once per level, of info and variables: what reads a field of every parent. Raises what is wrong with arguments.
Bind = Callable[[Any, VariableValues], FieldReader]


@dataclass(slots=True, eq=False, kw_only=True)
class FieldPlan:
    """One response name at one place of the answer.

    `leaf` turns a value into JSON (`as_written` where the reader has done so); one that has a selection instead may be
    of the types of `objects`, each with the test that says so (None where there is one type alone). `nodes` and `name`
    are for errors.
    """

    key: str
    name: str  # Type.field, as errors put it
    nodes: list[FieldNode]
    bind: Bind
    arguments: Callable[[VariableValues], dict[str, Any]]
    said: str  # the arguments as the document says them
    is_nullable: bool
    is_list: bool
    is_item_nullable: bool
    leaf: Callable[[Any], Any] = as_written
    has_selection: bool = False
    leaf_type: str = ""  # the name of that scalar or enum
    objects: list[tuple[Callable[[Any, Any], bool] | None, ObjectPlan]] = field(default_factory=list)
    abstract: str | None = None  # the name of the union or interface that `objects` are of
    attribute: str | None = None  # read as it stands; None where a resolver makes the value
    held: Held | None = None  # what records are known to hold there
    spread: tuple[str, ...] = ()  # attributes by whose values the reader is asked, in the place of the record
    mark: Mark | None = None
    rule: Rule | None = None
    is_async: bool = False
    foresees: Callable[[Any, VariableValues], Any] | None = None  # makes a stand-in for the record to come
    foreseen: list[FieldPlan] = field(default_factory=list)  # fields below that can be asked for with it alone

    def value(self, read: FieldReader, row: Any) -> Any:
        """Read the value of one record."""
        if not self.spread:
            return read(row)
        taken = [getattr(row, name) for name in self.spread]
        return read[taken[0] if len(taken) == 1 else tuple(taken)]

    @property
    def is_flat(self) -> bool:
        """Tell whether the value, and all below it, is made of the parent alone, with nobody asked."""
        if self.is_async or self.rule is not None or (self.mark is not None and self.mark.loader is not None):
            return False
        if not self.has_selection:
            return True
        return self.abstract is None and all(plan.is_flat for _, plan in self.objects)


@dataclass(eq=False)
class ObjectPlan:
    """The selection of one object type at one place: its flat fields are projected at once, its steps taken after.

    `project` is the function, generated when it is first needed, from records, and from the readers of `bound`, to one
    dict per record with every key in order; the values of steps are None until they are known.
    """

    type_name: str
    fields: list[FieldPlan | str]  # a str is `__typename` under that response name
    steps: list[FieldPlan] = field(init=False)
    project: Project | None = None
    bound: list[FieldPlan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steps = [each for each in self.fields if isinstance(each, FieldPlan) and not each.is_flat]

    @property
    def is_flat(self) -> bool:
        return not self.steps

    @cached_property
    def inside(self) -> list[tuple[FieldPlan, ObjectPlan]]:
        """List the fields that hold objects which are projected with their record, and the selection of those."""
        flat = [each for each in self.fields if isinstance(each, FieldPlan) and each.is_flat and each.has_selection]
        return [(each, each.objects[0][1]) for each in flat]

    @cached_property
    def holds_lists(self) -> bool:
        """Tell whether its records hold lists of objects that are projected with them."""
        return any(holder.is_list or below.holds_lists for holder, below in self.inside)

    @cached_property
    def varies(self) -> bool:
        """Tell whether its records become more or fewer objects, each as it is."""
        return any(holder.is_list or holder.is_nullable or below.varies for holder, below in self.inside)

    @cached_property
    def weight(self) -> int:
        """Count the objects that one record becomes, with those inside it; each list of them as `INLINE`."""
        return 1 + sum(below.weight * (INLINE if holder.is_list else 1) for holder, below in self.inside)

    def count(self, records: Sequence[Any]) -> int:
        """Count the objects that records become, with those inside them."""
        if not self.varies:
            return len(records) * self.weight
        count = len(records)
        for holder, below in self.inside:
            if holder.attribute is None or not (holder.is_list or holder.is_nullable or below.varies):
                count += len(records) * below.weight * (INLINE if holder.is_list else 1)
                continue
            found = [each for record in records if (each := getattr(record, holder.attribute)) is not None]
            if not holder.is_list:
                count += below.count(found)
            elif below.varies:
                count += below.count([each for listed in found for each in listed])
            else:
                count += below.weight * sum(map(len, found))
        return count

    @property
    def is_quick(self) -> bool:
        """Tell whether completing it never waits: no step, here or below, asks anyone."""
        return all(
            not step.is_async
            and (step.mark is None or step.mark.loader is None)
            and all(plan.is_quick for _, plan in step.objects)
            for step in self.steps
        )


@dataclass(slots=True, eq=False)
class Plan:
    """A compiled operation."""

    kind: OperationType
    root: ObjectPlan
    sizers: tuple[str, ...]  # the variables that its price depends on
    is_whole: bool  # False: it lacks what only the stock engine answers, and is good for the price alone
    is_read: bool  # nothing in it but what loaders read: no resolver asks anyone, or looks anywhere, by itself
    kinds: Mapping[Any, Any]  # the record types its answers are decoded as, in the place of whole ones
    size: int  # how many fields it is made of
    prices: dict[Any, Any] = field(default_factory=dict)
