"""The company's own tokens: verified against the keys its issuer publishes, and never sent anywhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import orjson

import telemetry
from context import Caller
from serving.caller import KeysUnavailable

# Signatures by a key pair alone: with a shared secret among them, the public key itself could sign.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_KEPT_S = 600.0
_FLOOR_S = 30.0  # a token that names an unknown key makes us ask again, but not more often than this
_RETRY_S = 1.0  # as long as there are no keys at all, because the issuer was not there
_LEEWAY_S = 30.0
_NAME_CLAIMS = ("client_id", "azp", "sub")
_SCOPE_CLAIMS = ("scope", "scp", "scopes")


class JwksVerifier:
    """Verify tokens of one issuer for one audience. `fetch_keys` reads the issuer's JWKS document."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        fetch_keys: Callable[[], Awaitable[bytes]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._audience = audience
        self._fetch_keys = fetch_keys
        self._clock = clock
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._asked: float | None = None
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> Caller | None:
        """Return the service a token speaks for, with the scopes of its claim; None when it does not hold.

        Raises `KeysUnavailable`.
        """
        try:
            key = await self._key(jwt.get_unverified_header(token))
            if key is None or key.algorithm_name not in _ALGORITHMS:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError:
            return None
        return _caller(claims)

    async def _key(self, header: dict[str, Any]) -> jwt.PyJWK | None:
        kid = header.get("kid")
        async with self._lock:
            if self._is_due(is_known=kid in self._keys):
                await self._refresh()
        if not self._keys:
            raise KeysUnavailable
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _is_due(self, *, is_known: bool) -> bool:
        if self._asked is None:
            return True
        patience_s = _KEPT_S if is_known else _FLOOR_S if self._keys else _RETRY_S
        return self._clock() - self._asked > patience_s

    async def _refresh(self) -> None:
        self._asked = self._clock()
        try:
            document = orjson.loads(await self._fetch_keys())
            self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(document).keys}
        except (OSError, ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            # The keys we have stay good; whoever needs another one is refused until it can be read.
            telemetry.log("jwks.unreadable", level="warning", error=type(error).__name__)


def _caller(claims: dict[str, Any]) -> Caller | None:
    name = next((claims[claim] for claim in _NAME_CLAIMS if isinstance(claims.get(claim), str)), None)
    if not name:
        return None
    scopes = next((claims[claim] for claim in _SCOPE_CLAIMS if claim in claims), "")
    words = scopes.split() if isinstance(scopes, str) else scopes
    if not isinstance(words, list):
        return None
    # The colon keeps it apart from the names in the file of keys, which have none.
    return Caller("service", f"jwt:{name}", frozenset(word for word in words if isinstance(word, str)))
