"""A definition's input in Omneo's words, and what is wrong with a bad one."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from strawberry import UNSET

import omneo
from resolvers.conditions import check_condition
from resolvers.definition_inputs import CreateBenefitDefinitionInput, UpdateBenefitDefinitionInput
from resolvers.inputs import BadInput, json_object, own_reference

_NOT_OMNEOS = {"id", "idempotency_key"}
_NEVER_NULL = {"name", "handle", "period"}


def upstream_fields(
    input: CreateBenefitDefinitionInput | UpdateBenefitDefinitionInput, zone: ZoneInfo
) -> dict[str, Any]:
    """Collect what was given, as Omneo takes it: moments as wall time in the tenant's zone. Raises `BadInput`."""
    given = {name: value for name, value in vars(input).items() if value is not UNSET and name not in _NOT_OMNEOS}
    for name in sorted(_NEVER_NULL & given.keys()):
        if given[name] is None:
            raise BadInput(f"{name} must not be null.")
    for name, check in _CHECKS.items():
        if given.get(name) is not None:
            given[name] = check(given[name])
    return {name: _upstream(value, zone) for name, value in given.items()}


def as_asked(fields: dict[str, Any]) -> list[Any]:
    """List what makes two requests the same."""
    return [sorted(fields.items())]


def _upstream(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return omneo.to_wall(value, zone)
    return float(value) if isinstance(value, Decimal) else value


def _whole(field: str, least: int) -> Callable[[int], int]:
    def check(value: int) -> int:
        if value < least:
            raise BadInput(f"{field} must be {least} or more.")
        return value

    return check


def _text(value: str) -> str:
    if not value.strip() or len(value) > 255:
        raise BadInput("name must be 1 to 255 characters.")
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _text,
    "handle": lambda value: omneo.handle(value, field="handle"),
    "period": _whole("period", 0),
    "max_redemptions": _whole("maxRedemptions", 0),
    "max_global_redemptions": _whole("maxGlobalRedemptions", 0),
    "external_id": own_reference,
    "tags": lambda values: [omneo.handle(each, field="tags") for each in values],
    "meta": lambda value: json_object(value, field="meta"),
    "claim_condition": lambda value: check_condition(value, field="claimCondition"),
    "view_condition": lambda value: check_condition(value, field="viewCondition"),
}
