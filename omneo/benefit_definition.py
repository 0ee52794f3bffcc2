"""Benefit definitions: the record, as it stands alone and inside a benefit, and its routes (API.md §7.3)."""

from typing import Any

from msgspec import UNSET, UnsetType

from omneo.client import Client
from omneo.errors import Invalid, Landed
from omneo.filters import Filters
from omneo.paging import Page, Window, read_window
from omneo.record import IdText, Json, Many, Record, mend


class Region(Record, frozen=True, kw_only=True):
    """A region of the tenant."""

    id: int
    name: str | None = None
    handle: str | None = None


class EmbeddedBenefitDefinition(Record, frozen=True, kw_only=True):
    """A definition as it comes inside a benefit: the fields of column E, and the others where Omneo sends them.

    UNSET means that this copy does not say; None that Omneo says there is none (API.md §12, U-9).
    """

    id: IdText
    name: str
    handle: str
    region_id: int | None = None
    region: Region | None = None
    currency: str | None = None
    period: int | None = None  # Omneo says it always has one; no answer to a write is given up for it
    description: str | None = None
    internal_notes: str | None = None
    short_description: str | None = None
    long_description: str | None = None
    terms_conditions: str | None = None
    earn_instructions: str | None = None
    redeem_instructions_store: str | None = None
    redeem_instructions_online: str | None = None
    redeem_code_pos: str | None = None
    redeem_code_online: str | None = None
    icon: str | None = None
    image_url: str | None = None
    meta: Json = None
    max_redemptions: int | None = None
    max_global_redemptions: int | None = None
    is_extendable: bool | None = None
    is_assignable: bool | None = None
    is_reassignable: bool | None = None
    is_published: bool | None = None
    is_archived: bool | None = None
    is_claimable: bool | None = None
    is_reclaimable: bool | None = None
    claim_period_start_at: str | None = None
    claim_period_end_at: str | None = None
    claim_timeframe: Json = None
    claim_condition: Json = None
    view_condition: Json = None
    allow_user_redeem: bool | None = None
    end_at: str | None = None
    total_allocations: int | None = None
    total_allocations_remaining: int | None = None
    force_allocation: bool | None = None
    same_campaign_count: int | None = None
    tags: Many[str] = []
    notify_schedule_offset: int | None = None
    notify_issue_offset_days: int | None = None
    notify_issue_offset_hour: int | None = None
    notify_remind_offset_days: int | None = None
    notify_remind_offset_hour: int | None = None
    notify_extend_offset_days: int | None = None
    notify_extend_offset_hour: int | None = None
    issue_target_id: int | str | None = None
    remind_target_id: int | str | None = None
    extend_target_id: int | str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    period_type: str | UnsetType | None = UNSET
    absolute_expiry: str | UnsetType | None = UNSET
    total_global_redemptions: int | UnsetType | None = UNSET
    total_global_redemptions_remaining: int | UnsetType | None = UNSET
    total_global_created: int | UnsetType | None = UNSET
    visibility_condition: Json = UNSET
    type: str | UnsetType | None = UNSET
    value: float | UnsetType | None = UNSET
    campaign: str | UnsetType | None = UNSET
    external_id: str | UnsetType | None = UNSET

    texts = ("id",)
    objects = ("meta",)
    lists = ("tags",)

    def __post_init__(self) -> None:
        mend(self)


class BenefitDefinition(EmbeddedBenefitDefinition, frozen=True, kw_only=True):
    """A definition as its own routes tell it: what it does not say, there is none of."""

    period_type: str | None = None
    absolute_expiry: str | None = None
    total_global_redemptions: int | None = None
    total_global_redemptions_remaining: int | None = None
    total_global_created: int | None = None
    visibility_condition: Json = None
    type: str | None = None
    value: float | None = None
    campaign: str | None = None
    external_id: str | None = None


async def fetch_definition(client: Client, definition_id: str) -> BenefitDefinition:
    """Read one definition by id. Raises `NotFound`."""
    return await client.get("/benefits/definitions/{definition}", BenefitDefinition, definition=definition_id)


async def fetch_definition_by_handle(client: Client, handle: str) -> BenefitDefinition:
    """Read one definition by handle. Raises `NotFound`."""
    return await client.get("/benefits/definitions/handle/{handle}", BenefitDefinition, handle=handle)


async def list_definitions(client: Client, window: Window, filters: Filters) -> Page[BenefitDefinition]:
    """Read a window of the tenant's definitions, oldest first."""
    return await read_window(client, "/benefits/definitions", BenefitDefinition, window, filters)


async def create_definition(client: Client, fields: dict[str, Any]) -> BenefitDefinition:
    """Create a definition; `name`, `handle` and `period` are needed. Raises `Refused`."""
    made = await client.post("/benefits/definitions", fields, BenefitDefinition)
    if made.handle != fields["handle"]:
        raise Invalid(landed=Landed.UNKNOWN, detail="another write's answer")
    return made


async def update_definition(client: Client, definition_id: str, fields: dict[str, Any]) -> BenefitDefinition:
    """Change the given fields of a definition, and no others. Raises `NotFound`, `Refused`."""
    changed = await client.put(
        "/benefits/definitions/{definition}", fields, BenefitDefinition, definition=definition_id
    )
    if changed.id != definition_id:
        raise Invalid(landed=Landed.UNKNOWN, detail="another write's answer")
    return changed
