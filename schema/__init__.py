"""The GraphQL schema: everything a client can ask for, put together from one file per resource."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.access import enforce
from schema.benefit import BenefitQuery
from schema.benefit_definition import BenefitDefinitionQuery
from schema.mutations import BenefitMutation
from schema.operation import BenefitOperationQuery
from schema.profile import ProfileQuery
from schema.scalars import SCALARS

__all__ = ["schema"]


@strawberry.type(description="What can be read.")
class Query(ProfileQuery, BenefitQuery, BenefitDefinitionQuery, BenefitOperationQuery):
    pass


@strawberry.type(description="What can be changed.")
class Mutation(BenefitMutation):
    pass


schema = strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))
enforce(schema)
