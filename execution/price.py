"""The price of an operation: how many calls to Omneo it takes at worst, found on its plan before the first is made.

The plan is walked from the root with the number of objects each place can have: a page has at most `first`, a record
below it one, a list that Omneo does not page is counted as `UNPAGED`. What each place asks of which loader is gathered;
`loaders.prices` knows what that costs. The client of the request refuses the call after the last one predicted, so a
list longer than assumed ends in an error, never in more calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql.execution.values import VariableValues

from execution.plan import INLINE, FieldPlan, ObjectPlan, Plan
from loaders.prices import Ask, Terms, is_open, worst_case
from resolvers.inputs import BadInput
from resolvers.paging import FIRST_MAX

UNPAGED = 100  # items of a list that has no pages
_KEPT = 64
_KEPT_TEXT = 256  # characters


@dataclass(frozen=True, slots=True)
class FanOut:
    """Say what one place of a query asks for: where it stands, how often, and of which loader."""

    path: str
    loader: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Price:
    """Hold the worst case of first attempts, by route and in all, and the places it is made of."""

    total: int
    routes: Mapping[str, int]
    places: tuple[FanOut, ...]
    is_whole: bool = True  # False: it holds a resolver that does not tell what it costs


FREE = Price(0, {}, ())


def price_of(plan: Plan, variables: VariableValues, terms: Terms) -> Price:
    """Price a plan with these variables; kept with the plan, for values that cost the same."""
    key = (terms, *[_size(variables.coerced.get(name)) for name in plan.sizers]) if plan.sizers else terms
    price = plan.prices.get(key)
    if price is None:
        price, has_failed = _priced(plan, variables, terms)
        if has_failed:  # which other values under the same key need not
            return price
        if len(plan.prices) >= _KEPT:
            plan.prices.clear()
        plan.prices[key] = price
    return price


def _size(value: Any) -> object:
    """Return what stands for a value in the key of a price: itself, if it is small."""
    if value is None or isinstance(value, int):
        return value
    text = repr(value)
    return text if len(text) <= _KEPT_TEXT else hash(text)


def _priced(plan: Plan, variables: VariableValues, terms: Terms) -> tuple[Price, bool]:
    """Price a plan; and tell whether a field counts as nothing because its arguments will not do."""
    walk = _Walk(variables, terms)
    walk.object(plan.root, _Place())
    routes = worst_case(_together(walk.places), terms)
    for route, count in walk.asked.items():
        routes[route] = routes.get(route, 0) + count
    return Price(sum(routes.values()), routes, tuple(walk.places), walk.is_whole), walk.has_failed


def _together(places: list[FanOut]) -> dict[str, list[Ask]]:
    """Gather the asks by loader; those of one place that want alike are one batch, as the runner makes them one."""
    batches: dict[tuple[str, str, Ask], int] = {}
    for each in places:
        batch = (each.loader, each.path.rpartition(".")[0], each.ask._replace(keys=0))
        batches[batch] = batches.get(batch, 0) + each.ask.keys
    asks: dict[str, list[Ask]] = {}
    for (loader, _, ask), keys in batches.items():
        asks.setdefault(loader, []).append(ask._replace(keys=keys))
    return asks


@dataclass(frozen=True, slots=True)
class _Place:
    """Say how many objects a place has, and what they bring along: loaders that have nothing left to ask for."""

    count: int = 1
    page: int = INLINE  # how long the lists are that stand in these objects
    spared: Mapping[str, int] = field(default_factory=dict)  # by loader: how many different records it holds
    path: str = ""


class _Walk:
    def __init__(self, variables: VariableValues, terms: Terms) -> None:
        self._variables = variables
        self._terms = terms
        self.places: list[FanOut] = []
        self.asked: dict[str, int] = {}
        self.is_whole = True
        self.has_failed = False

    def object(self, plan: ObjectPlan, place: _Place) -> None:
        asked: dict[tuple[str, str], Ask] = {}
        for step in plan.steps:
            try:
                self._step(step, place, asked)
            except Exception:  # arguments that will not do: the field fails before it asks anyone
                self.has_failed = True

    def _step(self, step: FieldPlan, place: _Place, asked: dict[tuple[str, str], Ask]) -> None:
        path = f"{place.path}.{step.key}" if place.path else step.key
        mark = step.mark
        if step.rule is not None and self._terms.is_member and not step.rule.members:
            return
        arguments = step.arguments(self._variables)
        if mark is None or mark.loader is None:
            self.is_whole &= not step.is_async or (mark is not None and mark.calls is not None)
            if mark is not None and mark.calls is not None:
                calls = place.count * mark.calls(**arguments) + (mark.once if place.count else 0)
                self.asked[mark.route] = self.asked.get(mark.route, 0) + calls
            page = arguments.get("first", INLINE) if mark is not None and mark.is_paged else INLINE
            below = _Place(place.count * (place.page if step.is_list else 1), page, place.spared, path)
        else:
            loader = mark.loader if mark.chooses is None else mark.chooses(**arguments)
            if not is_open(loader, self._terms):
                return
            count = place.spared.get(loader, place.count)
            ask = self._ask(step, arguments, 0 if loader in place.spared else count)
            known = asked.setdefault((loader, step.said), ask)
            if known is ask and ask.keys:
                self.places.append(FanOut(path, loader, ask))
            page = ask.first if mark.is_paged else INLINE
            spared = {**place.spared, **dict.fromkeys(mark.spares, count)}
            below = _Place(count * (UNPAGED if step.is_list else 1), page, spared, path)
        for _, plan in step.objects:
            self.object(plan, below)

    def _ask(self, step: FieldPlan, arguments: dict[str, Any], keys: int) -> Ask:
        mark = step.mark
        if mark is None or not mark.is_paged:
            return Ask(keys)
        first = arguments.get("first", 1)
        if not 1 <= first <= FIRST_MAX:
            raise BadInput
        chosen = arguments.get("filter")
        is_scanned = mark.scans is not None and mark.scans(chosen)
        return Ask(keys, first, arguments.get("after") is not None, is_scanned, repr(chosen) if chosen else "")
