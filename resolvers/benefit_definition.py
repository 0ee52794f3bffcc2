"""Definitions: looked up in the catalogue, and shown to members as far as the retailer published them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import strawberry

import omneo
from context import Info
from loaders.batching import BatchLoader, Load
from loaders.listing import Listing
from resolvers.inputs import (
    After,
    BadInput,
    BenefitDefinitionFilter,
    BenefitDefinitionLookupInput,
    DefinitionLookup,
    First,
    WhichDefinitions,
    given,
    handles,
    reference,
)
from resolvers.marks import loads, reads
from resolvers.paging import Connection, place
from resolvers.words import Word, spelled, word

AnyDefinition = omneo.BenefitDefinition | omneo.EmbeddedBenefitDefinition


def _looker(by: BenefitDefinitionLookupInput) -> str:
    return "definition_by_id" if by.id else "definition_by_handle"


@loads("definition_by_id", chooses=_looker, spares=("definition_by_id",))
def resolve_benefit_definition(info: Info, by: DefinitionLookup) -> Load[str, omneo.BenefitDefinition | None]:
    def shown(definition: omneo.BenefitDefinition | None) -> omneo.BenefitDefinition | None:
        return definition if definition is not None and may_see(info, definition) else None

    loader, key = _definition(info, by)
    return Load(loader, key, shown)


@loads("definitions", is_paged=True, spares=("definition_by_id",))
def resolve_benefit_definitions(
    info: Info, first: First = 20, after: After = None, filter: WhichDefinitions = None
) -> Load[Any, Listing[omneo.BenefitDefinition]]:
    wanted = _upstream_filters(filter or BenefitDefinitionFilter(), members_only=info.context.caller.is_member)
    here = place("benefitDefinitions", first, after, wanted)

    def page(listing: Listing[omneo.BenefitDefinition]) -> Connection[omneo.BenefitDefinition]:
        return Connection(listing.without(lambda definition: not may_see(info, definition)), here)

    return Load(info.context.loaders.definitions, (here.window, wanted), page)


async def find_definition(info: Info, by: BenefitDefinitionLookupInput) -> omneo.BenefitDefinition | None:
    """Look a definition up by id or handle for a write, which needs what the retailer set in it, not its counters;
    None when Omneo knows none."""
    catalogue, server = info.context.catalogue, info.context.server
    loader, key = _definition(info, by)
    is_by_id = loader is info.context.loaders.definition_by_id
    try:
        return await (catalogue.settings_by_id if is_by_id else catalogue.settings_by_handle)(server, key)
    except omneo.NotFound:
        return None


def may_see(info: Info, definition: omneo.BenefitDefinition) -> bool:
    """Tell whether this caller may see a definition: members see published ones that are not archived (ADR 11)."""
    return not info.context.caller.is_member or (definition.is_published is True and not definition.is_archived)


def loaded_field(attribute: str, read: Callable[[Any], Any] | None = None) -> Callable[..., Any]:
    """Make the resolver of a field that the copy inside a benefit may lack: only then is the definition loaded
    (ADR 4; API.md §7.3, column E)."""

    def of(definition: AnyDefinition | None) -> Any:
        value = None if definition is None else getattr(definition, attribute)
        return value if read is None else read(value)

    @loads("definition_by_id", "id", attribute)
    def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        if getattr(root, attribute) is not msgspec.UNSET:
            return of(root)
        return Load(info.context.loaders.definition_by_id, root.id, of)

    return resolve


def loaded_word(attribute: str, kind: type[Word]) -> Callable[..., Any]:
    """Make the resolver of such a field that holds one of Omneo's words."""
    return loaded_field(attribute, partial(word, kind))


@reads("period")
def resolve_period(root: strawberry.Parent[Any]) -> int:
    if root.period is None:
        raise omneo.Invalid(detail="a definition without a period")
    period: int = root.period
    return period


def _definition(
    info: Info, by: BenefitDefinitionLookupInput
) -> tuple[BatchLoader[str, omneo.BenefitDefinition | None], str]:
    loaders = info.context.loaders
    if by.id:
        return loaders.definition_by_id, omneo.definition_id(by.id, field="id")
    if by.handle:
        return loaders.definition_by_handle, omneo.handle(by.handle, field="handle")
    raise BadInput("Name the definition by its id or its handle.")


def _upstream_filters(wanted: BenefitDefinitionFilter, *, members_only: bool) -> omneo.Filters:
    if members_only and (wanted.published is False or wanted.archived is True):
        raise BadInput("Members are shown published definitions that are not archived, and no others.")
    published = True if members_only else wanted.published
    archived = False if members_only else wanted.archived
    return omneo.Filters.of(
        handle__in=given(wanted.handles, partial(handles, field="handles")),
        type=spelled(wanted.type),
        campaign=given(wanted.campaign, partial(reference, field="campaign")),
        is_claimable=wanted.claimable,
        is_assignable=wanted.assignable,
        is_published=published,
        is_archived=archived,
    )
