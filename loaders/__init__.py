"""The loaders of one request, each made when it is first asked for."""

from functools import cached_property
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


class Loaders:
    """Hold the loaders of one request and one caller; never shared between two.

    `client` speaks as the caller, `server` as the tenant: the catalogue alone is read with the latter.
    """

    def __init__(
        self,
        client: omneo.Client,
        server: omneo.Client,
        capabilities: omneo.Capabilities,
        catalogue: omneo.Catalogue,
        zone: ZoneInfo,
    ) -> None:
        self._client = client
        self._server = server
        self._capabilities = capabilities
        self._catalogue = catalogue
        self._zone = zone

    def forget_all(self) -> None:
        """Start over: the next load of anything asks Omneo again. Loads under way are not disturbed."""
        for name in [name for name, value in vars(self).items() if isinstance(value, BatchLoader)]:
            delattr(self, name)

    @cached_property
    def own_profile(self) -> OwnProfile:
        return OwnProfile(self._client)

    @cached_property
    def profile_by_id(self) -> ProfileById:
        return ProfileById(self._client, self._capabilities, self.own_profile)

    @cached_property
    def profile_by_email(self) -> ProfileByEmail:
        return ProfileByEmail(self._client, self.profile_by_id)

    @cached_property
    def profile_by_identity(self) -> ProfileByIdentity:
        return ProfileByIdentity(self._client, self.profile_by_id)

    @cached_property
    def profiles(self) -> Profiles:
        return Profiles(self._client, self.profile_by_id)

    @cached_property
    def balances_by_profile_id(self) -> BalancesByProfileId:
        return BalancesByProfileId(self._client)

    @cached_property
    def benefit_by_id(self) -> BenefitById:
        return BenefitById(self._client)

    @cached_property
    def benefit_by_external_id(self) -> BenefitByExternalId:
        return BenefitByExternalId(self._client)

    @cached_property
    def benefits_by_profile_id(self) -> BenefitsByProfileId:
        return BenefitsByProfileId(self._client, self._capabilities, self._zone)

    @cached_property
    def benefits(self) -> Benefits:
        return Benefits(self._client, self._zone)

    @cached_property
    def redeemable_benefits_by_profile_id(self) -> RedeemableBenefits:
        return RedeemableBenefits(self._client)

    @cached_property
    def claimable_definitions_by_profile_id(self) -> ClaimableDefinitions:
        return ClaimableDefinitions(self._client)

    @cached_property
    def viewable_definitions_by_profile_id(self) -> ViewableDefinitions:
        return ViewableDefinitions(self._client)

    @cached_property
    def definition_by_id(self) -> DefinitionById:
        return DefinitionById(self._server, self._catalogue)

    @cached_property
    def definition_by_handle(self) -> DefinitionByHandle:
        return DefinitionByHandle(self._server, self._catalogue)

    @cached_property
    def definitions(self) -> Definitions:
        return Definitions(self._server)

    @cached_property
    def redemptions_by_profile_id(self) -> RedemptionsByProfileId:
        return RedemptionsByProfileId(self._client)
