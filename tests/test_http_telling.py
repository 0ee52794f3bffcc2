"""What is told of a request: ids, reports, log lines, figures; and what becomes of it when its client hangs up."""

import asyncio
import json

import httpx
import pytest
from endpoint import MEMBER, Log, ask_raw, post
from lines import written

from serving.asgi import Message
from serving.graphql import GraphQLEndpoint
from serving.metrics import Metrics
from telemetry import Trace


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
    assert answer.json()["extensions"] == {"upstream": {"predicted": 0, "made": 0, "retried": 0, "cached": 0}}


async def test_one_log_line_per_request_without_the_token(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.post(
        "/graphql",
        json={"query": 'query Hi { hello(name: "ada@example.com") }'},
        headers=MEMBER | {"x-request-id": "r1"},
    )
    told = written(capsys)
    (line,) = [json.loads(each) for each in told.splitlines()]
    assert (line["event"], line["request_id"], line["operation"], line["kind"]) == ("request", "r1", "Hi", "query")
    assert (line["status"], line["outcome"], line["caller_kind"], line["made"]) == (200, "ok", "member", 0)
    assert len(line["document"]) == 64
    assert "ada@" not in told
    assert "eyJ" not in told


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


async def test_unforeseen_error_tells_the_client_and_the_log_nothing_it_should_not(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await post(client, "{ hello broken }")
    assert answer.json()["data"] == {"hello": "Hello you", "broken": None}
    assert answer.json()["errors"][0]["extensions"] == {"code": "INTERNAL"}
    told = written(capsys)
    assert "builtins.RuntimeError" in told
    assert "ada@example.com" not in told + answer.text
