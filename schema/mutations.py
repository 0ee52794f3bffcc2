"""Writes: each takes one input and answers with its success or the refusal."""

import strawberry

from resolvers.access import needs
from resolvers.assign import resolve_assign_benefit
from resolvers.assign_many import resolve_assign_benefits
from resolvers.claim import resolve_claim_benefit
from resolvers.claim_and_redeem import resolve_claim_and_redeem_benefit
from resolvers.create_definition import resolve_create_benefit_definition
from resolvers.extend import resolve_extend_benefits
from resolvers.redeem import resolve_redeem_benefit
from resolvers.revoke import resolve_revoke_benefit
from resolvers.update_definition import resolve_update_benefit_definition
from schema.results import (
    AssignBenefitResult,
    AssignBenefitsResult,
    ClaimAndRedeemBenefitResult,
    ClaimBenefitResult,
    CreateBenefitDefinitionResult,
    ExtendBenefitsResult,
    RedeemBenefitResult,
    RevokeBenefitResult,
    UpdateBenefitDefinitionResult,
)

_SAFE = "Safe to repeat with the same idempotencyKey."


@strawberry.type
class BenefitMutation:
    assign_benefit = strawberry.mutation(
        resolver=resolve_assign_benefit,
        graphql_type=AssignBenefitResult,
        description=f"Give a benefit to a profile. Services only. {_SAFE}",
        metadata=needs("create-benefits", members=False),
    )
    assign_benefits = strawberry.mutation(
        resolver=resolve_assign_benefits,
        graphql_type=AssignBenefitsResult,
        description=f"Give up to 500 benefits; Omneo works them off one by one. Services only. {_SAFE}",
        metadata=needs("create-benefits", members=False),
    )
    claim_benefit = strawberry.mutation(
        resolver=resolve_claim_benefit,
        graphql_type=ClaimBenefitResult,
        description=f"Claim a benefit, as the member or on their behalf. {_SAFE}",
        metadata=needs("create-benefits"),
    )
    claim_and_redeem_benefit = strawberry.mutation(
        resolver=resolve_claim_and_redeem_benefit,
        graphql_type=ClaimAndRedeemBenefitResult,
        description=f"Claim a benefit and redeem it at once; members where they may redeem it themselves. {_SAFE}",
        metadata=needs("create-benefits", "redeem-benefits"),
    )
    redeem_benefit = strawberry.mutation(
        resolver=resolve_redeem_benefit,
        graphql_type=RedeemBenefitResult,
        description=f"Use redemptions of a benefit; members where they may redeem it themselves. {_SAFE}",
        metadata=needs("redeem-benefits"),
    )
    extend_benefits = strawberry.mutation(
        resolver=resolve_extend_benefits,
        graphql_type=ExtendBenefitsResult,
        description=f"Put off the expiry of benefits of one profile. Services only. {_SAFE}",
        metadata=needs("create-benefits", members=False),
    )
    revoke_benefit = strawberry.mutation(
        resolver=resolve_revoke_benefit,
        graphql_type=RevokeBenefitResult,
        description=f"Take a benefit away for good. Services only. {_SAFE}",
        metadata=needs("delete-benefits", members=False),
    )
    create_benefit_definition = strawberry.mutation(
        resolver=resolve_create_benefit_definition,
        graphql_type=CreateBenefitDefinitionResult,
        description=f"Make a benefit definition. Services only. {_SAFE}",
        metadata=needs("create-benefit-definitions", members=False),
    )
    update_benefit_definition = strawberry.mutation(
        resolver=resolve_update_benefit_definition,
        graphql_type=UpdateBenefitDefinitionResult,
        description=f"Change what is given of a benefit definition. Services only. {_SAFE}",
        metadata=needs("update-benefit-definitions", members=False),
    )
