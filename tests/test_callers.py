"""Who is let in: credentials, the file of keys."""

import hashlib
import json
from typing import Any

import httpx
import pytest
from endpoint import KEY, MEMBER, Log, ask_raw, code

from context import Caller
from serving.asgi import HttpRefusal
from serving.caller import Callers, ServiceKey
from serving.graphql import GraphQLEndpoint
from serving.keys import KeysFileError, read_keys


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic c2FuZGJveA==",
        "Bearer unknown",
        "Bearer a.b",
        "Bearer a.b.c.d",
        "sandbox-service-key",
    ],
)
async def test_caller_without_a_credential_that_holds_is_401(
    client: httpx.AsyncClient, log: Log, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await client.post("/graphql", json={"query": "{ hello }"}, headers=headers)
    assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert log.callers == []


async def test_callers_are_told_apart_by_their_token(client: httpx.AsyncClient, log: Log) -> None:
    await client.post("/graphql", json={"query": "{ hello }"}, headers=KEY)
    await client.post("/graphql", json={"query": "{ hello }"}, headers=MEMBER)
    service, member = log.callers
    assert (service.kind, service.name, service.token) == ("service", "development", None)
    assert member.kind == "member"
    assert str(member.token) == MEMBER["authorization"].removeprefix("Bearer ")
    assert member.scopes == frozenset()


async def test_two_credentials_are_refused(endpoint: GraphQLEndpoint) -> None:
    headers = [(b"authorization", b"Bearer sandbox-service-key"), (b"authorization", b"Bearer a.b.c")]
    status, _ = await ask_raw(endpoint, headers, None)
    assert status == 400


def test_expired_key_does_not_fall_through() -> None:
    digest = hashlib.sha256(b"a.b.c").hexdigest()
    callers = Callers({digest: ServiceKey("till", frozenset(), expires=1.0)})
    with pytest.raises(HttpRefusal, match="expired"):
        callers.known(b"Bearer a.b.c")


async def test_company_token_is_verified_and_never_passed_on() -> None:
    class NeverValid:
        issuer = "https://company.example"

        async def verify(self, token: str) -> Caller | None:
            return None

    callers = Callers({}, NeverValid())
    token = b"eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2NvbXBhbnkuZXhhbXBsZSJ9.c2ln"
    known, _ = callers.known(b"Bearer " + token)
    assert isinstance(known, str)
    with pytest.raises(HttpRefusal, match="not valid"):
        await callers.verified(known)


def test_keys_file_names_services(tmp_path: Any) -> None:
    digest = "AB" * 32
    as_json = tmp_path / "keys.json"
    as_json.write_text(json.dumps({"keys": [{"name": "till", "sha256": digest, "scopes": ["read-profiles"]}]}))
    assert read_keys(as_json) == {digest.lower(): ServiceKey("till", frozenset({"read-profiles"}))}
    as_toml = tmp_path / "keys.toml"
    as_toml.write_text(f'[[keys]]\nname = "crm"\nsha256 = "{digest}"\nscopes = []\nexpires = 2030-01-01T00:00:00Z\n')
    assert read_keys(as_toml)[digest.lower()].expires == 1893456000.0
    as_toml.write_text(as_toml.read_text().replace("T00:00:00Z", ""))
    assert read_keys(as_toml)[digest.lower()].expires == 1893456000.0


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"keys": {}}',
        '{"keys": [{"name": "till"}]}',
        '{"keys": [{"name": "till", "sha256": "plain-key", "scopes": []}]}',
        '{"keys": [{"name": "till", "sha256": "' + "a" * 64 + '", "scopes": "all"}]}',
        '{"keys": [{"name": "till", "sha256": "' + "a" * 64 + '", "scopes": [], "expires": "soon"}]}',
        '{"keys": [{"name": "till", "sha256": "' + "a" * 64 + '", "scopes": [], "expire": "2020-01-01"}]}',
    ],
)
def test_keys_file_that_will_not_do_is_refused_without_a_quote(tmp_path: Any, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(KeysFileError) as refused:
        read_keys(file)
    assert "plain-key" not in str(refused.value)
