"""The /graphql handler over HTTP: what is refused and how, in which type answers come."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from endpoint import KEY, LEGACY, MODERN, Log, ask_raw, code, post

from serving.asgi import Message
from serving.graphql import GraphQLEndpoint


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
        b'{"query": "{ hello }"} trailing',
        b'{"query": "{ hello }", "query": "{ broken }"}',
        b'{"query": "{ hello }", "variables": {"a": {"b": 1, "b": 2}}}',
        b'{"query":"{ hello }","query":"{ broken }"}',
        b'{"query":"{ broken }","variables":{"a":"x, \\"y\\": z","a":"x, \\"y\\": z"}}',
        b'{"query": "{ hello }", "variables": {"a": "x, \\"y\\": z", "a": "x,\\"y\\":z"}}',
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


async def test_too_many_parameters_are_told_so(client: httpx.AsyncClient) -> None:
    """Those an endpoint does not know are left alone, up to a number."""
    for count, status in ((19, 200), (20, 400)):
        others = "".join(f"&utm_{number}=x" for number in range(count))
        answer = await client.get(f"/graphql?query={{hello}}{others}", headers=KEY)
        assert answer.status_code == status
    assert answer.json()["errors"][0]["message"] == "Send at most 20 parameters."


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


async def test_null_data_was_still_executed(client: httpx.AsyncClient) -> None:
    answer = await post(client, "{ allOrNothing }", MODERN)
    assert (answer.status_code, answer.json()["data"]) == (200, None)


async def test_browser_gets_the_query_page_and_nothing_may_be_added_to_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http://" not in answer.text
    assert "https://" not in answer.text
