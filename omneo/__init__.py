"""Omneo's REST API seen from Python: records, routes, and what can go wrong. Used as `omneo.Benefit`, `omneo.probe`."""

from omneo.address import Address
from omneo.balances import Balances, CurrencyRate, LocalisedBalances, fetch_balances
from omneo.benefit import (
    Benefit,
    claimable_definitions,
    fetch_benefit,
    find_by_external_id,
    list_benefits,
    list_benefits_of_profiles,
    list_profile_benefits,
    list_redeemable_benefits,
    viewable_definitions,
)
from omneo.benefit_definition import (
    BenefitDefinition,
    EmbeddedBenefitDefinition,
    Region,
    create_definition,
    fetch_definition,
    fetch_definition_by_handle,
    list_definitions,
    update_definition,
)
from omneo.benefit_writes import (
    assign_benefit,
    claim_and_redeem_benefit,
    claim_benefit,
    delete_benefit,
    extend_benefits,
    redeem_benefit,
    update_benefit,
)
from omneo.cache import Catalogue
from omneo.client import Client, Upstream
from omneo.errors import (
    BudgetSpent,
    Forbidden,
    Invalid,
    InvalidId,
    Landed,
    NotFound,
    OmneoError,
    RateLimited,
    Refused,
    TimedOut,
    Unauthenticated,
    Unavailable,
)
from omneo.filters import Filters
from omneo.identity import Identity
from omneo.ids import benefit_id, definition_id, handle, profile_id
from omneo.location import Location
from omneo.paging import Page, Window
from omneo.probe import Capabilities, probe
from omneo.profile import (
    Profile,
    ProfileAttributes,
    fetch_own_profile,
    fetch_profile,
    fetch_profiles,
    find_profile_by_email,
    find_profile_by_identity,
    list_profiles,
)
from omneo.redemption import (
    Redemption,
    RedemptionItem,
    RedemptionTransaction,
    fetch_redemption,
    list_redemptions,
)
from omneo.tier import Tier
from omneo.times import calendar_date, to_wall, utc_time, wall_time
from omneo.transport import open_http

__all__ = [
    "Address",
    "Balances",
    "Benefit",
    "BenefitDefinition",
    "BudgetSpent",
    "Capabilities",
    "Catalogue",
    "Client",
    "CurrencyRate",
    "EmbeddedBenefitDefinition",
    "Filters",
    "Forbidden",
    "Identity",
    "Invalid",
    "InvalidId",
    "Landed",
    "LocalisedBalances",
    "Location",
    "NotFound",
    "OmneoError",
    "Page",
    "Profile",
    "ProfileAttributes",
    "RateLimited",
    "Redemption",
    "RedemptionItem",
    "RedemptionTransaction",
    "Refused",
    "Region",
    "Tier",
    "TimedOut",
    "Unauthenticated",
    "Unavailable",
    "Upstream",
    "Window",
    "assign_benefit",
    "benefit_id",
    "calendar_date",
    "claim_and_redeem_benefit",
    "claim_benefit",
    "claimable_definitions",
    "create_definition",
    "definition_id",
    "delete_benefit",
    "extend_benefits",
    "fetch_balances",
    "fetch_benefit",
    "fetch_definition",
    "fetch_definition_by_handle",
    "fetch_own_profile",
    "fetch_profile",
    "fetch_profiles",
    "fetch_redemption",
    "find_by_external_id",
    "find_profile_by_email",
    "find_profile_by_identity",
    "handle",
    "list_benefits",
    "list_benefits_of_profiles",
    "list_definitions",
    "list_profile_benefits",
    "list_profiles",
    "list_redeemable_benefits",
    "list_redemptions",
    "open_http",
    "probe",
    "profile_id",
    "redeem_benefit",
    "to_wall",
    "update_benefit",
    "update_definition",
    "utc_time",
    "viewable_definitions",
    "wall_time",
]
