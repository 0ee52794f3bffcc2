"""The client of Omneo, over answers of every shape: what each is understood as."""

import json
from itertools import product
from typing import Any

import httpx
import pytest
from client_support import ADA, PROFILE, SECRET, Wire, fails, ok

import omneo
from omneo import Landed

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
