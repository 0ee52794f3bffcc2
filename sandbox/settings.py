"""The switches for what Omneo leaves open (§12, "Stand-in switches worth having")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sandbox import fields as f
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
    aliases: bool = True  # the other spellings of C-1, C-2 and C-12
    webhook_signing: bool = True
    webhook_secret: str = "sandbox-webhook-secret"  # noqa: S105 — a stand-in's, published on purpose
    webhook_namespaces: bool = True  # no delivery of what a token of the same namespace caused (§11)
    webhook_retry_ms: int = 200  # from a failed delivery to the next attempt; Omneo publishes no schedule
    token_namespace: str | None = None  # the namespace of the server token
    token_lifetime_s: int = 900
    batch_delay_ms: int = 50  # from the answer to a batch until its items land

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """Apply changes. Raises a 422 that names what is wrong."""
        unknown = sorted(str(name) for name in changes.keys() - _RULES.keys())
        if unknown:
            raise invalid({name: [f"There is no such setting; there are {', '.join(_RULES)}."] for name in unknown})
        return replace(self, **f.taken(changes, _RULES))

    def as_json(self) -> dict[str, Any]:
        """Write the settings as they are set."""
        return {**asdict(self), "honour_filters": list(self.honour_filters)}


def _filters(value: Any) -> tuple[str, ...]:
    """Take a list of filters, one of them, or `{"benefits.profile_id": true}`."""
    if isinstance(value, Mapping):
        value = [each for each, is_honoured in value.items() if is_honoured]
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    if any(name not in IN_DOUBT for name in names):
        raise ValueError(f"a list of some of {', '.join(IN_DOUBT)}")
    return names


def _clock(value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 <= moment.year < 9999:
        raise ValueError("a moment in ISO 8601 with an offset")
    return str(value)


_RULES: dict[str, f.Rule] = {
    "honour_filters": _filters,
    "page_size": f.whole(1, 10_000),
    "page_max": f.whole(1, 10_000),
    "embedded_definition": f.one_of("subset", "full"),
    "clock": f.maybe(_clock),
    "aliases": f.flag,
    "webhook_signing": f.flag,
    "webhook_secret": f.text,
    "webhook_namespaces": f.flag,
    "webhook_retry_ms": f.whole(0, 600_000),
    "token_namespace": f.maybe(f.text),
    "token_lifetime_s": f.whole(1, 10**9),
    "batch_delay_ms": f.whole(0, 600_000),
}
