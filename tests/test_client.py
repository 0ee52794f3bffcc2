"""The client of Omneo, over answers of every shape: what each is understood as, what is repeated, what is sent."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import product
from typing import Any

import httpx
import pytest

import omneo
from omneo import Filters, Landed, Window
from telemetry import Trace

ADA = "92975ecb-5264-4d31-9f2b-789fa01f4555"
PROFILE: dict[str, Any] = {"id": ADA, "first_name": "Ada"}
API, ID_API = "https://api.test/api/v3", "https://api.test/id/api/v1"
SECRET = "ada@example.com owes 12"

Answer = httpx.Response | Exception
Handler = Callable[[httpx.Request], Answer]


class Wire:
    """Stand for the network: answers as told, in turn, the last one for ever; keeps every request."""

    def __init__(self, *answers: Answer | Handler) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = answers

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        found = answer(request) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return found

    def client(
        self, *, member: bool = False, deadline_s: float = 15, page_max: int = 100, trace: Trace | None = None
    ) -> omneo.Client:
        """Open a client whose calls end here."""
        http = omneo.open_http(transport=httpx.MockTransport(self))
        upstream = omneo.Upstream(http, api_url=API, id_url=ID_API, token="server-token", page_max=page_max)
        trace = trace or Trace.begin(deadline_s=deadline_s)
        return upstream.as_member("member-token", trace) if member else upstream.as_service(trace)


def ok(data: Any, status: int = 200) -> httpx.Response:
    """Answer with data in its envelope."""
    return httpx.Response(status, json={"data": data})


@contextmanager
def fails(kind: type[omneo.OmneoError], landed: Landed | None = None) -> Iterator[Any]:
    """Expect this very error, with nothing in it of what Omneo wrote."""
    with pytest.raises(omneo.OmneoError) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind
    assert landed in (None, error.landed)
    assert SECRET not in f"{error} {error!r} {error.detail}"


# What each status means, and what it says about a write: whatever the body is, it may be a proxy's.
STATUSES: list[tuple[int, type[omneo.OmneoError], Landed]] = [
    (400, omneo.Refused, Landed.NO),
    (401, omneo.Unauthenticated, Landed.NO),
    (403, omneo.Forbidden, Landed.NO),
    (404, omneo.NotFound, Landed.NO),
    (408, omneo.TimedOut, Landed.UNKNOWN),
    (409, omneo.Refused, Landed.NO),
    (410, omneo.NotFound, Landed.NO),
    (418, omneo.Invalid, Landed.NO),
    (422, omneo.Refused, Landed.NO),
    (429, omneo.RateLimited, Landed.NO),
    (500, omneo.Unavailable, Landed.UNKNOWN),
    (502, omneo.Unavailable, Landed.UNKNOWN),
    (503, omneo.Unavailable, Landed.UNKNOWN),
    (504, omneo.Unavailable, Landed.UNKNOWN),
    (599, omneo.Unavailable, Landed.UNKNOWN),
    (301, omneo.Invalid, Landed.UNKNOWN),
    (302, omneo.Invalid, Landed.UNKNOWN),
    (304, omneo.Invalid, Landed.UNKNOWN),
]
BODIES = {
    "message": json.dumps({"message": SECRET}).encode(),
    "fields": json.dumps({"message": SECRET, "errors": {"email": [SECRET]}}).encode(),
    "php list": b'{"message": "", "errors": []}',
    "html": f"<html><h1>{SECRET}</h1></html>".encode(),
    "truncated": b'{"message": "Unauth',
    "not utf-8": b'{"message": "\xff\xfe"}',
    "a list": b"[1, 2]",
    "empty": b"",
}


@pytest.mark.parametrize(
    ("status", "kind", "landed", "body"),
    [(*meaning, body) for meaning, body in product(STATUSES, BODIES.values())],
    ids=[f"{status}-{body}" for (status, *_), body in product(STATUSES, BODIES)],
)
async def test_status_decides_whatever_the_body_is(
    status: int, kind: type[omneo.OmneoError], landed: Landed, body: bytes
) -> None:
    wire = Wire(httpx.Response(status, content=body, headers={"location": "https://elsewhere.test/"}))
    with fails(kind, landed):
        await wire.client().post("/benefits", {}, omneo.Benefit)
    assert len(wire.requests) == 1


# What 200 may bring instead of what was promised.
UNREADABLE = {
    "html": b"<html>Back soon</html>",
    "empty": b"",
    "truncated": b'{"data": {"id": "929',
    "null": b'{"data": null}',
    "no data": b'{"message": "OK"}',
    "a list": b'{"data": [1]}',
    "no envelope": json.dumps(PROFILE).encode(),
    "missing id": b'{"data": {"first_name": "Ada"}}',
    "wrong type": json.dumps({"data": PROFILE | {"birth_day": SECRET}}).encode(),
    "wrong type in a list": json.dumps({"data": PROFILE | {"tags": [{"email": SECRET}]}}).encode(),
    "not utf-8": b'{"data": {"id": "\xff\xfe"}}',
    "too deep": b'{"data": {"id": "a", "custom_fields": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "two documents": b'{"data": {"id": "a"}} {"data": {"id": "b"}}',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_answer_that_is_not_what_was_promised_is_invalid(body: bytes) -> None:
    """For a read, and for a write, of which it tells nothing; a read is not repeated."""
    wire = Wire(httpx.Response(200, content=body))
    with fails(omneo.Invalid, Landed.UNKNOWN):
        await wire.client().get("/profiles/me", omneo.Profile)
    with fails(omneo.Invalid, Landed.UNKNOWN):
        await wire.client().post("/profiles", {}, omneo.Profile)
    assert len(wire.requests) == 2


async def test_log_detail_says_where_the_wrong_type_is() -> None:
    wire = Wire(ok(PROFILE | {"tags": ["vip", {"x": SECRET}]}))
    with fails(omneo.Invalid) as caught:
        await omneo.fetch_own_profile(wire.client())
    assert "$.data.tags" in caught.value.detail


async def test_answer_of_any_2xx_is_taken() -> None:
    """Omneo documents neither 200 nor 201 for what it creates (API.md §12, U-7); a removal answers nothing."""
    for status in (200, 201, 202):
        made = await Wire(ok(PROFILE, status)).client().post("/profiles", {}, omneo.Profile)
        assert made.first_name == "Ada"
    await Wire(httpx.Response(204)).client().delete("/benefits/{benefit}", benefit=7)


async def test_answer_without_end_is_cut_off() -> None:
    """A body larger than any of Omneo's is not read to its end."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * 1024 * 1024

    with fails(omneo.Invalid):
        await Wire(httpx.Response(200, content=endless())).client().get("/profiles/me", omneo.Profile)
    assert sent < 20


async def test_compressed_garbage_is_invalid() -> None:
    headers = {"content-encoding": "gzip"}
    broken = httpx.Response(200, stream=httpx.ByteStream(b"not gzip"), headers=headers)
    with fails(omneo.Invalid, Landed.UNKNOWN):
        await Wire(broken).client().get("/profiles/me", omneo.Profile)


@pytest.mark.parametrize(
    ("failure", "kind", "landed"),
    [
        (httpx.ConnectError(SECRET), omneo.Unavailable, Landed.NO),
        (httpx.ConnectTimeout(SECRET), omneo.TimedOut, Landed.NO),
        (httpx.PoolTimeout(SECRET), omneo.TimedOut, Landed.NO),
        (httpx.WriteError(SECRET), omneo.Unavailable, Landed.UNKNOWN),
        (httpx.WriteTimeout(SECRET), omneo.TimedOut, Landed.UNKNOWN),
        (httpx.ReadError(SECRET), omneo.Unavailable, Landed.UNKNOWN),
        (httpx.ReadTimeout(SECRET), omneo.TimedOut, Landed.UNKNOWN),
        (httpx.RemoteProtocolError(SECRET), omneo.Unavailable, Landed.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_failure_says_whether_a_write_may_have_left(
    failure: Exception, kind: type[omneo.OmneoError], landed: Landed
) -> None:
    """Only what provably never left is said not to have landed (ADR 14)."""
    wire = Wire(failure)
    with fails(kind, landed):
        await wire.client().post("/benefits", {}, omneo.Benefit)
    assert len(wire.requests) == 1


async def test_refusal_keeps_its_fields_for_decisions() -> None:
    """Field → reasons; none where the body says it in another way."""
    body = {"message": "The given data was invalid.", "errors": {"mobile_phone": ["The phone number exists"]}}
    with fails(omneo.Refused) as caught:
        await Wire(httpx.Response(422, json=body)).client().post("/profiles", {}, omneo.Profile)
    assert (caught.value.status, caught.value.fields) == (422, body["errors"])
    with fails(omneo.Refused) as caught:
        await Wire(httpx.Response(409, content=b"<html>")).client().post("/profiles", {}, omneo.Profile)
    assert (caught.value.status, caught.value.fields) == (409, {})


async def test_members_401_is_theirs_to_renew() -> None:
    wire = Wire(httpx.Response(401, json={"message": "Unauthenticated."}))
    with fails(omneo.MemberUnauthenticated):
        await omneo.fetch_own_profile(wire.client(member=True))
    assert len(wire.requests) == 1


# --- repeats


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


# --- what is sent


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


# --- what is read


async def test_looseness_of_omneo_ends_in_the_record() -> None:
    """Numbers as strings, ids as numbers, PHP's empty list for an object, keys nobody knows (API.md C-10, C-16)."""
    definition = {"id": 3, "name": "Gift", "handle": "gift", "meta": [], "period": "30"}
    sent = {
        "id": "7", "profile_id": ADA, "definition": definition, "is_expired": 0, "is_redeemable": "1",
        "redemptions_remaining": "2", "value": "12.5", "meta": [], "combine_meta": {"a": 1}, "not_documented": [{}],
    }  # fmt: skip
    benefit = await omneo.fetch_benefit(Wire(ok(sent)).client(), 7)
    assert (benefit.id, benefit.redemptions_remaining, benefit.value) == (7, 2, 12.5)
    assert (benefit.is_expired, benefit.is_redeemable) == (False, True)
    assert (benefit.meta, benefit.combine_meta, benefit.definition.meta) == ({}, {"a": 1}, {})
    assert (benefit.definition.id, benefit.definition.period) == ("3", 30)
    profile = await omneo.fetch_own_profile(
        Wire(ok(PROFILE | {"birth_day": "31", "birth_year": 1989, "mobile_phone_country": "61"})).client()
    )
    assert (profile.birth_day, profile.birth_year, profile.mobile_phone_country) == (31, 1989, 61)


async def test_meta_that_is_a_list_stays_one() -> None:
    """Only the empty one stands for an object."""
    definition = {"id": "3", "name": "Gift", "handle": "gift"}
    sent = {"id": 7, "profile_id": ADA, "definition": definition, "is_expired": False, "is_redeemable": True}
    benefit = await omneo.fetch_benefit(Wire(ok(sent | {"meta": ["x"]})).client(), 7)
    assert benefit.meta == ["x"]


async def test_another_profile_than_asked_for_is_not_found() -> None:
    other = PROFILE | {"id": "00000000-0000-4000-8000-000000000001"}
    with fails(omneo.NotFound):
        await omneo.fetch_profile(Wire(ok(other)).client(), ADA)


async def test_row_with_another_email_is_nobody() -> None:
    """A tenant that ignores the filter answers with its first profile."""
    row = PROFILE | {"email": "someone@example.com"}
    answer = httpx.Response(200, json={"data": [row], "meta": {"current_page": 1, "per_page": 1, "total": 60}})
    assert await omneo.find_profile_by_email(Wire(answer).client(), "ada@example.com") is None
    assert await omneo.find_profile_by_email(Wire(answer).client(), "Someone@example.com") is not None


# --- lists


def listed(total: int, *, at_most: int = 100) -> Handler:
    """Answer like a list of `total` profiles, numbered in their first name, with pages of `at_most` rows."""

    def answer(request: httpx.Request) -> httpx.Response:
        size = min(int(request.url.params["page[size]"]), at_most)
        number = int(request.url.params["page[number]"])
        start = (number - 1) * size
        names = range(start, max(start, min(start + size, total)))
        meta = {
            "current_page": number, "per_page": size, "total": total, "last_page": -(-total // size),
            "from": start + 1 if names else None, "to": start + len(names) if names else None,
        }  # fmt: skip
        return httpx.Response(200, json={"data": [PROFILE | {"first_name": str(n)} for n in names], "meta": meta})

    return answer


@pytest.mark.parametrize("at_most", [100, 15, 7, 1])
@pytest.mark.parametrize("window", [Window(0, 20), Window(20, 20), Window(33, 7), Window(50, 20), Window(3, 1)])
async def test_window_is_read_whatever_size_pages_come_in(at_most: int, window: Window) -> None:
    """Omneo may send smaller pages than asked for (API.md §12, U-4): no gap, no double, none too many."""
    wire = Wire(listed(61, at_most=at_most))
    page = await omneo.list_profiles(wire.client(), window, Filters())
    assert [row.first_name for row in page.rows] == [
        str(n) for n in range(window.offset, min(61, window.offset + window.first))
    ]
    assert (page.offset, page.total) == (window.offset, 61)
    assert all(request.url.params["sort"] == "created_at" for request in wire.requests)
    if at_most == 100:
        assert len(wire.requests) <= 2


async def test_page_beyond_the_end_is_empty() -> None:
    """`from` and `to` are null there."""
    page = await omneo.list_profiles(Wire(listed(10)).client(), Window(200, 20), Filters())
    assert (page.rows, page.total) == ([], 10)


async def test_page_is_what_its_meta_says_not_what_was_asked() -> None:
    """Page 1 in place of page 2 is not taken for page 2."""
    first = listed(60)

    def stuck(request: httpx.Request) -> httpx.Response:
        answer = first(httpx.Request("GET", request.url.copy_set_param("page[number]", 1)))
        assert isinstance(answer, httpx.Response)
        return answer

    page = await omneo.list_profiles(Wire(stuck).client(), Window(20, 20), Filters())
    assert page.rows == []


@pytest.mark.parametrize(
    "meta",
    [
        None,
        [],
        {},
        {"current_page": 1, "per_page": 0, "total": 5},
        {"current_page": 1, "per_page": -3, "total": 5},
        {"current_page": "one", "per_page": 15, "total": 5},
    ],
)
async def test_list_that_does_not_say_where_it_stands_is_invalid(meta: Any) -> None:
    wire = Wire(httpx.Response(200, json={"data": [PROFILE], "meta": meta}))
    with fails(omneo.Invalid):
        await omneo.list_profiles(wire.client(), Window(0, 20), Filters())
    assert len(wire.requests) == 1


async def test_list_whose_numbers_are_strings_is_read() -> None:
    meta = {"current_page": "1", "per_page": "15", "total": "1"}
    wire = Wire(httpx.Response(200, json={"data": [PROFILE], "meta": meta}))
    assert (await omneo.list_profiles(wire.client(), Window(0, 20), Filters())).total == 1


async def test_list_that_shrinks_while_it_is_read_ends_early() -> None:
    """The second page says less than the first promised: what is there is returned."""
    wire = Wire(listed(30, at_most=15), listed(15, at_most=15))
    page = await omneo.list_profiles(wire.client(), Window(0, 30), Filters())
    assert [row.first_name for row in page.rows] == [str(n) for n in range(15)]
