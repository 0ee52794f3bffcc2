"""The switches for what Omneo leaves open (§12, "Stand-in switches worth having")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sandbox.problems import invalid

# Filters that are in no published whitelist (§4.2), so that a tenant may ignore them without a word (U-1, U-3).
IN_DOUBT = ("benefits.profile_id", "benefits.id", "definitions.id")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hold the switches. `honour_filters` lists which of `IN_DOUBT` filter; `clock` fixes the time (ISO 8601)."""

    honour_filters: tuple[str, ...] = ()
    page_size: int = 15
    page_max: int = 100
    embedded_definition: str = "subset"  # or "full": with the fields only the definition routes promise (U-9)
    clock: str | None = None
    aliases: bool = True  # the other spellings of C-1 and C-2
    webhook_signing: bool = True
    webhook_secret: str = "sandbox-webhook-secret"  # noqa: S105 — a stand-in's, published on purpose
    webhook_namespaces: bool = True  # no delivery of what a token of the same namespace caused (§11)
    token_lifetime_s: int = 900

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """Apply changes. Raises a 422 that names what is wrong."""
        known = {field.name for field in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise invalid(
                {name: [f"There is no such setting; there are {', '.join(sorted(known))}."] for name in unknown}
            )
        settings = replace(self, **{name: _read(name, value) for name, value in changes.items()})
        settings._check()
        return settings

    def as_json(self) -> dict[str, Any]:
        """Write the settings as they are set."""
        return {**asdict(self), "honour_filters": list(self.honour_filters)}

    def _check(self) -> None:
        wrong: dict[str, list[str]] = {}
        if set(self.honour_filters) - set(IN_DOUBT):
            wrong["honour_filters"] = [f"A list of some of {', '.join(IN_DOUBT)}."]
        for name in ("page_size", "page_max", "token_lifetime_s"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                wrong[name] = ["A whole number from 1."]
        if self.embedded_definition not in ("subset", "full"):
            wrong["embedded_definition"] = ["subset or full."]
        if self.clock is not None and _moment(self.clock) is None:
            wrong["clock"] = ["A moment in ISO 8601 with an offset, or null."]
        for name in ("aliases", "webhook_signing", "webhook_namespaces"):
            if not isinstance(getattr(self, name), bool):
                wrong[name] = ["true or false."]
        if wrong:
            raise invalid(wrong)


def _read(name: str, value: Any) -> Any:
    """Take `{"benefits.profile_id": true}` for a list of filters too."""
    if name != "honour_filters":
        return value
    if isinstance(value, Mapping):
        return tuple(each for each, is_honoured in value.items() if is_honoured)
    return tuple(value) if isinstance(value, list | tuple) else (str(value),)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
