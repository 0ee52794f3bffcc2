"""Balances: from the profile as far as it carries them, from the balances route for the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any

import strawberry

import omneo
from context import Info
from loaders.batching import Load
from resolvers.inputs import BadInput
from resolvers.marks import loads, reads

Currency = Annotated[
    str | None, strawberry.argument(description="ISO 4217 currency for `localised`; the member's own when not given.")
]


@dataclass(frozen=True, slots=True)
class ProfileBalances:
    """A profile seen as its balances. Nothing is asked of Omneo before a field needs it."""

    profile: omneo.Profile
    currency: str | None


@reads(
    "id",
    "reward_balance",
    "point_balance",
    "point_balance_dollars",
    "combined_balance_dollars",
    "benefit_balance",
    "credit_balance",
)
def resolve_profile_balances(profile: strawberry.Parent[omneo.Profile], currency: Currency = None) -> ProfileBalances:
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise BadInput("currency must be an ISO 4217 code of three letters, such as AUD.")
    return ProfileBalances(profile, currency and currency.upper())


def balance(attribute: str) -> Callable[..., Any]:
    """Make the resolver of one balance: the number in the profile, and a call only when it is not there."""

    @loads("balances_by_profile_id", "profile")
    def resolve(root: strawberry.Parent[ProfileBalances], info: Info) -> Any:
        embedded = getattr(root.profile, attribute)
        return embedded if embedded is not None else _load(root, info, attribute)

    return resolve


@loads("balances_by_profile_id", "profile", "currency")
def resolve_balances_localised(root: strawberry.Parent[ProfileBalances], info: Info) -> Load[Any, Any]:
    return _load(root, info, "localised")


@loads("balances_by_profile_id", "profile", "currency")
def resolve_balances_currency(root: strawberry.Parent[ProfileBalances], info: Info) -> Load[Any, Any]:
    return _load(root, info, "currency")


def _load(root: ProfileBalances, info: Info, attribute: str) -> Load[Any, Any]:
    key = (info.context.whose(root.profile.id), root.currency)
    return Load(info.context.loaders.balances_by_profile_id, key, attrgetter(attribute))
