"""What HTTP offers beyond one answer to one request: batches, compression, pages of other origins."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from endpoint import KEY, LEGACY, MEMBER, Log, code, endpoint_over, post
from house import House, open_house
from lines import written

from serving.compression import WORTH_IT, takes_gzip
from serving.graphql import HttpLimits

PAGE = "https://shop.example"
PREFLIGHT = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


@asynccontextmanager
async def batching(log: Log, batch: int) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(endpoint_over(log, limits=HttpLimits(batch=batch)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def send(client: httpx.AsyncClient, operations: list[Any], **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=operations, headers=KEY | headers)


async def test_batches_are_off_until_they_are_switched_on(client: httpx.AsyncClient) -> None:
    answer = await send(client, [{"query": "{ hello }"}])
    assert (answer.status_code, code(answer)) == (400, "LIMIT_BATCH")


async def test_batch_is_answered_one_by_one_in_order(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """Each operation has an answer, calls and a log line of its own; a bad one spoils no other."""
    operations = [
        {"query": "query A { hello }"},
        {"query": "{ nope }"},
        {"query": "mutation { write }"},
        {"query": "query B { hello broken }"},
    ]
    async with batching(log, 4) as client:
        answer = await send(client, operations, **{"x-request-id": "b-1", "x-upstream-report": "1"})
    first, second, third, fourth = answer.json()
    assert answer.status_code == 200
    assert first == {
        "data": {"hello": "Hello you"},
        "extensions": {"upstream": {"predicted": 0, "made": 0, "retried": 0, "cached": 0}},
    }
    assert second["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert third["data"] == {"write": "done"}
    assert (fourth["data"]["hello"], fourth["errors"][0]["extensions"]["code"]) == ("Hello you", "INTERNAL")
    assert len({id(trace) for trace in log.traces}) == 3
    lines = [json.loads(line) for line in written(capsys).splitlines() if '"event":"request"' in line]
    assert [line["outcome"] for line in lines] == ["ok", "refused", "ok", "partial", "batch"]
    assert {line["request_id"] for line in lines} == {"b-1"}


@pytest.mark.parametrize("operations", [[], [1], [{}], [[{"query": "{ hello }"}]], [{"query": "{ hello }"}] * 4])
async def test_batch_that_will_not_do_is_400(log: Log, operations: list[Any]) -> None:
    async with batching(log, 3) as client:
        answer = await send(client, operations)
    assert (answer.status_code, code(answer)) == (400, "LIMIT_BATCH" if len(operations) > 3 else "BAD_REQUEST")
    assert log.callers == []


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, False),
        (b"", False),
        (b"gzip", True),
        (b"br;q=1.0, GZIP;q=0.5", True),
        (b"*", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000, *", False),
        (b"*;q=0", False),
        (b"identity", False),
        (b"x-gzipped", False),
        (b"gzip;q=0.001", True),
    ],
)
def test_gzip_is_taken_by_who_asks_for_it(accept_encoding: bytes | None, expected: bool) -> None:
    assert takes_gzip(accept_encoding) is expected


async def test_answer_is_compressed_when_asked_and_worth_it(client: httpx.AsyncClient) -> None:
    """The small stay as they are; caches are told that the answer depends on what was asked."""
    for size in (10, WORTH_IT, 200_000):
        query = f'query {{ hello(name: "{"x" * size}") }}'
        answer = await post(client, query, LEGACY | {"accept-encoding": "gzip"})
        assert ("content-encoding" in answer.headers) is (size >= WORTH_IT)
        assert answer.json() == {"data": {"hello": "Hello " + "x" * size}}
        assert int(answer.headers["content-length"]) <= 1500
        assert "accept-encoding" in answer.headers["vary"]
        plain = await post(client, query, LEGACY | {"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.json() == answer.json()
    raw = client.stream("POST", "/graphql", json={"query": query}, headers=KEY | {"accept-encoding": "gzip"})
    async with raw as streamed:
        body = b"".join([part async for part in streamed.aiter_raw()])
    assert json.loads(gzip.decompress(body)) == answer.json()


async def test_pages_of_other_origins_are_kept_out_by_default(house: House) -> None:
    """No header lets them read an answer, and their browser's question before it is answered no."""
    asked = await house.gateway.options("/graphql", headers=PREFLIGHT)
    assert (asked.status_code, asked.headers["allow"]) == (405, "GET, POST")
    answer = await house.gateway.post("/graphql", json={"query": "{ __typename }"}, headers=KEY | {"origin": PAGE})
    assert not [name for name in (*asked.headers, *answer.headers) if name.startswith("access-control-")]


async def test_pages_of_the_origins_in_the_settings_are_let_in() -> None:
    """These and no other; with no cookie, and with the headers a client needs."""
    async with open_house(CORS_ORIGINS=f"{PAGE}, http://localhost:3000") as house:
        asked = await house.gateway.options("/graphql", headers=PREFLIGHT)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert "authorization" in asked.headers["access-control-allow-headers"].lower()
        answer = await house.gateway.post("/graphql", json={"query": "{ __typename }"}, headers=KEY | {"origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers
        for other in ("https://evil.example", "https://shop.example.evil.example", "null"):
            asked = await house.gateway.options("/graphql", headers=PREFLIGHT | {"origin": other})
            assert asked.status_code == 400
            assert "access-control-allow-origin" not in asked.headers


async def test_what_a_page_sends_without_asking_runs_nothing(client: httpx.AsyncClient, log: Log) -> None:
    """An image, a link or a form carries no Authorization, whatever cookies the browser has; and no JSON."""
    token = MEMBER["authorization"].removeprefix("Bearer ")
    ambient = {"cookie": f"authorization={token}; token={token}", "origin": "https://evil.example"}
    for query in ("{ hello }", "mutation { write }"):
        answer = await client.get("/graphql", params={"query": query, "access_token": token}, headers=ambient)
        assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer")
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            body = json.dumps({"query": query})
            answer = await client.post("/graphql", content=body, headers=ambient | KEY | {"content-type": content_type})
            assert answer.status_code == 415
        answer = await client.post("/graphql", json={"query": query}, headers=ambient)
        assert answer.status_code == 401
    basic = httpx.BasicAuth("member", token)
    answer = await client.get("/graphql", params={"query": "{ hello }"}, headers=ambient, auth=basic)
    assert answer.status_code == 401
    assert log.callers == []
