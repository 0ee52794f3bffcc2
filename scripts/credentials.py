"""Make the credentials `compose.yaml` runs with: random, once, in files only their owner reads."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from pathlib import Path


def make(folder: Path) -> None:
    """Write omneo-token, service-key and keys.json (the key's hash alone) into the folder; what is there stays."""
    if (folder / "keys.json").exists():
        return
    key = secrets.token_urlsafe(32)
    entry = {"name": "compose", "sha256": hashlib.sha256(key.encode()).hexdigest(), "scopes": ["*"]}
    _write(folder / "omneo-token", secrets.token_urlsafe(32))
    _write(folder / "service-key", key)
    # Last, because its presence says that all of them are there.
    _write(folder / "keys.json", json.dumps({"keys": [entry]}))


def _write(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
