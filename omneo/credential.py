"""Who Omneo believes to hear: a bearer token, what is made of it once, and whether it was accepted lately."""

from __future__ import annotations

import hashlib
import time

from starlette.datastructures import Secret

USER_AGENT = "omneo-graphql-gateway"

_ACCEPTED_S = 60.0
_KEPT_TOKENS = 10_000


class Credential:
    """A token: the headers of every call under it, never changed, and a hash that tells it from others without showing
    it."""

    __slots__ = ("hash", "headers")

    def __init__(self, token: Secret | str) -> None:
        text = str(token)
        self.headers = {"authorization": f"Bearer {text}", "accept": "application/json", "user-agent": USER_AGENT}
        self.hash = hashlib.sha256(text.encode()).digest()


class Accepted:
    """Remember for a minute which members' tokens Omneo has accepted, by their hashes (ADR 25)."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}

    def note(self, credential: Credential) -> None:
        if len(self._until) >= _KEPT_TOKENS:
            self._until.clear()
        self._until[credential.hash] = time.monotonic() + _ACCEPTED_S

    def holds(self, credential: Credential) -> bool:
        return self._until.get(credential.hash, 0.0) > time.monotonic()
