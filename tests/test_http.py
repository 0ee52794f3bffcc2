"""The /graphql handler over HTTP: who is let in, what is refused and how, what a client is told."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import strawberry
from graphql import GraphQLError

from context import Caller
from execution import Engine, Limits
from serving.asgi import HttpRefusal, Message
from serving.caller import Callers, ServiceKey
from serving.graphql import GraphQLEndpoint, HttpLimits
from serving.keys import KeysFileError, development_key, read_keys
from serving.metrics import Metrics
from serving.page import Page
from telemetry import Trace

KEY = {"authorization": "Bearer sandbox-service-key"}
MEMBER = {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJwaWQiOiJ4In0.c2ln"}
MODERN = {"accept": "application/graphql-response+json"}
LEGACY = {"accept": "application/json"}


class Log:
    """Stand in for a context, and remember what a resolver did and who asked."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.callers: list[Caller] = []
        self.traces: list[Trace] = []

    def open(self, caller: Caller, trace: Trace) -> Any:
        self.callers.append(caller)
        self.traces.append(trace)
        return self


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"Hello {name}"

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("ada@example.com lives at 127.0.0.1")

    @strawberry.field
    def all_or_nothing(self) -> int:
        raise RuntimeError

    @strawberry.field
    async def slow(self, info: strawberry.Info) -> str:
        info.context.events.append("begun")
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            info.context.events.append("cancelled")
            raise
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, info: strawberry.Info) -> str:
        info.context.events.append("begun")
        await asyncio.sleep(0.2)
        info.context.events.append("landed")
        return "done"


def coded(error: GraphQLError) -> dict[str, Any]:
    """Hide what a resolver raised, as the real table of errors does."""
    return {"message": "hidden", "path": error.path, "extensions": {"code": "INTERNAL"}}


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def endpoint(log: Log) -> GraphQLEndpoint:
    return GraphQLEndpoint(
        Engine(strawberry.Schema(Query, Mutation), coded, Limits()),
        Callers(development_key("sandbox-service-key")),
        log.open,
        Metrics(),
        Page(),
        deadline_s=5,
        limits=HttpLimits(body_timeout_s=0.2),
    )


@pytest.fixture
async def client(endpoint: GraphQLEndpoint) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(endpoint)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def post(client: httpx.AsyncClient, query: str, headers: dict[str, str] = LEGACY, **more: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **more}, headers=KEY | headers)


def code(answer: httpx.Response) -> str:
    errors = answer.json()["errors"]
    assert "data" not in answer.json()
    return str(errors[0]["extensions"]["code"])


async def test_post_is_answered_in_the_type_the_client_reads(client: httpx.AsyncClient) -> None:
    for accept, content_type in (
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
        ("application/json, application/graphql-response+json", "application/json"),
        ("application/json;q=0.5, application/graphql-response+json;q=0.6", "application/graphql-response+json"),
        ("text/html, */*;q=0.1", "application/json"),
    ):
        answer = await post(client, "{ hello }", {} if accept is None else {"accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"{content_type}; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == {"data": {"hello": "Hello you"}}


async def test_get_runs_queries_with_variables(client: httpx.AsyncClient) -> None:
    parameters = {
        "query": "query Q($n: String!) { hello(name: $n) }",
        "variables": '{"n": "Zoë"}',
        "operationName": "Q",
    }
    answer = await client.get("/graphql", params=parameters, headers=KEY)
    assert answer.json() == {"data": {"hello": "Hello Zoë"}}


async def test_get_never_runs_a_mutation(client: httpx.AsyncClient, log: Log) -> None:
    answer = await client.get("/graphql", params={"query": "mutation { write }"}, headers=KEY)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert code(answer) == "METHOD_NOT_ALLOWED"
    assert log.events == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_405_with_allow(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql", headers=KEY)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "accept", ["text/html", "image/png", "application/json;q=0", "application/json;charset=utf-16"]
)
async def test_answer_nobody_can_read_is_406(client: httpx.AsyncClient, accept: str) -> None:
    answer = await post(client, "{ hello }", {"accept": accept})
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "text/plain; application/json"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
async def test_body_of_another_kind_is_415(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """The content types a foreign page may send without asking are among them."""
    answer = await client.post("/graphql", content=b'{"query": "{ hello }"}', headers=KEY | headers)
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'"query"',
        b'[{"query": "{ hello }"}]',
        b'{"query": "{ hello }"} trailing',
        b'{"query": "{ hello }", "query": "{ broken }"}',
        b'{"query": "{ hello }", "variables": {"a": {"b": 1, "b": 2}}}',
        b'{"query": "{ hello }", "variables": {"a": NaN}}',
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        '{"query": "{ hello }"}'.encode("utf-16"),
        b'{"query": "{ hello }", "variables": ' + b'{"a":' * 100 + b"1" + b"}" * 101,
        b"[" * 200_000,
        b'{"query": "{ hello }", "variables": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"query": ["{ hello }"]}',
        b'{"query": "  "}',
        b'{"query": "{ hello }", "variables": []}',
        b'{"query": "{ hello }", "operationName": 1}',
        b'{"query": "{ hello }", "extensions": "x"}',
    ],
)
async def test_json_that_will_not_do_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/graphql", content=body, headers=KEY | {"content-type": "application/json"})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=",
        "query=%FF",
        "query={hello}&query={broken}",
        "query={hello}&variables=[",
        "query={hello}&variables=1",
    ],
)
async def test_query_string_that_will_not_do_is_400(client: httpx.AsyncClient, query_string: str) -> None:
    answer = await client.get(f"/graphql?{query_string}", headers=KEY)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_too_much_is_refused_before_it_is_parsed(client: httpx.AsyncClient) -> None:
    headers = KEY | {"content-type": "application/json"}
    answer = await client.post("/graphql", content=b" " * (256 * 1024 + 1), headers=headers)
    assert (answer.status_code, code(answer)) == (413, "LIMIT_BODY")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    answer = await client.post("/graphql", content=endless(), headers=headers)
    assert (answer.status_code, code(answer)) == (413, "LIMIT_BODY")
    answer = await client.get("/graphql?query=" + "x" * 8192, headers=KEY)
    assert (answer.status_code, code(answer)) == (414, "LIMIT_URL")


async def test_body_that_never_arrives_is_408(endpoint: GraphQLEndpoint) -> None:
    messages = [{"type": "http.request", "body": b'{"query":', "more_body": True}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.sleep(60)
        raise AssertionError

    headers = [(b"authorization", b"Bearer sandbox-service-key"), (b"content-type", b"application/json")]
    status, body = await ask_raw(endpoint, headers, receive)
    assert status == 408
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "LIMIT_TIME"


async def ask_raw(endpoint: GraphQLEndpoint, headers: list[tuple[bytes, bytes]], receive: Any) -> tuple[int, bytes]:
    """Ask below HTTP, where a client can be slow, hang up, or send a header twice."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    await endpoint(scope, receive, send)
    return (sent[0]["status"], sent[1]["body"]) if sent else (0, b"")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { hello }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: String!) { hello(name: $n) }", "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", "BAD_USER_INPUT"),
        ("{ hello " + "hello " * 2000 + "}", "LIMIT_TOKENS"),
        ("{ " + "a { " * 16 + "b" + " }" * 17, "LIMIT_DEPTH"),
        ("{ " + "a { " * 600 + "b" + " }" * 601, "LIMIT_DEPTH"),
        ("{ " + " ".join(f"a{n}: hello" for n in range(21)) + " }", "LIMIT_ROOT_FIELDS"),
        ("{ x { " + " ".join(f"a{n}: hello" for n in range(51)) + " } }", "LIMIT_ALIASES"),
        ("{ hello " + "@a" * 10 + " }", "LIMIT_DIRECTIVES"),
        ("mutation { a: write b: write }", "LIMIT_WRITES"),
        ("{ x { " + "hello " * 100 + " } }", "LIMIT_REPEATS"),
        (
            "{ ...F0 }"
            + "".join(f" fragment F{n} on Query {{ a{n}: hello ...F{n + 1} ...F{n + 1} }}" for n in range(30))
            + " fragment F30 on Query { hello }",
            "LIMIT_ROOT_FIELDS",
        ),
        (
            "{ x { ...F0 } }"
            + "".join(f" fragment F{n} on X {{ a {{ ...F{n + 1} }} b {{ ...F{n + 1} }} }}" for n in range(12))
            + " fragment F12 on X { c }",
            "LIMIT_FIELDS",
        ),
        ("{ hello } fragment F on Query { ...G } fragment G on Query { ...F }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_document_that_will_not_do_has_a_code_and_no_data(
    client: httpx.AsyncClient, query: str, expected: str
) -> None:
    """The newer media type says so in its status; the older one answers 200, as its clients expect."""
    modern, legacy = await post(client, query, MODERN), await post(client, query, LEGACY)
    assert (modern.status_code, code(modern)) == (400, expected)
    assert (legacy.status_code, code(legacy)) == (200, expected)


async def test_introspection_is_no_deep_query(client: httpx.AsyncClient) -> None:
    deep = "{ __schema { types { fields { type { " + "ofType { " * 12 + "name" + " }" * 17
    assert "errors" not in (await post(client, deep)).json()


async def test_unforeseen_error_tells_the_client_and_the_log_nothing_it_should_not(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await post(client, "{ hello broken }")
    assert answer.json()["data"] == {"hello": "Hello you", "broken": None}
    assert answer.json()["errors"][0]["extensions"] == {"code": "INTERNAL"}
    written = capsys.readouterr().err
    assert "builtins.RuntimeError" in written
    assert "ada@example.com" not in written + answer.text


async def test_null_data_was_still_executed(client: httpx.AsyncClient) -> None:
    answer = await post(client, "{ allOrNothing }", MODERN)
    assert (answer.status_code, answer.json()["data"]) == (200, None)


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


async def test_expired_key_does_not_fall_through() -> None:
    digest = hashlib.sha256(b"a.b.c").hexdigest()
    callers = Callers({digest: ServiceKey("till", frozenset(), expires=1.0)})
    with pytest.raises(HttpRefusal, match="expired"):
        await callers.identify(b"Bearer a.b.c")


async def test_company_token_is_verified_and_never_passed_on() -> None:
    class NeverValid:
        issuer = "https://company.example"

        async def verify(self, token: str) -> Caller | None:
            return None

    callers = Callers({}, NeverValid())
    token = b"eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2NvbXBhbnkuZXhhbXBsZSJ9.c2ln"
    with pytest.raises(HttpRefusal, match="not valid"):
        await callers.identify(b"Bearer " + token)


def test_keys_file_names_services(tmp_path: Any) -> None:
    digest = "AB" * 32
    as_json = tmp_path / "keys.json"
    as_json.write_text(json.dumps({"keys": [{"name": "till", "sha256": digest, "scopes": ["read-profiles"]}]}))
    assert read_keys(as_json) == {digest.lower(): ServiceKey("till", frozenset({"read-profiles"}))}
    as_toml = tmp_path / "keys.toml"
    as_toml.write_text(f'[[keys]]\nname = "crm"\nsha256 = "{digest}"\nscopes = []\nexpires = 2030-01-01T00:00:00Z\n')
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
    ],
)
def test_keys_file_that_will_not_do_is_refused_without_a_quote(tmp_path: Any, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(KeysFileError) as refused:
        read_keys(file)
    assert "plain-key" not in str(refused.value)


async def test_request_id_is_echoed_or_made_and_traceparent_carried(client: httpx.AsyncClient, log: Log) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await post(client, "{ hello }", {"x-request-id": "till-7", "traceparent": traceparent})
    assert answer.headers["x-request-id"] == "till-7"
    assert (log.traces[0].request_id, log.traces[0].traceparent) == ("till-7", traceparent)
    assert 0 < log.traces[0].remaining_s() <= 5
    answer = await post(client, "{ hello }", {"x-request-id": 'no"good'})
    assert answer.headers["x-request-id"] == log.traces[1].request_id != 'no"good'


async def test_calls_to_omneo_are_reported_when_asked_for(client: httpx.AsyncClient) -> None:
    answer = await post(client, "{ hello }", {"x-upstream-report": "1"})
    assert answer.json()["extensions"] == {"upstream": {"made": 0, "retried": 0, "cached": 0}}


async def test_one_log_line_per_request_without_the_token(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.post(
        "/graphql",
        json={"query": 'query Hi { hello(name: "ada@example.com") }'},
        headers=MEMBER | {"x-request-id": "r1"},
    )
    written = capsys.readouterr().err
    (line,) = [json.loads(each) for each in written.splitlines()]
    assert (line["event"], line["request_id"], line["operation"], line["kind"]) == ("request", "r1", "Hi", "query")
    assert (line["status"], line["outcome"], line["caller_kind"], line["made"]) == (200, "ok", "member", 0)
    assert len(line["document"]) == 64
    assert "ada@" not in written
    assert "eyJ" not in written


async def test_browser_gets_the_query_page_and_nothing_may_be_added_to_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http://" not in answer.text
    assert "https://" not in answer.text


async def hang_up_during(endpoint: GraphQLEndpoint, query: str) -> None:
    """Send a query and hang up 50 ms later."""
    messages: list[Message] = [{"type": "http.request", "body": json.dumps({"query": query}).encode()}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    headers = [(b"authorization", b"Bearer sandbox-service-key"), (b"content-type", b"application/json")]
    await asyncio.wait_for(ask_raw(endpoint, headers, receive), 2)


async def test_read_ends_when_its_client_hangs_up(endpoint: GraphQLEndpoint, log: Log) -> None:
    await hang_up_during(endpoint, "{ slow }")
    assert log.events == ["begun", "cancelled"]
    assert log.traces[0].remaining_s() == 0


async def test_write_is_finished_though_its_client_hangs_up(endpoint: GraphQLEndpoint, log: Log) -> None:
    await hang_up_during(endpoint, "mutation { write }")
    assert log.events == ["begun", "landed"]


async def test_operations_beyond_the_first_fifty_share_a_label(client: httpx.AsyncClient) -> None:
    metrics = Metrics()
    trace = Trace.begin()
    for number in range(60):
        metrics.observe(f"Operation{number}", "ok", 0.01, [], trace.tally)
    text = metrics.text().decode()
    assert 'operation="Operation49"' in text
    assert 'operation="Operation50"' not in text
    assert 'gateway_requests_total{operation="other",outcome="ok"} 10.0' in text
