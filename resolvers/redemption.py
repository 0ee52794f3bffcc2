"""Redemptions of a profile, and what was redeemed in each."""

import strawberry

import omneo
from context import Info
from resolvers.inputs import After, First
from resolvers.paging import Connection, place
from resolvers.words import RedeemedType, RedemptionType, word


async def resolve_profile_redemptions(
    profile: strawberry.Parent[omneo.Profile], info: Info, first: First = 20, after: After = None
) -> Connection[omneo.Redemption]:
    here = place("profile.redemptions", first, after, profile.id)
    return Connection(await info.context.loaders.redemptions_by_profile_id.load((profile.id, here.window)), here)


def redemption_type(root: strawberry.Parent[omneo.Redemption]) -> RedemptionType | None:
    return word(RedemptionType, root.type)


def redeemed_type(root: strawberry.Parent[omneo.RedemptionItem]) -> RedeemedType | None:
    return word(RedeemedType, root.type)


def redeemed_benefit(root: strawberry.Parent[omneo.RedemptionItem]) -> omneo.Benefit | None:
    return root.benefit
