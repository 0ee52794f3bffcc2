"""Times as clients read them: Omneo's wall clock with its offset, or UTC for the two audit stamps."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import strawberry

import omneo
from context import Info
from resolvers.marks import reads


def benefit_time(attribute: str) -> Callable[..., datetime | None]:
    """Make the resolver of a benefit's time: wall time in the benefit's own zone, else in the tenant's (ADR 3)."""

    def writes(info: Info) -> Mapping[Any, str | None]:
        return omneo.zoned_texts(info.context.zone)

    @reads(attribute, "timezone", writes=writes)
    def resolve(root: strawberry.Parent[Any], info: Info) -> datetime | None:
        return omneo.wall_time(getattr(root, attribute), root.timezone, info.context.zone)

    return resolve


def tenant_time(attribute: str) -> Callable[..., datetime | None]:
    """Make the resolver of a time whose record names no zone: wall time in the tenant's."""

    def writes(info: Info) -> Mapping[Any, str | None]:
        return omneo.local_texts(info.context.zone)

    @reads(attribute, writes=writes)
    def resolve(root: strawberry.Parent[Any], info: Info) -> datetime | None:
        return omneo.wall_time(getattr(root, attribute), None, info.context.zone)

    return resolve


def utc_time(attribute: str) -> Callable[..., datetime | None]:
    """Make the resolver of an audit stamp, which Omneo keeps in UTC (API.md §7)."""

    def writes(_info: Info) -> Mapping[Any, str | None]:
        return omneo.utc_texts

    @reads(attribute, writes=writes)
    def resolve(root: strawberry.Parent[Any]) -> datetime | None:
        return omneo.utc_time(getattr(root, attribute))

    return resolve


def calendar_day(attribute: str) -> Callable[..., date | None]:
    """Make the resolver of a date without a time."""

    @reads(attribute)
    def resolve(root: strawberry.Parent[Any]) -> date | None:
        return omneo.calendar_date(getattr(root, attribute))

    return resolve
