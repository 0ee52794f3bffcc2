"""Who Omneo believes to hear: a bearer token, and what is made of it once."""

from __future__ import annotations

import hashlib

from starlette.datastructures import Secret

USER_AGENT = "omneo-graphql-gateway"


class Credential:
    """A token: the headers of every call under it, never changed, and a hash that tells it from others without showing
    it."""

    __slots__ = ("hash", "headers")

    def __init__(self, token: Secret | str) -> None:
        text = str(token)
        self.headers = {"authorization": f"Bearer {text}", "accept": "application/json", "user-agent": USER_AGENT}
        self.hash = hashlib.sha256(text.encode()).digest()
