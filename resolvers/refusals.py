"""Why a write may be refused: a record for every reason a screen can show, all with a code and a sentence."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import strawberry
from strawberry import enum_value

import omneo
from resolvers.conditions import Clause


@strawberry.enum(description="Why a write was refused, or is not settled; one word for each type of refusal.")
class BenefitErrorCode(enum.Enum):
    PROFILE_UNKNOWN = enum_value("PROFILE_UNKNOWN", description="There is no such profile.")
    DEFINITION_UNKNOWN = enum_value("DEFINITION_UNKNOWN", description="There is no such benefit definition.")
    NOT_CLAIMABLE = enum_value("NOT_CLAIMABLE", description="Members cannot claim this benefit.")
    CLAIM_WINDOW_NOT_OPEN = enum_value("CLAIM_WINDOW_NOT_OPEN", description="It cannot be claimed yet.")
    CLAIM_WINDOW_CLOSED = enum_value("CLAIM_WINDOW_CLOSED", description="It can no longer be claimed.")
    CONDITION_NOT_MET = enum_value(
        "CONDITION_NOT_MET", description="The profile does not meet the condition for claiming it."
    )
    ALREADY_CLAIMED = enum_value("ALREADY_CLAIMED", description="It can be claimed once only, and was.")
    ALLOCATION_EXHAUSTED = enum_value("ALLOCATION_EXHAUSTED", description="None are left.")
    BENEFIT_UNKNOWN = enum_value("BENEFIT_UNKNOWN", description="There is no such benefit.")
    BENEFIT_EXPIRED = enum_value("BENEFIT_EXPIRED", description="The benefit has expired.")
    NOTHING_TO_REDEEM = enum_value(
        "NOTHING_TO_REDEEM", description="The benefit has fewer redemptions left than were asked for."
    )
    NOT_SELF_REDEEMABLE = enum_value(
        "NOT_SELF_REDEEMABLE", description="Members do not redeem this benefit themselves; staff do it for them."
    )
    NOT_EXTENDABLE = enum_value("NOT_EXTENDABLE", description="The benefit's expiry cannot be put off.")
    HANDLE_TAKEN = enum_value("HANDLE_TAKEN", description="Another benefit definition has this handle.")
    KEY_REUSED = enum_value(
        "KEY_REUSED",
        description="The idempotency key was used for another request, or what it made has been removed since.",
    )
    BENEFIT_PENDING = enum_value(
        "BENEFIT_PENDING", description="The request was sent and its outcome is not known yet."
    )
    REFUSED_BY_OMNEO = enum_value(
        "REFUSED_BY_OMNEO", description="Omneo refused, for a reason the gateway could not determine."
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Say why a write was not made. Nothing was written, and asking again unchanged will be refused again."""

    code: ClassVar[BenefitErrorCode]
    message: ClassVar[str]
    retryable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class ProfileUnknown(Refusal):
    code = BenefitErrorCode.PROFILE_UNKNOWN
    message = "There is no such profile. Check profileId."


@dataclass(frozen=True, slots=True)
class DefinitionUnknown(Refusal):
    code = BenefitErrorCode.DEFINITION_UNKNOWN
    message = "There is no such benefit definition. Check its id or handle."


@dataclass(frozen=True, slots=True)
class NotClaimable(Refusal):
    code = BenefitErrorCode.NOT_CLAIMABLE
    message = "This benefit is not one that members can claim."


@dataclass(frozen=True, slots=True)
class ClaimWindowNotOpen(Refusal):
    code = BenefitErrorCode.CLAIM_WINDOW_NOT_OPEN
    message = "This benefit cannot be claimed yet. Try again from opensAt on."
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimWindowClosed(Refusal):
    code = BenefitErrorCode.CLAIM_WINDOW_CLOSED
    message = "This benefit can no longer be claimed."
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConditionNotMet(Refusal):
    code = BenefitErrorCode.CONDITION_NOT_MET
    message = "The profile does not meet the condition for claiming this benefit."
    clauses: list[Clause]


@dataclass(frozen=True, slots=True)
class AlreadyClaimed(Refusal):
    code = BenefitErrorCode.ALREADY_CLAIMED
    message = "The profile has claimed this benefit before, and it can be claimed once only."
    benefit: omneo.Benefit


@dataclass(frozen=True, slots=True)
class AllocationExhausted(Refusal):
    code = BenefitErrorCode.ALLOCATION_EXHAUSTED
    message = "None of this benefit are left."


@dataclass(frozen=True, slots=True)
class BenefitUnknown(Refusal):
    code = BenefitErrorCode.BENEFIT_UNKNOWN
    message = "There is no such benefit, or it is not this profile's. Check the benefit's id."


@dataclass(frozen=True, slots=True)
class BenefitExpired(Refusal):
    code = BenefitErrorCode.BENEFIT_EXPIRED
    message = "This benefit has expired, so it can no longer be redeemed."
    expired_at: datetime | None


@dataclass(frozen=True, slots=True)
class NothingToRedeem(Refusal):
    """Say that fewer redemptions are left than were asked for: on the benefit, or on all of its kind together."""

    code = BenefitErrorCode.NOTHING_TO_REDEEM
    message = "This benefit has fewer redemptions left than were asked for."
    redemptions_remaining: int


@dataclass(frozen=True, slots=True)
class NotSelfRedeemable(Refusal):
    code = BenefitErrorCode.NOT_SELF_REDEEMABLE
    message = "Members do not redeem this benefit themselves; staff do it for them."


@dataclass(frozen=True, slots=True)
class NotExtendable(Refusal):
    code = BenefitErrorCode.NOT_EXTENDABLE
    message = "The expiry of at least one of these benefits cannot be put off. Nothing was extended."
    benefit_ids: list[int]


@dataclass(frozen=True, slots=True)
class HandleTaken(Refusal):
    code = BenefitErrorCode.HANDLE_TAKEN
    message = "Another benefit definition has this handle. Choose another."


@dataclass(frozen=True, slots=True)
class KeyReused(Refusal):
    code = BenefitErrorCode.KEY_REUSED
    message = (
        "This idempotencyKey was used for another request, or what it made has been removed since. "
        "Use a new key for a new intent."
    )


@dataclass(frozen=True, slots=True)
class BenefitPending(Refusal):
    """Say that a write was sent and its answer lost: it may or may not have landed. Only this one is worth a repeat."""

    code = BenefitErrorCode.BENEFIT_PENDING
    message = "The outcome is not known yet. Repeat the request with the same idempotencyKey, or ask benefitOperation."
    retryable = True
    operation_id: str


@dataclass(frozen=True, slots=True)
class RefusedByOmneo(Refusal):
    code = BenefitErrorCode.REFUSED_BY_OMNEO
    message = "Omneo refused this request, for a reason the gateway could not determine."
