"""The file of service keys: names, SHA-256 of each key, scopes, expiry; JSON or TOML, read once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from resolvers.access import ALL_SCOPES
from serving.caller import ServiceKey

_FIELDS = {"name", "sha256", "scopes", "expires"}


class KeysFileError(ValueError):
    """Say what is wrong with the file, without quoting from it more than a key's name."""


def read_keys(path: Path) -> dict[str, ServiceKey]:
    """Return the service keys of a file by their SHA-256.

    The file holds `keys`: a list of {name, sha256, scopes, expires?}; `expires` is an ISO 8601 moment, UTC where it has
    no offset. Raises KeysFileError naming the entry that is wrong.
    """
    try:
        text = path.read_text("utf-8")
        content: Any = tomllib.loads(text) if path.suffix == ".toml" else orjson.loads(text)
    except (OSError, ValueError):
        raise KeysFileError("readable JSON, or TOML in a file named .toml, is wanted") from None
    entries = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise KeysFileError("a list named keys is wanted")
    keys: dict[str, ServiceKey] = {}
    for position, entry in enumerate(entries, start=1):
        digest, key = _entry(entry, f"entry {position}")
        if digest in keys or any(other.name == key.name for other in keys.values()):
            raise KeysFileError(f"entry {position} repeats a name or a key")
        keys[digest] = key
    return keys


def development_key(key: str) -> dict[str, ServiceKey]:
    """Return the one published key of development, with all scopes."""
    return {hashlib.sha256(key.encode()).hexdigest(): ServiceKey("development", frozenset({ALL_SCOPES}))}


def _entry(entry: Any, where: str) -> tuple[str, ServiceKey]:
    if not isinstance(entry, dict):
        raise KeysFileError(f"{where} is not a table")
    if not entry.keys() <= _FIELDS:  # a misspelt expires would be a key that never lapses
        raise KeysFileError(f"{where} has more than {', '.join(sorted(_FIELDS))}")
    name, digest, scopes = entry.get("name"), entry.get("sha256"), entry.get("scopes")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name, re.ASCII):
        raise KeysFileError(f"{where} needs a name of letters, digits, dots, hyphens")
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", digest, re.ASCII):
        raise KeysFileError(f"{where} needs sha256, 64 hexadecimal digits")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) and scope for scope in scopes):
        raise KeysFileError(f"{where} needs scopes, a list of words")
    return digest.lower(), ServiceKey(name, frozenset(scopes), _expiry(entry.get("expires"), where))


def _expiry(value: Any, where: str) -> float | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))  # TOML has dates
    except (TypeError, ValueError):
        raise KeysFileError(f"{where} has expires that is no ISO 8601 moment") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
