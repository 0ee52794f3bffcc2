"""What the client sends."""

from decimal import Decimal

import httpx
import pytest
from client_support import ADA, PROFILE, Wire, ok

import omneo
from omneo import Filters
from telemetry import Trace


async def test_request_says_who_asks_and_why() -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    trace = Trace.begin(request_id="r-1", traceparent=traceparent)
    wire = Wire(ok(PROFILE))
    await wire.client(trace=trace).post("/benefits", {"value": 1}, omneo.Profile)
    headers = wire.requests[0].headers
    assert headers["authorization"] == "Bearer server-token"
    assert headers["accept"] == "application/json"
    assert headers["content-type"] == "application/json"
    assert (headers["x-request-id"], headers["traceparent"]) == ("r-1", traceparent)
    assert wire.requests[0].content == b'{"value":1}'
    assert "cookie" not in headers


async def test_decimal_is_sent_digit_by_digit() -> None:
    """As a number; a float would be another one."""
    wire = Wire(ok(PROFILE))
    await wire.client().post("/benefits", {"value": Decimal("123456789012345.0123456789")}, omneo.Profile)
    assert wire.requests[0].content == b'{"value":123456789012345.0123456789}'


async def test_cookies_of_omneo_are_not_sent_back() -> None:
    """One member's session cookie would travel with another's call."""
    wire = Wire(httpx.Response(200, json={"data": PROFILE}, headers={"set-cookie": "session=ada; Path=/"}))
    client = wire.client()
    await omneo.fetch_own_profile(client)
    await omneo.fetch_own_profile(client)
    assert "cookie" not in wire.requests[1].headers


async def test_member_reaches_nobody_but_themselves() -> None:
    """Whatever profile is named, the path of a member's call is their own (ADR 11)."""
    wire = Wire(ok([]))
    client = wire.client(member=True)
    await omneo.claimable_definitions(client, ADA)
    assert str(wire.requests[0].url) == "https://api.test/id/api/v1/profiles/me/benefits/claimable"
    assert wire.requests[0].headers["authorization"] == "Bearer member-token"


@pytest.mark.parametrize("part", ["../x", "a/b", "a?b", "a#b", "a%2fb", "a b", "ä"])
async def test_part_of_a_path_stays_one_part(part: str) -> None:
    """Ids are checked before; should one slip through, it is still no path."""
    wire = Wire(ok(PROFILE))
    await wire.client().get("/profiles/{profile}/benefits", omneo.Profile, profile=part)
    raw = wire.requests[0].url.raw_path.decode()
    assert raw.startswith("/api/v3/profiles/")
    assert raw.endswith("/benefits")
    assert raw.count("/") == 5
    assert "?" not in raw


async def test_values_of_filters_are_encoded() -> None:
    wire = Wire(httpx.Response(200, json={"data": [], "meta": {"current_page": 1, "per_page": 1, "total": 0}}))
    await omneo.find_profile_by_email(wire.client(), "a+b&filter[email]=x@example.com")
    assert wire.requests[0].url.params["filter[email]"] == "a+b&filter[email]=x@example.com"
    assert len(wire.requests[0].url.params.get_list("filter[email]")) == 1


def test_list_of_a_filter_holds_no_comma() -> None:
    """It would be two values at Omneo."""
    with pytest.raises(omneo.InvalidId):
        Filters.of(handle__in=["a,b"])
