"""What may be asked: the arguments and input types of the schema, and what is wrong with a bad one."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import strawberry
from strawberry import UNSET, field

import omneo
from resolvers.words import BenefitType, ProfileType


class BadInput(Exception):
    """Say what is wrong with an argument, in words for the client. Nothing was asked of Omneo."""


class BadCursor(BadInput):
    """Say that `after` is no cursor of this list."""


T = TypeVar("T")
U = TypeVar("U")

_LIST_MAX = 50

First = Annotated[int, strawberry.argument(description="How many items to read, 1 to 100.")]
After = Annotated[
    str | None, strawberry.argument(description="Where to go on: the `endCursor` of the page before. Null to begin.")
]


@strawberry.input(description="A profile's name in another system, such as a loyalty card number.")
class ProfileIdentityInput:
    handle: str = field(description="Which system, such as `loyalty_card`.")
    identifier: str = field(description="The profile's name there.")


@strawberry.input(one_of=True, description="One way to name a profile.")
class ProfileLookupInput:
    email: str | None = field(default=UNSET, description="Its e-mail address, in whatever case.")
    identity: ProfileIdentityInput | None = field(default=UNSET, description="Its name in another system.")


@strawberry.input(one_of=True, description="One way to name a benefit definition.")
class BenefitDefinitionLookupInput:
    id: strawberry.ID | None = field(default=UNSET, description="Its number.")
    handle: str | None = field(default=UNSET, description="Its unique handle.")


@strawberry.input(description="Which profiles to list; what is given must all hold.")
class ProfileFilter:
    email: str | None = field(default=None, description="This e-mail address.")
    profile_type: ProfileType | None = field(default=None, description="This type.")
    tag: str | None = field(default=None, description="Carrying this tag.")
    status: str | None = field(default=None, description="Having this status.")
    joined_after: datetime | None = field(default=None, description="Joined at this moment or later.")
    joined_before: datetime | None = field(default=None, description="Joined before this moment.")
    created_after: datetime | None = field(default=None, description="Created at this moment or later.")
    created_before: datetime | None = field(default=None, description="Created before this moment.")
    updated_after: datetime | None = field(default=None, description="Changed at this moment or later.")
    updated_before: datetime | None = field(default=None, description="Changed before this moment.")


@strawberry.input(description="Which benefits to list; what is given must all hold.")
class BenefitFilter:
    expired: bool | None = field(default=None, description="Whether they have expired.")
    redeemable: bool | None = field(default=None, description="Whether they can be redeemed now.")
    claimed: bool | None = field(default=None, description="Whether a member claimed them, or they were assigned.")
    definition_id: strawberry.ID | None = field(default=None, description="Made from the definition of this id.")
    external_id: str | None = field(default=None, description="Carrying this reference of the retailer.")
    tags: list[str] | None = field(default=None, description="Whose definition carries at least one of these tags.")
    issued_after: datetime | None = field(default=None, description="Issued at this moment or later.")
    issued_before: datetime | None = field(default=None, description="Issued before this moment.")
    expires_after: datetime | None = field(default=None, description="Expiring at this moment or later, or never.")
    expires_before: datetime | None = field(default=None, description="Expiring before this moment.")


@strawberry.input(description="Which benefit definitions to list; what is given must all hold.")
class BenefitDefinitionFilter:
    handles: list[str] | None = field(default=None, description="Having one of these handles.")
    type: BenefitType | None = field(default=None, description="Giving this kind of thing.")
    campaign: str | None = field(default=None, description="Belonging to this campaign.")
    claimable: bool | None = field(default=None, description="Whether members may claim them.")
    assignable: bool | None = field(default=None, description="Whether staff may assign them.")
    published: bool | None = field(default=None, description="Whether members may see them.")
    archived: bool | None = field(default=None, description="Whether they are retired.")


ProfileLookup = Annotated[ProfileLookupInput, strawberry.argument(description="Which profile.")]
DefinitionLookup = Annotated[BenefitDefinitionLookupInput, strawberry.argument(description="Which definition.")]
WhichProfiles = Annotated[ProfileFilter | None, strawberry.argument(description="Which profiles; all when not given.")]
WhichBenefits = Annotated[BenefitFilter | None, strawberry.argument(description="Which benefits; all when not given.")]
WhichDefinitions = Annotated[
    BenefitDefinitionFilter | None, strawberry.argument(description="Which definitions; all when not given.")
]
ProfileIdArgument = Annotated[strawberry.ID, strawberry.argument(description="The profile's UUID.")]
BenefitIdArgument = Annotated[strawberry.ID, strawberry.argument(description="The benefit's number.")]
OperationIdArgument = Annotated[strawberry.ID, strawberry.argument(description="As `BenefitPending` gave it.")]


def idempotency_key(value: str) -> str:
    """Check a key: 1 to 255 visible ASCII characters, none of them a space (ADR 8)."""
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", value):
        raise BadInput("idempotencyKey must be 1 to 255 visible ASCII characters, without spaces.")
    return value


def zone_name(value: str | None, default: ZoneInfo) -> str:
    """Check an IANA zone name; the tenant's zone when none is given."""
    if value is None:
        return default.key
    if value not in _zones():
        raise BadInput("timezone must be an IANA zone name, such as Australia/Melbourne.")
    return value


def json_object(value: object, *, field: str) -> dict[str, Any] | None:
    """Check that a JSON argument is an object: what Omneo stores under `meta` (API.md §12, C-16)."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadInput(f"{field} must be a JSON object.")
    return value


def reference(value: str, *, field: str) -> str:
    """Check a retailer's reference: 1 to 255 printable characters, since it travels in a query value."""
    if not 1 <= len(value) <= 255 or not value.isprintable() or value != value.strip():
        raise BadInput(f"{field} must be 1 to 255 printable characters.")
    return value


def handles(values: list[str], *, field: str) -> tuple[str, ...]:
    """Check a list of handles: 1 to 50 of them, since they travel in one query value. Sorted, each once."""
    if not 1 <= len(values) <= _LIST_MAX:
        raise BadInput(f"{field} must name 1 to {_LIST_MAX}.")
    return tuple(sorted({omneo.handle(value, field=field) for value in values}))


def given(value: T | None, check: Callable[[T], U]) -> U | None:
    """Check what was given. An empty text is something given, and most likely a mistake: it is not passed over."""
    return None if value is None else check(value)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    # The files of a machine also hold names that stand for no place; reading them all is slow, so once.
    return frozenset(available_timezones() - {"Factory", "localtime", "posixrules"})


def own_reference(value: str) -> str:
    """Check a reference the caller gives to something new; those that begin as the gateway's own do are refused, or
    one could be taken for the trace of a write."""
    if value.startswith("gw1-"):
        raise BadInput("externalId must not begin with gw1-, as the gateway's own do.")
    return reference(value, field="externalId")
