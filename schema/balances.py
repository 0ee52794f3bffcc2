"""What a profile has to spend."""

from decimal import Decimal

import strawberry
from strawberry import field

from resolvers.access import needs
from resolvers.balances import balance, resolve_balances_currency, resolve_balances_localised

_RULE = needs("read-profiles")  # what the profile does not carry takes a call


@strawberry.type(description="Balances in money of one currency.")
class LocalisedBalances:
    reward_balance: Decimal | None = field(description="Reward money.")
    point_balance_dollars: Decimal | None = field(description="What the points are worth.")
    combined_balance_dollars: Decimal | None = field(description="Reward money and points together.")


@strawberry.type(description="How one currency was turned into another.")
class CurrencyRate:
    id: strawberry.ID | None = field(description="Omneo's number for the rate.")
    source: str | None = field(name="from", description="The retailer's ISO 4217 currency.")
    target: str | None = field(name="to", description="The ISO 4217 currency of the localised balances.")
    rate: Decimal | None = field(description="What one unit of `from` is in `to`.")
    is_system: bool | None = field(description="Whether it is the retailer's own currency.")


@strawberry.type(description="What a profile has to spend.")
class Balances:
    reward_balance = field(
        resolver=balance("reward_balance"),
        graphql_type=Decimal | None,
        description="Reward money, in the retailer's currency.",
        metadata=_RULE,
    )
    point_balance = field(
        resolver=balance("point_balance"), graphql_type=Decimal | None, description="Points, as points.", metadata=_RULE
    )
    point_balance_dollars = field(
        resolver=balance("point_balance_dollars"),
        graphql_type=Decimal | None,
        description="What the points are worth, in the retailer's currency.",
        metadata=_RULE,
    )
    benefit_balance = field(
        resolver=balance("benefit_balance"),
        graphql_type=Decimal | None,
        description="How many benefits.",
        metadata=_RULE,
    )
    credit_balance = field(
        resolver=balance("credit_balance"),
        graphql_type=Decimal | None,
        description="Store credit, in the retailer's currency.",
        metadata=_RULE,
    )
    combined_balance_dollars = field(
        resolver=balance("combined_balance_dollars"),
        graphql_type=Decimal | None,
        description="Reward money and points together, in the retailer's currency.",
        metadata=_RULE,
    )
    localised = field(
        resolver=resolve_balances_localised,
        graphql_type=LocalisedBalances | None,
        description="The money in the currency asked for.",
        metadata=_RULE,
    )
    currency = field(
        resolver=resolve_balances_currency,
        graphql_type=CurrencyRate | None,
        description="The rate behind `localised`.",
        metadata=_RULE,
    )
