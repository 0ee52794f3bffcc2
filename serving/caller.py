"""Who is calling: from an Authorization header to a Caller (ADR 11), or 401. Nothing unverified decides anything."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import orjson
from starlette.datastructures import Secret

from context import Caller
from serving.asgi import HttpRefusal

_BEARER = re.compile(rb"bearer +([\x21-\x7e]{1,8192}) *", re.IGNORECASE)
_CHALLENGE = (b"www-authenticate", b'Bearer realm="omneo-gateway"')
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """Describe one API key of a service; `expires` in seconds since 1970, None for never."""

    name: str
    scopes: frozenset[str]
    expires: float | None = None


class KeysUnavailable(Exception):
    """Say that no token can be verified now, because the issuer's keys have never been read."""


class JwtVerifier(Protocol):
    """Verify the company's own tokens: signature, audience and expiry, against the issuer's published keys."""

    issuer: str

    async def verify(self, token: str) -> Caller | None:
        """Return the service a token speaks for, None when it does not hold. Raises `KeysUnavailable`."""
        ...


class Callers:
    """Tell callers apart by their bearer token. `keys` are API keys by the SHA-256 of the key, hexadecimal."""

    def __init__(self, keys: Mapping[str, ServiceKey], jwt: JwtVerifier | None = None) -> None:
        self._keys = keys
        self._jwt = jwt

    def known(self, authorization: bytes | None) -> tuple[Caller | str, float | None]:
        """Return who sends this header, or their token where its issuer's keys have to be asked (`verified`); and until
        when that holds, in seconds since 1970, None for always.

        Raises HttpRefusal 401 with what a client needs to know, and no more.
        """
        if authorization is None:
            raise _unauthenticated("A credential is needed: send Authorization: Bearer <token>.")
        match = _BEARER.fullmatch(authorization)
        if match is None:
            raise _unauthenticated("The Authorization header must read: Bearer <token>.", invalid=True)
        key = self._keys.get(hashlib.sha256(match[1]).hexdigest())
        if key is not None:
            return _service(key), key.expires
        token = match[1].decode("ascii")
        if not _JWT.fullmatch(token):
            raise _unauthenticated("The token is not known.", invalid=True)
        if self._jwt is not None and _issuer(token) == self._jwt.issuer:
            return token, None
        # Omneo is the judge of its own tokens: this one goes upstream as it is, with every call.
        return Caller("member", "member", token=Secret(token)), None

    async def verified(self, token: str) -> Caller:
        """Return the service that one of the company's own tokens speaks for. Raises HttpRefusal 401."""
        try:
            caller = None if self._jwt is None else await self._jwt.verify(token)
        except KeysUnavailable:
            message = "The token cannot be verified, because its issuer's keys cannot be read. Try again in a moment."
            raise HttpRefusal("UNAUTHENTICATED", message, [_CHALLENGE], retryable=True) from None
        if caller is None:
            raise _unauthenticated("The token is not valid.", invalid=True)
        return caller


def _service(key: ServiceKey) -> Caller:
    if key.expires is not None and key.expires <= time.time():
        raise _unauthenticated("The key has expired.", invalid=True)
    return _speaks_for(key.name, key.scopes)


@lru_cache(maxsize=1024)
def _speaks_for(name: str, scopes: frozenset[str]) -> Caller:
    return Caller("service", name, scopes)


def _issuer(token: str) -> object:
    """Read which issuer a token claims; it only decides who gets to verify it."""
    part = token.split(".")[1]
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return claims.get("iss") if isinstance(claims, dict) else None


def _unauthenticated(message: str, *, invalid: bool = False) -> HttpRefusal:
    name, challenge = _CHALLENGE
    return HttpRefusal("UNAUTHENTICATED", message, [(name, challenge + b', error="invalid_token"' * invalid)])
