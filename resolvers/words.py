"""Omneo's enumerated words as GraphQL enums; a word we do not know reads as null, not as a failure."""

import enum
from typing import TypeVar

import strawberry
from strawberry import enum_value


@strawberry.enum(description="The kind of thing a benefit gives.")  # API.md §7.3, `type`
class BenefitType(enum.Enum):
    DISCOUNT = enum_value("discount", description="Something off the price.")
    VALUE = enum_value("value", description="An amount of money.")
    COMPETITION = enum_value("competition", description="Entry into a competition.")
    EVENT = enum_value("event", description="An invitation to an event.")
    GIFT = enum_value("gift", description="A free product.")
    VOUCHER = enum_value("voucher", description="A voucher.")
    BONUS = enum_value("bonus", description="An extra on top of something else.")
    OTHER = enum_value("other", description="Something else.")


@strawberry.enum(  # API.md §7.3, `period_type`
    description="The unit in which the life of a benefit is counted, or the rule in its place."
)
class PeriodType(enum.Enum):
    DAYS = enum_value("days", description="So many days after it is issued.")
    WEEKS = enum_value("weeks", description="So many weeks after it is issued.")
    MONTHS = enum_value("months", description="So many months after it is issued.")
    YEARS = enum_value("years", description="So many years after it is issued.")
    ABSOLUTE_DATE = enum_value("absolute_date", description="On one date for all.")
    ABSOLUTE_WEEK = enum_value("absolute_week", description="At the end of a week, for all.")
    ABSOLUTE_MONTH = enum_value("absolute_month", description="At the end of a month, for all.")


@strawberry.enum(description="What kind of profile this is.")  # API.md §7.2, `profile_type`
class ProfileType(enum.Enum):
    TEMPORARY = enum_value("temporary", description="Made in passing, not yet a member.")
    DEPENDANT = enum_value("dependant", description="Belongs to another member, such as a child.")
    INCOMPLETE = enum_value("incomplete", description="A member whose details are not complete.")
    PENDING = enum_value("pending", description="Waiting for something before it counts.")
    SYSTEM = enum_value("system", description="Used by a program, not a person.")
    ACTIVE = enum_value("active", description="A member.")
    DELETED = enum_value("deleted", description="A former member.")


@strawberry.enum(description="What the member said of their gender.")  # API.md §7.2; an SDK misspells WITHHELD
class Gender(enum.Enum):
    MALE = enum_value("male", description="Male.")
    FEMALE = enum_value("female", description="Female.")
    WITHHELD = enum_value("withheld", description="Would rather not say.")
    OTHER = enum_value("other", description="Something else.")


@strawberry.enum(description="What happened in a redemption.")  # API.md §7.4, `type`
class RedemptionType(enum.Enum):
    REDEEM = enum_value("redeem", description="Something was spent.")
    RETURN = enum_value("return", description="Something spent was given back.")
    REVERSAL = enum_value("reversal", description="A redemption was undone soon after.")


@strawberry.enum(description="What kind of thing was redeemed.")  # API.md §7.4, `items[].type`
class RedeemedType(enum.Enum):
    REWARD = enum_value("reward", description="Reward money.")
    POINT = enum_value("point", description="Points.")
    BENEFIT = enum_value("benefit", description="A benefit.")
    CREDIT = enum_value("credit", description="Store credit.")


Word = TypeVar("Word", bound=enum.Enum)


def word(kind: type[Word], value: object) -> Word | None:
    """Read one of Omneo's words; None for no word, and for one this version does not know."""
    try:
        return kind(value)
    except ValueError:
        return None


def spelled(word: enum.Enum | None) -> str | None:
    """Spell one of our enums' members as Omneo does; None for none."""
    return None if word is None else str(word.value)
