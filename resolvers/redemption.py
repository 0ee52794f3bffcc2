"""Redemptions of a profile, and what was redeemed in each."""

from typing import Any

import strawberry

import omneo
from context import Info
from loaders.batching import Load
from loaders.listing import Listing
from resolvers.inputs import After, First
from resolvers.marks import loads, reads
from resolvers.paging import connection, place
from resolvers.words import RedeemedType, RedemptionType, word


@loads("redemptions_by_profile_id", "id", is_paged=True, spares=("profile_by_id",))
def resolve_profile_redemptions(
    profile: strawberry.Parent[omneo.Profile], info: Info, first: First = 20, after: After = None
) -> Load[Any, Listing[omneo.Redemption]]:
    whose = info.context.whose(profile.id)
    here = place("profile.redemptions", first, after, whose)
    return Load(info.context.loaders.redemptions_by_profile_id, (whose, here.window), connection(here))


@reads("type")
def redemption_type(root: strawberry.Parent[omneo.Redemption]) -> RedemptionType | None:
    return word(RedemptionType, root.type)


@reads("type")
def redeemed_type(root: strawberry.Parent[omneo.RedemptionItem]) -> RedeemedType | None:
    return word(RedeemedType, root.type)


@reads("type", "type_attributes", "benefit")
def redeemed_benefit(root: strawberry.Parent[omneo.RedemptionItem]) -> omneo.Benefit | None:
    return root.benefit
