"""The short way to an answer keeps HTTP's promises: connections kept and closed, order, clients that read slowly."""

import asyncio
import gc
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from http_support import DEVELOPMENT, on_socket

from config import Settings
from gateway import create_app

QUERY = b'{"query":"{ __typename }"}'
ANSWER = b'{"data":{"__typename":"Query"}}'


def post(*headers: bytes, version: bytes = b"1.1", body: bytes = QUERY) -> bytes:
    lines = [b"POST /graphql HTTP/" + version, b"host: gateway", b"content-type: application/json", *headers]
    lines += [b"authorization: Bearer sandbox-service-key", b"content-length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Line:
    """One connection, whose bytes are looked at as they come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self) -> tuple[bytes, bytes]:
        """Read one answer: its head, and its body by the length it tells."""
        async with asyncio.timeout(5):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return head.lower(), await self.reader.readexactly(length)

    async def is_closed(self) -> bool:
        async with asyncio.timeout(5):
            is_at_end = await self.reader.read() == b""
        self.writer.close()
        return is_at_end


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    async with on_socket(create_app(Settings.from_environ(DEVELOPMENT))) as bound:
        yield bound


async def line(address: tuple[str, int]) -> Line:
    return Line(*await asyncio.open_connection(*address))


async def test_answer_comes_whole_and_the_connection_stays(address: tuple[str, int]) -> None:
    """Head and body in one piece; date, type, length and id in the head; the next request on the same connection."""
    client = await line(address)
    for _ in range(3):
        client.writer.write(post(b"x-request-id: till-7"))
        async with asyncio.timeout(5):
            piece = await client.reader.read(65536)
        head, _, body = piece.partition(b"\r\n\r\n")
        assert body == ANSWER
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        for wanted in (
            b"date: ",
            b"content-type: application/json",
            b"cache-control: no-store",
            b"x-request-id: till-7",
        ):
            assert wanted in head.lower()
        assert b"connection:" not in head.lower()
    client.writer.close()


@pytest.mark.parametrize("request_bytes", [post(b"connection: close"), post(version=b"1.0")])
async def test_connection_that_is_to_end_ends(address: tuple[str, int], request_bytes: bytes) -> None:
    client = await line(address)
    client.writer.write(request_bytes)
    head, body = await client.answer()
    assert (b"connection: close" in head, body) == (True, ANSWER)
    assert await client.is_closed()


async def test_body_that_comes_in_pieces_is_waited_for(address: tuple[str, int]) -> None:
    client, request = await line(address), post()
    for start in range(0, len(request), 40):
        client.writer.write(request[start : start + 40])
        await asyncio.sleep(0.005)
    assert (await client.answer())[1] == ANSWER
    chunked = post().replace(b"content-length: %d" % len(QUERY), b"transfer-encoding: chunked")[: -len(QUERY)]
    client.writer.write(chunked + b"%x\r\n" % len(QUERY) + QUERY + b"\r\n0\r\n\r\n")
    assert (await client.answer())[1] == ANSWER
    client.writer.close()


async def test_whoever_waits_for_leave_to_send_gets_it(address: tuple[str, int]) -> None:
    client, request = await line(address), post(b"expect: 100-continue")
    client.writer.write(request[: -len(QUERY)])
    async with asyncio.timeout(5):
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.writer.write(QUERY)
    assert (await client.answer())[1] == ANSWER
    client.writer.close()


async def test_requests_sent_ahead_of_their_answers_are_answered_in_order(address: tuple[str, int]) -> None:
    """Also where the client is slow to read: what does not fit waits."""
    client = await line(address)
    bodies = [json.dumps({"query": f"{{ q{n}: __typename }}"}).encode() for n in range(40)]
    client.writer.write(b"".join(post(body=body) for body in bodies))
    await asyncio.sleep(0.2)
    for number in range(40):
        assert (await client.answer())[1] == b'{"data":{"q%d":"Query"}}' % number
    client.writer.close()


CHUNKED = post().replace(b"content-length: %d" % len(QUERY), b"transfer-encoding: chunked")[: -len(QUERY)]


@pytest.mark.parametrize("wrong", [b"NONSENSE\r\n\r\n", CHUNKED + b"ZZ\r\n"], ids=["its head", "its body"])
@pytest.mark.parametrize("ahead", [1, 3])
async def test_what_goes_wrong_after_good_requests_is_refused_after_their_answers(
    address: tuple[str, int], wrong: bytes, ahead: int
) -> None:
    """In its turn, so that nobody takes the refusal for the answer to another."""
    client, bystander = await line(address), await line(address)
    client.writer.write(post() * ahead + wrong)
    bystander.writer.write(post())
    for _ in range(ahead):
        assert (await client.answer())[1] == ANSWER
    head, _ = await client.answer()
    assert head.startswith(b"http/1.1 400 ")
    assert await client.is_closed()
    assert (await bystander.answer())[1] == ANSWER
    bystander.writer.close()


async def test_web_page_of_another_origin_reads_answers_on_a_socket() -> None:
    """What middleware adds to an answer is in it, whichever way it goes."""
    settings = Settings.from_environ(DEVELOPMENT | {"CORS_ORIGINS": "https://shop.example"})
    async with on_socket(create_app(settings)) as address:
        client = await line(address)
        for body in (QUERY, b'{"query":"{"}'):
            client.writer.write(post(b"origin: https://shop.example", body=body))
            head, _ = await client.answer()
            assert b"access-control-allow-origin: https://shop.example" in head
        client.writer.close()


async def test_each_request_of_a_connection_is_judged_by_its_own_head(address: tuple[str, int]) -> None:
    """What is remembered of a head is good for the same head alone."""
    client, good = await line(address), post()
    requests = {
        200: good,
        401: good.replace(b"sandbox-service-key", b"sandbox-service-kex"),
        415: good.replace(b"application/json", b"application/form"),
        406: good.replace(b"host: gateway", b"host: gateway\r\naccept: image/png"),
        400: good.replace(b"host: gateway\r\n", b""),
        405: good.replace(b"POST", b"PUT"),
    }
    for status, request in requests.items():
        for _ in range(2):
            client.writer.write(good)
            assert b" 200 " in (await client.answer())[0]
            client.writer.write(request)
            assert b" %d " % status in (await client.answer())[0][:16]
    client.writer.write(good)
    assert b"upstream" not in (await client.answer())[1]
    client.writer.write(post(b"x-upstream-report: 1"))
    assert b"upstream" in (await client.answer())[1]
    client.writer.close()


async def test_key_that_expires_ends_within_a_connection(tmp_path: Path) -> None:
    """However often its head was judged before."""
    ends = datetime.now(UTC) + timedelta(seconds=1)
    key = {
        "name": "till",
        "sha256": hashlib.sha256(b"a-till").hexdigest(),
        "scopes": ["*"],
        "expires": ends.isoformat(),
    }
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key]}))
    settings = Settings.from_environ(DEVELOPMENT | {"SERVICE_KEYS_FILE": str(tmp_path / "keys.json")})
    async with on_socket(create_app(settings)) as address:
        client, request = await line(address), post().replace(b"sandbox-service-key", b"a-till")
        for wait_s, status in ((0, b"200"), (0, b"200"), (1.1, b"401")):
            await asyncio.sleep(wait_s)
            client.writer.write(request)
            assert status in (await client.answer())[0][:16]
        client.writer.close()


@pytest.mark.parametrize("pause_s", [0.0002, 0.02])
async def test_small_head_behind_a_large_body_is_a_small_head(address: tuple[str, int], pause_s: float) -> None:
    """Whatever pieces they come in: what went before is not counted as its own."""
    client = await line(address)
    large = json.dumps({"query": "query A { __typename }", "variables": {"x": "y" * 40_000}}).encode()
    first, second = post(body=large), post(body=b'{"query":"{ b: __typename }"}')
    stream, start = first + second, 0
    for end in (len(first) - 30_000, len(first) + 30, len(first) + 50, len(stream)):
        client.writer.write(stream[start:end])
        start = end
        await asyncio.sleep(pause_s)
    assert (await client.answer())[1] == ANSWER
    assert (await client.answer())[1] == b'{"data":{"b":"Query"}}'
    client.writer.close()


async def test_requests_leave_nothing_to_the_garbage_collector(address: tuple[str, int]) -> None:
    """A cycle for each would have the collector stop everyone now and then."""
    client = await line(address)
    client.writer.write(post())
    await client.answer()
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            client.writer.write(post())
            await client.answer()
        assert gc.collect() < 50
    finally:
        gc.enable()
    client.writer.close()
