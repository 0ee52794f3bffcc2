"""The loaders of one request, each made when it is first asked for."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload
from zoneinfo import ZoneInfo

import omneo
from loaders.balances import BalancesByProfileId
from loaders.batching import BatchLoader
from loaders.benefit import BenefitById, Benefits, BenefitsByProfileId, RedeemableBenefits
from loaders.benefit_by_external_id import BenefitByExternalId
from loaders.benefit_definition import (
    ClaimableDefinitions,
    DefinitionByHandle,
    DefinitionById,
    Definitions,
    ViewableDefinitions,
)
from loaders.profile import OwnProfile, ProfileByEmail, ProfileById, ProfileByIdentity, Profiles
from loaders.redemption import RedemptionsByProfileId

__all__ = ["Loaders"]


T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 — a decorator, like functools.cached_property, whose lock costs more than it does
    """Make a value when it is first asked for, and keep it in the instance; one event loop, no lock."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "lazy[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._make(instance)
        return value


class Loaders:
    """Hold the loaders of one request and one caller; never shared between two.

    `client` speaks as the caller; `server`, opened when it is needed, as the tenant, for the catalogue alone.
    """

    def __init__(
        self,
        client: omneo.Client,
        open_server: Callable[[], omneo.Client],
        capabilities: omneo.Capabilities,
        catalogue: omneo.Catalogue,
        zone: ZoneInfo,
    ) -> None:
        self._client = client
        self._open_server = open_server
        self._capabilities = capabilities
        self._catalogue = catalogue
        self._zone = zone

    def forget_all(self) -> None:
        """Start over: the next load of anything asks Omneo again. Loads under way are not disturbed."""
        for name in [name for name, value in vars(self).items() if isinstance(value, BatchLoader)]:
            delattr(self, name)

    @lazy
    def server(self) -> omneo.Client:
        return self._open_server()

    @property
    def _members(self) -> OwnProfile | None:
        """The loader of a member's own profile; None for a service."""
        return self.own_profile if self._client.is_member else None

    @lazy
    def own_profile(self) -> OwnProfile:
        return OwnProfile(self._client)

    @lazy
    def profile_by_id(self) -> ProfileById:
        return ProfileById(self._client, self._capabilities, self._members)

    @lazy
    def profile_by_email(self) -> ProfileByEmail:
        return ProfileByEmail(self._client, self.profile_by_id)

    @lazy
    def profile_by_identity(self) -> ProfileByIdentity:
        return ProfileByIdentity(self._client, self.profile_by_id)

    @lazy
    def profiles(self) -> Profiles:
        return Profiles(self._client, self.profile_by_id)

    @lazy
    def balances_by_profile_id(self) -> BalancesByProfileId:
        return BalancesByProfileId(self._client)

    @lazy
    def benefit_by_id(self) -> BenefitById:
        return BenefitById(self._client)

    @lazy
    def benefit_by_external_id(self) -> BenefitByExternalId:
        return BenefitByExternalId(self._client)

    @lazy
    def benefits_by_profile_id(self) -> BenefitsByProfileId:
        return BenefitsByProfileId(self._client, self._capabilities, self._zone)

    @lazy
    def benefits(self) -> Benefits:
        return Benefits(self._client, self._zone)

    @lazy
    def redeemable_benefits_by_profile_id(self) -> RedeemableBenefits:
        return RedeemableBenefits(self._client)

    @lazy
    def claimable_definitions_by_profile_id(self) -> ClaimableDefinitions:
        return ClaimableDefinitions(self._client)

    @lazy
    def viewable_definitions_by_profile_id(self) -> ViewableDefinitions:
        return ViewableDefinitions(self._client)

    @lazy
    def definition_by_id(self) -> DefinitionById:
        return DefinitionById(self.server, self._catalogue, self._members)

    @lazy
    def definition_by_handle(self) -> DefinitionByHandle:
        return DefinitionByHandle(self.server, self._catalogue, self._members)

    @lazy
    def definitions(self) -> Definitions:
        return Definitions(self.server, self._members)

    @lazy
    def redemptions_by_profile_id(self) -> RedemptionsByProfileId:
        return RedemptionsByProfileId(self._client)
