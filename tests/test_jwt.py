"""The company's own tokens: what holds, what does not, and how often its issuer is asked for keys."""

import json
import time
import uuid
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from http_support import DEVELOPMENT

from config import Settings
from gateway import create_app
from serving.caller import KeysUnavailable
from serving.jwt import JwksVerifier

ISSUER, AUDIENCE = "https://login.company.example", "omneo-gateway"
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


class Issuer:
    """Publish keys, and count how often they are asked for."""

    def __init__(self) -> None:
        self.keys = [published(KEY, "first")]
        self.asked = 0
        self.is_down = False
        self.now = 1000.0

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.is_down:
            raise OSError
        return json.dumps({"keys": self.keys}).encode()


def published(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "alg": "ES256", "use": "sig"}


def token(key: Any = KEY, kid: str = "first", algorithm: str = "ES256", **changes: Any) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 60, "client_id": "crm", "scope": "read-profiles"}
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def verifier(issuer: Issuer) -> JwksVerifier:
    return JwksVerifier(ISSUER, AUDIENCE, issuer.fetch, clock=lambda: issuer.now)


async def test_token_that_holds_names_a_service_with_its_scopes(verifier: JwksVerifier) -> None:
    caller = await verifier.verify(token())
    assert caller is not None
    assert (caller.kind, caller.name, caller.token) == ("service", "jwt:crm", None)
    assert caller.scopes == {"read-profiles"}
    listed = await verifier.verify(token(scope=None, scp=["read-benefits", "redeem-benefits"]))
    assert listed is not None
    assert listed.scopes == {"read-benefits", "redeem-benefits"}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://login.company.example.evil.example"},
        {"client_id": None},
        {"scope": 7},
        {"key": OTHER_KEY},
        {"kid": "unknown"},
        {"key": "public-keys-are-no-secrets-at-all-", "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
    ],
)
async def test_token_that_does_not_hold_is_nobody(verifier: JwksVerifier, changes: dict[str, Any]) -> None:
    assert await verifier.verify(token(**changes)) is None


async def test_unknown_key_is_asked_for_but_not_often(issuer: Issuer, verifier: JwksVerifier) -> None:
    """A flood of tokens that name keys nobody has does not become a flood at the issuer; a new key is found soon."""
    assert await verifier.verify(token()) is not None
    issuer.keys.append(published(OTHER_KEY, "second"))
    for _ in range(5):
        assert await verifier.verify(token(OTHER_KEY, "second")) is None
    assert issuer.asked == 1
    issuer.now += 31
    assert await verifier.verify(token(OTHER_KEY, "second")) is not None
    assert issuer.asked == 2


async def test_withdrawn_key_is_forgotten(issuer: Issuer, verifier: JwksVerifier) -> None:
    assert await verifier.verify(token()) is not None
    issuer.keys = [published(OTHER_KEY, "second")]
    issuer.now += 601
    assert await verifier.verify(token()) is None


async def test_keys_outlive_an_issuer_that_is_down(issuer: Issuer, verifier: JwksVerifier) -> None:
    issuer.is_down = True
    with pytest.raises(KeysUnavailable):
        await verifier.verify(token())
    issuer.is_down = False
    issuer.now += 2
    assert await verifier.verify(token()) is not None
    issuer.is_down = True
    issuer.now += 601
    assert await verifier.verify(token()) is not None


async def test_who_cannot_be_verified_now_may_try_again() -> None:
    """Signing in again would not help: the issuer's keys are what is missing."""
    environ = DEVELOPMENT | {"JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE, "JWKS_URL": "https://keys.example/keys"}
    down = httpx.MockTransport(lambda request: httpx.Response(503))
    async with httpx.AsyncClient(transport=down) as http:
        app = create_app(Settings.from_environ(environ | {"OMNEO_BATCH": "fanout"}), http=http)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
        ):
            headers = {"authorization": f"Bearer {token()}"}
            answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "retryable": True}


async def test_scopes_of_a_token_open_what_they_name_and_nothing_else() -> None:
    """Through the front door: the token decides what is asked of Omneo, and never reaches it."""
    calls: list[tuple[str, str]] = []

    def upstream(request: httpx.Request) -> httpx.Response:
        calls.append((request.url.path, request.headers.get("authorization", "")))
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [published(KEY, "first")]})
        return httpx.Response(404, json={"message": "Not found"})

    environ = DEVELOPMENT | {"JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE, "JWKS_URL": "https://keys.example/keys"}
    query = f'{{ profile(id: "{uuid.uuid4()}") {{ id }} benefit(id: "1") {{ id }} }}'
    async with httpx.AsyncClient(transport=httpx.MockTransport(upstream)) as http:
        app = create_app(Settings.from_environ(environ), http=http)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
        ):
            answer = await client.post(
                "/graphql", json={"query": query}, headers={"authorization": f"Bearer {token()}"}
            )
            forged = {"authorization": f"Bearer {token(OTHER_KEY)}"}
            refused = await client.post("/graphql", json={"query": query}, headers=forged)
    assert answer.json()["data"] == {"profile": None, "benefit": None}
    (error,) = answer.json()["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["benefit"], "FORBIDDEN")
    assert refused.status_code == 401
    assert [path for path, _ in calls if "benefits" in path] == []
    assert {authorization for path, authorization in calls if path != "/keys"} == {"Bearer sandbox-token"}
