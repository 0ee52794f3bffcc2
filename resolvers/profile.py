"""Profiles: the member who asks, one by id, one by another name, and the list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import strawberry

import omneo
from context import Info
from loaders.batching import Load
from loaders.listing import Listing
from resolvers.inputs import (
    After,
    BadInput,
    First,
    ProfileFilter,
    ProfileIdArgument,
    ProfileIdentityInput,
    ProfileLookup,
    ProfileLookupInput,
    WhichProfiles,
)
from resolvers.marks import loads, reads
from resolvers.paging import connection, place
from resolvers.words import Gender, ProfileType, spelled, word

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class ForeseenProfile:
    """Stand for a profile of which only the id is known yet."""

    id: str


def _own_foreseen(info: Info) -> ForeseenProfile | None:
    return ForeseenProfile(omneo.ME) if info.context.caller.is_member else None


def _foreseen(info: Info, id: ProfileIdArgument) -> ForeseenProfile:
    return ForeseenProfile(omneo.profile_id(id, field="id"))


@loads("own_profile", spares=("profile_by_id",), foresees=_own_foreseen, foreseen=("id",))
def resolve_me(info: Info) -> Load[str, omneo.Profile | None] | None:
    return Load(info.context.loaders.own_profile, omneo.ME) if info.context.caller.is_member else None


@loads("profile_by_id", foresees=_foreseen, foreseen=("id",))
def resolve_profile(info: Info, id: ProfileIdArgument) -> Load[str, omneo.Profile | None]:
    return Load(info.context.loaders.profile_by_id, omneo.profile_id(id, field="id"))


def _finder(by: ProfileLookupInput) -> str:
    return "profile_by_email" if by.email else "profile_by_identity"


@loads("profile_by_email", chooses=_finder)
def resolve_find_profile(info: Info, by: ProfileLookup) -> Load[Any, omneo.Profile | None]:
    loaders = info.context.loaders
    if by.email:
        return Load(loaders.profile_by_email, _email(by.email))
    if by.identity:
        return Load(loaders.profile_by_identity, _identity(by.identity))
    raise BadInput("Name the profile by its e-mail address or by an identity.")


@loads("profiles", is_paged=True)
def resolve_profiles(
    info: Info, first: First = 20, after: After = None, filter: WhichProfiles = None
) -> Load[Any, Listing[omneo.Profile]]:
    wanted = _upstream_filters(filter or ProfileFilter(), info)
    here = place("profiles", first, after, wanted)
    return Load(info.context.loaders.profiles, (here.window, wanted), connection(here))


@reads("gender")
def profile_gender(root: strawberry.Parent[omneo.Profile]) -> Gender | None:
    return word(Gender, root.gender)


@reads("profile_type")
def profile_type(root: strawberry.Parent[omneo.Profile]) -> ProfileType | None:
    return word(ProfileType, root.profile_type)


def _email(value: str) -> str:
    """Take an e-mail address as it is searched for: trimmed, in lower case. It travels as an encoded query value."""
    email = value.strip().lower()
    if not 3 <= len(email) <= 254 or "@" not in email or not email.isprintable():
        raise BadInput("email must be an e-mail address.")
    return email


def _identity(identity: ProfileIdentityInput) -> tuple[str, str]:
    handle = omneo.handle(identity.handle, field="handle")
    identifier = identity.identifier.strip()
    if not 1 <= len(identifier) <= 255 or not identifier.isprintable():
        raise BadInput("identifier must be 1 to 255 printable characters.")
    return handle, identifier


def _upstream_filters(wanted: ProfileFilter, info: Info) -> omneo.Filters:
    return omneo.Filters.of(
        email=None if wanted.email is None else _email(wanted.email),
        profile_type=spelled(wanted.profile_type),
        tags__handle=_handle(wanted.tag, "tag"),
        statuses__handle=_handle(wanted.status, "status"),
        joined_at__gte=_written(wanted.joined_after, info.context.zone),
        joined_at__lt=_written(wanted.joined_before, info.context.zone),
        created_at__gte=_written(wanted.created_after, _UTC),
        created_at__lt=_written(wanted.created_before, _UTC),
        updated_at__gte=_written(wanted.updated_after, _UTC),
        updated_at__lt=_written(wanted.updated_before, _UTC),
    )


def _handle(value: str | None, field: str) -> str | None:
    return None if value is None else omneo.handle(value, field=field)


def _written(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else omneo.to_wall(moment, zone)
