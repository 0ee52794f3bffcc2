"""Benefits: one by id, of a profile, of everyone; and what a profile may claim, see and redeem."""

import strawberry

import omneo
from context import Info
from loaders.criteria import BenefitCriteria
from resolvers.inputs import After, BenefitFilter, BenefitIdArgument, First, WhichBenefits, reference
from resolvers.paging import Connection, place


async def resolve_benefit(info: Info, id: BenefitIdArgument) -> omneo.Benefit | None:
    return await info.context.loaders.benefit_by_id.load(omneo.benefit_id(id, field="id"))


async def resolve_benefits(
    info: Info, first: First = 20, after: After = None, filter: WhichBenefits = None
) -> Connection[omneo.Benefit]:
    wanted = criteria(filter)
    here = place("benefits", first, after, wanted)
    return Connection(await info.context.loaders.benefits.load((here.window, wanted)), here)


async def resolve_benefit_profile(benefit: strawberry.Parent[omneo.Benefit], info: Info) -> omneo.Profile | None:
    return await info.context.loaders.profile_by_id.load(benefit.profile_id)


async def resolve_profile_benefits(
    profile: strawberry.Parent[omneo.Profile],
    info: Info,
    first: First = 20,
    after: After = None,
    filter: WhichBenefits = None,
) -> Connection[omneo.Benefit]:
    wanted = criteria(filter)
    here = place("profile.benefits", first, after, profile.id, wanted)
    listing = await info.context.loaders.benefits_by_profile_id.load((profile.id, here.window, wanted))
    return Connection(listing, here)


async def resolve_profile_redeemable_benefits(
    profile: strawberry.Parent[omneo.Profile], info: Info, first: First = 20, after: After = None
) -> Connection[omneo.Benefit]:
    here = place("profile.redeemableBenefits", first, after, profile.id)
    listing = await info.context.loaders.redeemable_benefits_by_profile_id.load((profile.id, here.window))
    return Connection(listing, here)


async def resolve_profile_claimable_benefits(
    profile: strawberry.Parent[omneo.Profile], info: Info
) -> list[omneo.BenefitDefinition]:
    return await info.context.loaders.claimable_definitions_by_profile_id.load(profile.id)


async def resolve_profile_viewable_benefits(
    profile: strawberry.Parent[omneo.Profile], info: Info
) -> list[omneo.BenefitDefinition]:
    return await info.context.loaders.viewable_definitions_by_profile_id.load(profile.id)


def criteria(filter: BenefitFilter | None) -> BenefitCriteria:
    """Check a filter and put it in terms of the benefits wanted. Raises `BadInput`, `InvalidId`."""
    if filter is None:
        return BenefitCriteria()
    return BenefitCriteria(
        definition_id=filter.definition_id and omneo.definition_id(filter.definition_id, field="definitionId"),
        external_id=filter.external_id and reference(filter.external_id, field="externalId"),
        tags=tuple(sorted({omneo.handle(tag, field="tags") for tag in filter.tags or ()})),
        expired=filter.expired,
        redeemable=filter.redeemable,
        claimed=filter.claimed,
        issued_after=filter.issued_after,
        issued_before=filter.issued_before,
        expires_after=filter.expires_after,
        expires_before=filter.expires_before,
    )
