"""What loads cost at worst: first attempts of calls to Omneo, by route, before any is made.

Beside the loaders, because each price is the worst case of one loader's plan: whoever changes how a loader asks changes
its price here, and tests/test_price.py holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import NamedTuple

import msgspec

from loaders.batching import IDS_PER_CALL
from loaders.listing import SCAN_PAGES


class Ask(NamedTuple):
    """Say what one place of a query asks of a loader: so many keys, each for a window of a list."""

    keys: int
    first: int = 1
    is_later_page: bool = False  # from a cursor on, so that the window may lie across two pages
    is_scanned: bool = False  # filtered by what Omneo cannot filter by
    filter: str = ""  # as far as it tells one list from another


class Terms(msgspec.Struct, frozen=True):
    """Say on what terms calls are made: for whom, and what this tenant's lists can do."""

    is_member: bool
    page_max: int = 100
    profiles_by_id: bool = False
    benefits_by_profile: bool = False


Calls = dict[str, int]
Price = Callable[[list[Ask], Terms], Calls]


def worst_case(asks: Mapping[str, list[Ask]], terms: Terms) -> Calls:
    """Add up, by route, what an operation costs that asks this of these loaders (by their names in `Loaders`)."""
    calls: Calls = {}
    for loader, wanted in asks.items():
        for route, count in _PRICES[loader](wanted, terms).items():
            calls[route] = max(calls.get(route, 0), count) if route == _OWN else calls.get(route, 0) + count
    return {route: count for route, count in calls.items() if count}


def is_open(loader: str, terms: Terms) -> bool:
    """Tell whether a loader has anything for this caller: only a member has a profile of their own."""
    return loader != "own_profile" or terms.is_member


_OWN = "GET /profiles/me"  # the one profile of a member, read once however often it is asked for


def _own(asks: list[Ask], terms: Terms) -> Calls:
    return {_OWN: 1 if any(ask.keys for ask in asks) and terms.is_member else 0}


def _profiles_by_id(asks: list[Ask], terms: Terms) -> Calls:
    if terms.is_member:
        return _own(asks, terms)
    keys = sum(ask.keys for ask in asks)
    # Several are read by a list; what it lacks is asked for by its id before it counts as unknown.
    lists = sum(_lists(ask.keys, terms) for ask in asks) if terms.profiles_by_id and keys > 1 else 0
    return {"GET /profiles": lists, "GET /profiles/{profile}": keys}


def _benefits_by_profile(asks: list[Ask], terms: Terms) -> Calls:
    each = sum(ask.keys * _pages(ask, terms) for ask in asks)
    several = sum(ask.keys for ask in asks) > 1 and terms.benefits_by_profile and not terms.is_member
    # One page of all benefits together; either the rest takes no more pages than there are profiles, or each is asked.
    lists = sum(ceil(ask.keys / IDS_PER_CALL) for ask in asks if not ask.is_scanned) if several else 0
    return {"GET /benefits": lists, "GET /profiles/{profile}/benefits": each}


def _benefits_by_external_id(asks: list[Ask], terms: Terms) -> Calls:
    return {"GET /benefits": sum(_lists(ask.keys, terms) for ask in asks)}


def _lists(keys: int, terms: Terms) -> int:
    """Count the list calls that find so many records, fifty at a time, a row for each."""
    full, rest = divmod(keys, IDS_PER_CALL)
    return full * ceil(IDS_PER_CALL / terms.page_max) + ceil(rest / terms.page_max)


def _one_each(route: str) -> Price:
    return lambda asks, _terms: {route: sum(ask.keys for ask in asks)}


def _windows(route: str) -> Price:
    return lambda asks, terms: {route: sum(ask.keys * _pages(ask, terms) for ask in asks)}


def _proven(price: Price) -> Price:
    """Add what it takes that Omneo judges a member's token first, where it is not asked with it (ADR 25)."""
    return lambda asks, terms: price(asks, terms) | _own(asks, terms)


def _pages(ask: Ask, terms: Terms) -> int:
    """Count the pages a window takes at most (omneo/paging.py, loaders/listing.py)."""
    return SCAN_PAGES if ask.is_scanned else ceil(ask.first / terms.page_max) + ask.is_later_page


_PRICES: dict[str, Price] = {
    "own_profile": _own,
    "profile_by_id": _profiles_by_id,
    "profile_by_email": _one_each("GET /profiles"),
    "profile_by_identity": _one_each("POST /profiles/search-id"),
    "profiles": _windows("GET /profiles"),
    "balances_by_profile_id": _one_each("GET /profiles/{profile}/balances"),
    "benefit_by_id": _one_each("GET /benefits/{benefit}"),
    "benefit_by_external_id": _benefits_by_external_id,
    "benefits_by_profile_id": _benefits_by_profile,
    "benefits": _windows("GET /benefits"),
    "redeemable_benefits_by_profile_id": _windows("GET /profiles/{profile}/redeemable_benefits"),
    "claimable_definitions_by_profile_id": _one_each("GET /profiles/{profile}/benefits/claimable"),
    "viewable_definitions_by_profile_id": _one_each("GET /profiles/{profile}/benefits/viewable"),
    "definition_by_id": _proven(_one_each("GET /benefits/definitions/{definition}")),
    "definition_by_handle": _proven(_one_each("GET /benefits/definitions/handle/{handle}")),
    "definitions": _proven(_windows("GET /benefits/definitions")),
    "redemptions_by_profile_id": _windows("GET /profiles/{profile}/redemptions"),
}

PRICED = frozenset(_PRICES)  # the loaders whose price is known
