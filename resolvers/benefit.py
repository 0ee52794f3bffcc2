"""Benefits: one by id, of a profile, of everyone; and what a profile may claim, see and redeem."""

from functools import partial
from typing import Any

import strawberry

import omneo
from context import Info
from loaders.batching import Load
from loaders.criteria import ANY_BENEFIT, BenefitCriteria
from loaders.listing import Listing
from resolvers.inputs import (
    After,
    BenefitFilter,
    BenefitIdArgument,
    First,
    WhichBenefits,
    given,
    handles,
    reference,
)
from resolvers.marks import loads
from resolvers.paging import connection, place


def criteria(filter: BenefitFilter | None) -> BenefitCriteria:
    """Check a filter and put it in terms of the benefits wanted. Raises `BadInput`, `InvalidId`."""
    if filter is None:
        return ANY_BENEFIT
    return BenefitCriteria(
        definition_id=given(filter.definition_id, partial(omneo.definition_id, field="definitionId")),
        external_id=given(filter.external_id, partial(reference, field="externalId")),
        tags=given(filter.tags, partial(handles, field="tags")) or (),
        expired=filter.expired,
        redeemable=filter.redeemable,
        claimed=filter.claimed,
        issued_after=filter.issued_after,
        issued_before=filter.issued_before,
        expires_after=filter.expires_after,
        expires_before=filter.expires_before,
    )


def _scans(filter: BenefitFilter | None) -> bool:
    return criteria(filter).scanned


@loads("benefit_by_id")
def resolve_benefit(info: Info, id: BenefitIdArgument) -> Load[int, omneo.Benefit | None]:
    return Load(info.context.loaders.benefit_by_id, omneo.benefit_id(id, field="id"))


@loads("benefits", is_paged=True, scans=_scans)
def resolve_benefits(
    info: Info, first: First = 20, after: After = None, filter: WhichBenefits = None
) -> Load[Any, Listing[omneo.Benefit]]:
    wanted = criteria(filter)
    here = place("benefits", first, after, wanted)
    return Load(info.context.loaders.benefits, (here.window, wanted), connection(here))


@loads("profile_by_id", "profile_id")
def resolve_benefit_profile(benefit: strawberry.Parent[omneo.Benefit], info: Info) -> Load[str, omneo.Profile | None]:
    return Load(info.context.loaders.profile_by_id, benefit.profile_id)


@loads("benefits_by_profile_id", "id", is_paged=True, scans=_scans, spares=("profile_by_id",))
def resolve_profile_benefits(
    profile: strawberry.Parent[omneo.Profile],
    info: Info,
    first: First = 20,
    after: After = None,
    filter: WhichBenefits = None,
) -> Load[Any, Listing[omneo.Benefit]]:
    wanted, whose = criteria(filter), info.context.whose(profile.id)
    here = place("profile.benefits", first, after, whose, wanted)
    return Load(info.context.loaders.benefits_by_profile_id, (whose, here.window, wanted), connection(here))


@loads("redeemable_benefits_by_profile_id", "id", is_paged=True, spares=("profile_by_id",))
def resolve_profile_redeemable_benefits(
    profile: strawberry.Parent[omneo.Profile], info: Info, first: First = 20, after: After = None
) -> Load[Any, Listing[omneo.Benefit]]:
    whose = info.context.whose(profile.id)
    here = place("profile.redeemableBenefits", first, after, whose)
    return Load(info.context.loaders.redeemable_benefits_by_profile_id, (whose, here.window), connection(here))


@loads("claimable_definitions_by_profile_id", "id", spares=("definition_by_id",))
def resolve_profile_claimable_benefits(
    profile: strawberry.Parent[omneo.Profile], info: Info
) -> Load[str, list[omneo.BenefitDefinition]]:
    return Load(info.context.loaders.claimable_definitions_by_profile_id, info.context.whose(profile.id))


@loads("viewable_definitions_by_profile_id", "id", spares=("definition_by_id",))
def resolve_profile_viewable_benefits(
    profile: strawberry.Parent[omneo.Profile], info: Info
) -> Load[str, list[omneo.BenefitDefinition]]:
    return Load(info.context.loaders.viewable_definitions_by_profile_id, info.context.whose(profile.id))
