"""What makes two requests the same request: the id every replica derives alike, and the fingerprint of an input."""

import hashlib
import json
import re
from typing import Any

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def external_id(tenant: str, caller: str, operation: str, key: str) -> str:
    """Derive the `external_id` of a write: 44 characters, the same on every replica and after every restart.

    `caller` is who asks, `service:<name>` or `member:<profile id>`, never the credential, because a retry after a
    renewed token must find the same benefit (ADR 8). `key` is the client's `idempotencyKey`; the resolvers have
    checked it, so another shape is a `ValueError`.
    """
    if not _KEY.fullmatch(key):
        raise ValueError("an idempotency key is 1 to 255 visible ASCII characters")
    return "gw1-" + _digest([tenant, caller, operation, key])


def fingerprint(canonical: Any) -> str:
    """Hash an input, so that one key used with another input is found out. Takes what JSON can say, in any order."""
    return _digest(canonical)


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:40]
