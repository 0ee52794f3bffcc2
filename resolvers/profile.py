"""Profiles: the member who asks, one by id, one by another name, and the list."""

from datetime import datetime
from zoneinfo import ZoneInfo

import strawberry

import omneo
from context import Info
from resolvers.inputs import (
    After,
    BadInput,
    First,
    ProfileFilter,
    ProfileIdArgument,
    ProfileIdentityInput,
    ProfileLookup,
    WhichProfiles,
)
from resolvers.paging import Connection, place
from resolvers.words import Gender, ProfileType, spelled, word

_UTC = ZoneInfo("UTC")


async def resolve_me(info: Info) -> omneo.Profile | None:
    if not info.context.caller.is_member:
        return None
    return await info.context.loaders.own_profile.load("me")


async def resolve_profile(info: Info, id: ProfileIdArgument) -> omneo.Profile | None:
    return await info.context.loaders.profile_by_id.load(omneo.profile_id(id, field="id"))


async def resolve_find_profile(info: Info, by: ProfileLookup) -> omneo.Profile | None:
    loaders = info.context.loaders
    if by.email:
        return await loaders.profile_by_email.load(_email(by.email))
    if by.identity:
        return await loaders.profile_by_identity.load(_identity(by.identity))
    raise BadInput("Name the profile by its e-mail address or by an identity.")


async def resolve_profiles(
    info: Info, first: First = 20, after: After = None, filter: WhichProfiles = None
) -> Connection[omneo.Profile]:
    wanted = _upstream_filters(filter or ProfileFilter(), info)
    here = place("profiles", first, after, wanted)
    return Connection(await info.context.loaders.profiles.load((here.window, wanted)), here)


def profile_gender(root: strawberry.Parent[omneo.Profile]) -> Gender | None:
    return word(Gender, root.gender)


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
