"""Definitions: a new one is recognised by its handle, which Omneo keeps unique, a changed one by what it says."""

from typing import Any

import msgspec

import omneo
from telemetry import Trace
from writes.intents import Intent
from writes.outcomes import Kind


def create_definition_kind(upstream: omneo.Upstream) -> Kind[omneo.BenefitDefinition]:
    """Describe the making of a definition whose handle is `intent.target`; `intent.note` is its external id, if the
    caller gave one. A handle that is taken before we send is refused here, so that nobody else's is taken for ours."""

    async def prepare(intent: Intent, trace: Trace) -> str:
        taken = await _by_handle(upstream.as_service(trace), intent.target)
        if taken is not None:
            raise omneo.Refused(status=422, fields={"handle": ["taken"]})
        return intent.note

    async def find(intent: Intent, trace: Trace) -> omneo.BenefitDefinition | None:
        client = upstream.as_service(trace)
        if intent.reference:
            return await _by_id(client, intent.reference)
        found = await _by_handle(client, intent.target)
        # The operation's id is there wherever Omneo keeps a definition's external id (API.md §7.3, blank E).
        is_ours = found is not None and found.external_id in (None, intent.note or intent.external_id)
        return found if is_ours else None

    return Kind(operation="create-definition", find=find, reference=lambda definition: definition.id, prepare=prepare)


def update_definition_kind(upstream: omneo.Upstream) -> Kind[omneo.BenefitDefinition]:
    """Describe a change of the definition `intent.target`; `intent.note` holds the fields sent, as JSON. Sent again it
    says the same, so it may be."""

    async def find(intent: Intent, trace: Trace) -> omneo.BenefitDefinition | None:
        found = await _by_id(upstream.as_service(trace), intent.target)
        if found is None or intent.reference:
            return found
        fields: dict[str, Any] = msgspec.json.decode(intent.note)
        return found if all(getattr(found, name) == value for name, value in fields.items()) else None

    return Kind(operation="update-definition", find=find, reference=lambda definition: definition.id)


async def _by_id(client: omneo.Client, definition_id: str) -> omneo.BenefitDefinition | None:
    try:
        return await omneo.fetch_definition(client, definition_id)
    except omneo.NotFound:
        return None


async def _by_handle(client: omneo.Client, handle: str) -> omneo.BenefitDefinition | None:
    try:
        return await omneo.fetch_definition_by_handle(client, handle)
    except omneo.NotFound:
        return None
