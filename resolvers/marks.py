"""What a resolver tells of itself besides its arguments: enough to plan a query, and to price it, before it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

ANY = ("*",)  # needs of a resolver that reads whatever its parent has

Writes = Callable[[Any], Mapping[Any, Any]]

Resolver = TypeVar("Resolver", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Tell what a resolver reads of its parent record, and where its value comes from.

    `needs` names the attributes of the parent that it reads. `loader` names the loader, an attribute of `Loaders`,
    whose key it answers with as a `Load`; None for a resolver that makes its value of the parent alone.
    `foresees` makes, of the resolver's own arguments, a stand-in for the record it will answer with, which has the
    attributes that `foreseen` names: what only needs those can be asked for at the same time.
    `chooses` tells from the arguments which loader it is, where there are several. `is_paged`: it takes `first` and
    `after`; `scans` tells of a filter whether Omneo cannot apply it, so that the list is read and looked through.
    `spares` names the loaders that have nothing to ask for below its value, because that brings along what they hold.
    `calls` tells from the arguments what a resolver costs at worst that asks Omneo by itself, for one parent; `route`
    names what it is about, and `once` counts the calls that all parents share.
    `writes` finds, for the info, a mapping from what it `needs` (one value, or a tuple of them) to the value as the
    JSON answer holds it: a short cut past the value and its scalar, used where many are written.
    """

    needs: tuple[str, ...]
    loader: str | None = None
    foresees: Callable[..., Any] | None = None
    foreseen: tuple[str, ...] = ()
    chooses: Callable[..., str] | None = None
    is_paged: bool = False
    scans: Callable[[Any], bool] | None = None
    spares: tuple[str, ...] = ()
    calls: Callable[..., int] | None = None
    route: str = ""
    once: int = 0
    writes: Writes | None = None


def mark_of(resolver: object) -> Mark | None:
    """Return what a resolver tells of itself; None when it tells nothing."""
    found = getattr(resolver, "mark", None)
    return found if isinstance(found, Mark) else None


def marked(mark: Mark) -> Callable[[Resolver], Resolver]:
    """Put a mark on a resolver."""

    def put(resolver: Resolver) -> Resolver:
        resolver.mark = mark  # type: ignore[attr-defined]  # read by mark_of alone
        return resolver

    return put


def reads(*needs: str, writes: Writes | None = None) -> Callable[[Resolver], Resolver]:
    """Mark a resolver that makes its value of these attributes of its parent, without asking anyone."""
    return marked(Mark(needs=needs, writes=writes))


def pages() -> Callable[[Resolver], Resolver]:
    """Mark a resolver that cuts pages out of what its parent has, by `first` and `after`."""
    return marked(Mark(needs=ANY, is_paged=True))


def asks(route: str, calls: int | Callable[..., int], *, once: int = 0) -> Callable[[Resolver], Resolver]:
    """Mark a resolver that asks Omneo by itself: what it is about, and how many calls it takes for one parent at worst,
    a number or told from its arguments; `once` counts those that all parents of a query share."""
    told = calls if callable(calls) else lambda **_: calls
    return marked(Mark(needs=ANY, route=route, calls=told, once=once))


def loads(loader: str, *needs: str, **more: Any) -> Callable[[Resolver], Resolver]:
    """Mark a resolver that answers with a `Load` of this loader, whose key is made of these attributes."""
    return marked(Mark(needs=needs, loader=loader, **more))
