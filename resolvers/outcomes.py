"""What a mutation may answer: one success each, or one of the refusals."""

from dataclasses import dataclass

import omneo
import writes
from resolvers.refusals import (
    AllocationExhausted,
    AlreadyClaimed,
    BenefitExpired,
    BenefitPending,
    BenefitUnknown,
    ClaimWindowClosed,
    ClaimWindowNotOpen,
    ConditionNotMet,
    DefinitionUnknown,
    HandleTaken,
    KeyReused,
    NotClaimable,
    NotExtendable,
    NothingToRedeem,
    NotSelfRedeemable,
    ProfileUnknown,
    RefusedByOmneo,
)


@dataclass(frozen=True, slots=True)
class BenefitAssigned:
    benefit: omneo.Benefit


@dataclass(frozen=True, slots=True)
class BenefitsQueued:
    operation_id: str
    batch: list[writes.Row]


@dataclass(frozen=True, slots=True)
class BenefitClaimed:
    benefit: omneo.Benefit


@dataclass(frozen=True, slots=True)
class BenefitClaimable:
    definition: omneo.BenefitDefinition


@dataclass(frozen=True, slots=True)
class BenefitRedeemed:
    redemption: omneo.Redemption
    benefit: omneo.Benefit | None


@dataclass(frozen=True, slots=True)
class BenefitClaimedAndRedeemed:
    benefit: omneo.Benefit
    redemption: omneo.Redemption


@dataclass(frozen=True, slots=True)
class BenefitsExtended:
    benefits: list[omneo.Benefit]


@dataclass(frozen=True, slots=True)
class BenefitRevoked:
    """`benefit` is as it was before; None when it was gone already, as for a repeated key."""

    benefit_id: int
    benefit: omneo.Benefit | None


@dataclass(frozen=True, slots=True)
class BenefitDefinitionCreated:
    definition: omneo.BenefitDefinition


@dataclass(frozen=True, slots=True)
class BenefitDefinitionUpdated:
    definition: omneo.BenefitDefinition


Unfinished = KeyReused | BenefitPending | RefusedByOmneo

WhyNotClaimed = (
    ProfileUnknown
    | DefinitionUnknown
    | NotClaimable
    | ClaimWindowNotOpen
    | ClaimWindowClosed
    | ConditionNotMet
    | AlreadyClaimed
    | AllocationExhausted
    | RefusedByOmneo
)

AssignOutcome = BenefitAssigned | ProfileUnknown | DefinitionUnknown | AllocationExhausted | Unfinished
AssignManyOutcome = BenefitsQueued | DefinitionUnknown | Unfinished
ClaimOutcome = BenefitClaimed | BenefitClaimable | WhyNotClaimed | Unfinished
RedeemOutcome = BenefitRedeemed | BenefitUnknown | BenefitExpired | NothingToRedeem | NotSelfRedeemable | Unfinished
ClaimAndRedeemOutcome = (
    BenefitClaimedAndRedeemed | BenefitClaimed | WhyNotClaimed | NothingToRedeem | NotSelfRedeemable | Unfinished
)
ExtendOutcome = BenefitsExtended | ProfileUnknown | BenefitUnknown | NotExtendable | Unfinished
RevokeOutcome = BenefitRevoked | BenefitUnknown | Unfinished
CreateDefinitionOutcome = BenefitDefinitionCreated | HandleTaken | Unfinished
UpdateDefinitionOutcome = BenefitDefinitionUpdated | DefinitionUnknown | HandleTaken | Unfinished
