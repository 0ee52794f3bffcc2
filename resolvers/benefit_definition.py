"""Definitions: looked up in the catalogue, and shown to members as far as the retailer published them."""

import enum
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import strawberry

import omneo
from context import Info
from resolvers.inputs import (
    After,
    BadInput,
    BenefitDefinitionFilter,
    BenefitDefinitionLookupInput,
    DefinitionLookup,
    First,
    WhichDefinitions,
)
from resolvers.paging import Connection, place
from resolvers.words import Word, spelled, word

AnyDefinition = omneo.BenefitDefinition | omneo.EmbeddedBenefitDefinition


async def resolve_benefit_definition(info: Info, by: DefinitionLookup) -> omneo.BenefitDefinition | None:
    definition = await find_definition(info, by)
    return definition if definition is not None and may_see(info, definition) else None


async def resolve_benefit_definitions(
    info: Info, first: First = 20, after: After = None, filter: WhichDefinitions = None
) -> Connection[omneo.BenefitDefinition]:
    wanted = _upstream_filters(filter or BenefitDefinitionFilter(), members_only=info.context.caller.is_member)
    here = place("benefitDefinitions", first, after, wanted)
    listing = await info.context.loaders.definitions.load((here.window, wanted))
    return Connection(listing.without(lambda definition: not may_see(info, definition)), here)


async def find_definition(info: Info, by: BenefitDefinitionLookupInput) -> omneo.BenefitDefinition | None:
    """Look a definition up by id or handle through the catalogue; None when Omneo knows none."""
    loaders = info.context.loaders
    if by.id:
        return await loaders.definition_by_id.load(omneo.definition_id(by.id, field="id"))
    if by.handle:
        return await loaders.definition_by_handle.load(omneo.handle(by.handle, field="handle"))
    raise BadInput("Name the definition by its id or its handle.")


def may_see(info: Info, definition: omneo.BenefitDefinition) -> bool:
    """Tell whether this caller may see a definition: members see published ones that are not archived (DESIGN §1)."""
    return not info.context.caller.is_member or (definition.is_published is True and not definition.is_archived)


def loaded_field(attribute: str) -> Callable[..., Awaitable[Any]]:
    """Make the resolver of a field that the copy inside a benefit may lack: only then is the definition loaded
    (DESIGN D4; API.md §7.3, column E)."""

    async def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        return await _loaded(root, info, attribute)

    return resolve


def loaded_word(attribute: str, kind: type[Word]) -> Callable[..., Awaitable[enum.Enum | None]]:
    """Make the resolver of such a field that holds one of Omneo's words."""

    async def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        return word(kind, await _loaded(root, info, attribute))

    return resolve


async def _loaded(root: AnyDefinition, info: Info, attribute: str) -> Any:
    value = getattr(root, attribute)
    if value is not msgspec.UNSET:
        return value
    whole = await info.context.loaders.definition_by_id.load(root.id)
    return None if whole is None else getattr(whole, attribute)


def _upstream_filters(wanted: BenefitDefinitionFilter, *, members_only: bool) -> omneo.Filters:
    published = True if members_only else wanted.published
    archived = False if members_only else wanted.archived
    return omneo.Filters.of(
        handle__in=None if wanted.handles is None else [omneo.handle(each, field="handles") for each in wanted.handles],
        type=spelled(wanted.type),
        campaign=wanted.campaign,
        is_claimable=wanted.claimable,
        is_assignable=wanted.assignable,
        is_published=published,
        is_archived=archived,
    )
