"""What a profile has to spend (API.md §8)."""

from omneo.client import Client
from omneo.record import Record


class LocalisedBalances(Record, frozen=True, kw_only=True):
    """The money balances in the currency asked for."""

    reward_balance: float | None = None
    point_balance_dollars: float | None = None
    combined_balance_dollars: float | None = None


class CurrencyRate(Record, frozen=True, kw_only=True, rename={"source": "from", "target": "to"}):
    """The rate between the tenant's currency (`source`) and the one asked for (`target`)."""

    id: int | None = None
    source: str | None = None
    target: str | None = None
    rate: float | None = None
    is_system: bool | None = None


class Balances(Record, frozen=True, kw_only=True):
    """Balances of one profile. Points are points; everything that ends in dollars is money."""

    reward_balance: float | None = None
    point_balance: float | None = None
    point_balance_dollars: float | None = None
    benefit_balance: float | None = None
    credit_balance: float | None = None
    combined_balance_dollars: float | None = None
    localised: LocalisedBalances | None = None
    currency: CurrencyRate | None = None


async def fetch_balances(client: Client, profile_id: str, currency: str | None = None) -> Balances:
    """Read a profile's balances, localised to an ISO 4217 `currency`. Raises `NotFound` for an unknown profile."""
    params = [("currency", currency)] if currency else []
    return await client.get("/profiles/{profile}/balances", Balances, params, profile=profile_id)
