"""What the client repeats, how often, and until when."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from client_support import API, ID_API, PROFILE, Answer, Wire, fails, ok

import omneo
from omneo import Landed
from telemetry import Trace


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(503),
        httpx.Response(500, content=b"<html>"),
        httpx.Response(408),
        httpx.Response(429),
        httpx.ReadError("lost"),
        httpx.ConnectTimeout("late"),
    ],
    ids=["503", "500", "408", "429", "lost", "late"],
)
async def test_read_is_repeated_after_what_may_pass(failure: Answer) -> None:
    """Counted apart from the first attempt."""
    wire = Wire(failure, ok(PROFILE))
    client = wire.client()
    assert (await omneo.fetch_own_profile(client)).first_name == "Ada"
    assert len(wire.requests) == 2
    assert (client.trace.tally.made, client.trace.tally.retried) == (1, 1)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 418, 422])
async def test_read_is_not_repeated_after_what_will_stay(status: int) -> None:
    wire = Wire(httpx.Response(status))
    with pytest.raises(omneo.OmneoError):
        await omneo.fetch_own_profile(wire.client())
    assert len(wire.requests) == 1


async def test_repeats_are_two_per_request_in_all() -> None:
    """However many of a request's reads fail, so that an Omneo in trouble is not asked three times as much."""
    wire = Wire(httpx.Response(503))
    client = wire.client()
    answers = await asyncio.gather(
        *(omneo.fetch_own_profile(client) for _ in range(5)),
        return_exceptions=True,
    )
    assert {type(answer) for answer in answers} == {omneo.Unavailable}
    assert len(wire.requests) == 5 + 2
    assert (client.trace.tally.made, client.trace.tally.retried) == (5, 2)


@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize(
    "failure",
    [httpx.Response(503), httpx.Response(429, headers={"retry-after": "0"}), httpx.ConnectError("x")],
    ids=["503", "429", "never left"],
)
async def test_write_is_never_repeated(method: str, failure: Answer) -> None:
    """Not even one that provably did not leave: who may send again is decided by the writes' own memory (ADR 14)."""
    wire = Wire(failure)
    client = wire.client()
    arguments: tuple[Any, ...] = () if method == "delete" else ({}, omneo.Benefit)
    with pytest.raises(omneo.OmneoError):
        await getattr(client, method)("/benefits/{benefit}", *arguments, benefit=7)
    assert len(wire.requests) == 1
    assert client.trace.tally.retried == 0


async def test_lookup_by_post_is_not_repeated() -> None:
    """What was sent stays plain to see: a POST leaves once."""
    wire = Wire(httpx.Response(503))
    with fails(omneo.Unavailable):
        await omneo.find_profile_by_identity(wire.client(), "loyalty_card", "LC1")
    assert len(wire.requests) == 1


async def test_lookup_by_post_is_no_write() -> None:
    """Reads under way are as fresh after it as before: whoever asks the same still joins them."""
    client = Wire(ok(PROFILE)).client()
    era = client.era
    await omneo.find_profile_by_identity(client, "loyalty_card", "LC1")
    assert client.era == era
    await client.post("/benefits", {}, dict)
    assert client.era == era + 1


async def test_retry_after_is_waited_for() -> None:
    wire = Wire(httpx.Response(429, headers={"retry-after": "1"}), ok(PROFILE))
    began = time.monotonic()
    await omneo.fetch_own_profile(wire.client())
    assert 1.0 <= time.monotonic() - began < 10.0
    assert len(wire.requests) == 2


@pytest.mark.parametrize(("asked", "told"), [("60", 60.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)])
async def test_retry_after_beyond_the_deadline_is_told_and_not_waited_for(asked: str, told: float | None) -> None:
    wire = Wire(httpx.Response(429, headers={"retry-after": asked}))
    began = time.monotonic()
    with fails(omneo.RateLimited) as caught:
        await omneo.fetch_own_profile(wire.client(deadline_s=0.5))
    assert caught.value.retry_after_s == told
    assert time.monotonic() - began < 10.0
    assert len(wire.requests) == 1


async def test_repeats_keep_to_the_deadline() -> None:
    """None is begun that could end after it."""
    began = time.monotonic()
    with fails(omneo.Unavailable):
        await omneo.fetch_own_profile(Wire(httpx.Response(503)).client(deadline_s=2))
    assert time.monotonic() - began < 2


async def test_silence_ends_at_the_deadline() -> None:
    """A write that is cut off there may have landed."""

    class Silence(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(60)
            raise AssertionError

    http = omneo.open_http(transport=Silence())
    upstream = omneo.Upstream(http, api_url=API, id_url=ID_API, token="t")
    began = time.monotonic()
    with fails(omneo.TimedOut, Landed.UNKNOWN):
        await upstream.as_service(Trace.begin(deadline_s=0.2)).post("/benefits", {}, omneo.Benefit)
    assert 0.2 <= time.monotonic() - began < 10.0


async def test_nothing_is_sent_after_the_deadline() -> None:
    wire = Wire(ok(PROFILE))
    with fails(omneo.TimedOut, Landed.NO):
        await wire.client(deadline_s=0).post("/benefits", {}, omneo.Benefit)
    assert wire.requests == []


async def test_nothing_is_sent_beyond_the_budget() -> None:
    """The call after the last one foreseen is not made (ADR 12); repeats do not count against it."""
    wire = Wire(httpx.Response(503), ok(PROFILE))
    client = wire.client()
    client.trace.tally.budget = 1
    await omneo.fetch_own_profile(client)
    with fails(omneo.BudgetSpent):
        await omneo.fetch_own_profile(client)
    assert len(wire.requests) == 2
