"""Clients that do not keep to HTTP: each gets a clear 4xx or a closed connection, and nobody else notices."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from graphql import get_introspection_query
from http_support import DEVELOPMENT, on_socket

from config import Settings
from gateway import create_app
from serving.protocol import HeadLimits

HEAD = (
    b"POST /graphql HTTP/1.1\r\nhost: x\r\n"
    b"authorization: Bearer sandbox-service-key\r\ncontent-type: application/json\r\n"
)
ANONYMOUS = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
QUERY = b'{"query":"{__typename}"}'
SIZED = b"content-length: %d\r\n\r\n" % len(QUERY) + QUERY
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
IN_ONE_CHUNK = b"%x\r\n" % len(QUERY) + QUERY + b"\r\n0\r\n"
CLOSE = b"connection: close\r\n"


@asynccontextmanager
async def gateway(**settings: str) -> AsyncIterator[tuple[str, int]]:
    """Serve the gateway on a socket, in a hurry."""
    app = create_app(Settings.from_environ(DEVELOPMENT | {"LIMIT_BODY_S": "0.3"} | settings))
    async with on_socket(app, HeadLimits(seconds=0.3)) as address:
        yield address


async def talk(address: tuple[str, int], pieces: Iterable[bytes], *, pause_s: float = 0.0) -> bytes:
    """Send pieces, reading all the while, and return what came back until the server closed, 20 s at most."""
    reader, writer = await asyncio.open_connection(*address)

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    sending = asyncio.create_task(send())
    answer = b""
    try:
        async with asyncio.timeout(20):
            while part := await reader.read(65536):
                answer += part
    except ConnectionResetError:
        pass
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD + b"content-length: 24\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        HEAD + b"content-length: 24\r\ncontent-length: 25\r\n\r\n" + QUERY,
        HEAD + b"content-length: +24\r\n\r\n" + QUERY,
        HEAD + b"content-length: -1\r\n\r\n" + QUERY,
        HEAD + b"content-length: 24, 24\r\n\r\n" + QUERY,
        HEAD + b"content-length: " + b"9" * 30 + b"\r\n\r\n" + QUERY,
        HEAD + b"transfer-encoding: xchunked\r\n\r\n" + QUERY,
        HEAD + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD + CHUNKED + b"zz\r\n",
        HEAD + b"x-a: a\x00b\r\n" + SIZED,
        HEAD.replace(b"authorization:", b"authorization :") + SIZED,
        HEAD.replace(b": Bearer ", b": Bearer\r\n ") + SIZED,
        (HEAD + SIZED).replace(b"\r\n", b"\n"),
        ANONYMOUS.replace(b"host: x\r\n", b"") + CLOSE + SIZED,
        HEAD + b"host: y\r\n" + CLOSE + SIZED,
        HEAD + b"authorization: Bearer a.b.c\r\n" + CLOSE + SIZED,
        HEAD + b"content-type: text/plain\r\n" + CLOSE + SIZED,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 400,
        "GET /graphql?query={é} HTTP/1.1\r\nhost: x\r\n\r\n".encode(),
    ],
    ids=lambda value: repr(value)[-40:],
)
async def test_what_two_could_read_differently_is_400(request_bytes: bytes) -> None:
    """Nothing that a proxy in front could understand otherwise is guessed at; the refusal has a code."""
    async with gateway() as address:
        answer = await talk(address, [request_bytes])
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("wish", [b"Upgrade: h2c", b"upgrade: websocket", b"UPGRADE: x"])
@pytest.mark.parametrize("at", [0, 24])
async def test_a_wish_to_speak_another_protocol_is_ignored(wish: bytes, at: int) -> None:
    """Some clients send it with every request. What follows the head is its body, and never another request."""
    last = HEAD + b"connection: Upgrade, HTTP2-Settings, close\r\n" + wish + b"\r\n"
    async with gateway() as address:
        whole = last + SIZED
        assert status(await talk(address, [whole[: len(whole) - at], whole[len(whole) - at :]], pause_s=0.05)) == 200
        inner = HEAD + SIZED
        smuggled = last + b"content-length: %d\r\n\r\n" % len(inner)
        answer = await talk(address, [smuggled, inner], pause_s=0.05)
        assert (status(answer), answer.count(b"HTTP/1.1 ")) == (400, 1)
        first = last.replace(b", close", b"") + SIZED
        assert (await talk(address, [first + HEAD + CLOSE + SIZED])).count(b"HTTP/1.1 200") == 2


async def test_a_wish_that_comes_in_pieces_is_refused() -> None:
    """Then the parser has seen it, and no longer speaks HTTP."""
    head = HEAD + b"connection: Upgrade\r\nUpgrade: h2c\r\n" + b"content-length: %d\r\n\r\n" % len(HEAD + SIZED)
    cut = head.index(b"rade: h2c")
    async with gateway() as address:
        answer = await talk(address, [head[:cut], head[cut:], HEAD + SIZED], pause_s=0.05)
    assert (status(answer), answer.count(b"HTTP/1.1 ")) == (400, 1)


async def test_what_follows_a_body_is_no_header() -> None:
    """A credential in a trailer is none, and trailers without end are cut off."""
    async with gateway(LIMIT_BODY_S="5") as address:
        trailing = IN_ONE_CHUNK + b"authorization: Bearer sandbox-service-key\r\n\r\n"
        assert status(await talk(address, [ANONYMOUS + CLOSE + CHUNKED, trailing])) == 401
        assert status(await talk(address, [ANONYMOUS + CLOSE + CHUNKED + trailing])) == 401
        assert status(await talk(address, [HEAD + CLOSE + CHUNKED + IN_ONE_CHUNK + b"x-a: b\r\n\r\n"])) == 200
        began = time.monotonic()
        await talk(address, [HEAD + CHUNKED + IN_ONE_CHUNK, *([b"a: " + b"b" * 8000 + b"\r\n"] * 1000)])
        assert time.monotonic() - began < 4


async def test_trailers_without_end_after_the_answer_are_cut_off() -> None:
    """Whoever is refused before their body has ended gets one answer, and no memory of ours for what follows it."""
    app = create_app(Settings.from_environ(DEVELOPMENT))
    async with on_socket(app, HeadLimits(seconds=30)) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(ANONYMOUS + CHUNKED + b"1\r\n{\r\n")
        assert status(await reader.readuntil(b"\r\n\r\n")) == 401
        writer.write(b"0\r\n")
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                for _ in range(1000):
                    writer.write(b"a: " + b"b" * 8000 + b"\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.001)
                pytest.fail("eight megabytes of trailers were taken")
            assert b"HTTP/1.1" not in await reader.read()
        writer.close()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([HEAD + b"content-length: 100\r\n\r\n", *([b"x"] * 50)], b" 408 "),
        ([HEAD + b"expect: 100-continue\r\ncontent-length: 24\r\n\r\n"], b" 408 "),
        ([HEAD + CHUNKED + b"1;", *([b"a" * 1000] * 100)], b" 408 "),
        ([HEAD + CHUNKED, *([b"1\r\nx\r\n"] * 50)], b" 408 "),
        ([HEAD, *([b"x-a: b\r\n"] * 50)], b" 408 "),
        ([b"P", b"O", b"S", b"T", *([b" "] * 50)], b" 408 "),
        ([b""], b""),
    ],
    ids=["body", "continue", "chunk extension", "chunks", "headers", "request line", "nothing"],
)
async def test_what_comes_slowly_is_cut_off(pieces: list[bytes], expected: bytes) -> None:
    """Drop by drop, or not at all; the connection is closed, so that it holds nothing."""
    async with gateway() as address:
        began = time.monotonic()
        answer = await talk(address, pieces, pause_s=0.05)
    assert expected in answer
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    "head", [HEAD + b"content-length: 10000000000\r\n\r\n", HEAD + CHUNKED], ids=["announced", "endless"]
)
async def test_body_without_end_is_refused_and_not_kept(head: bytes) -> None:
    chunk = b"%x\r\n" % 60_000 + b"x" * 60_000 + b"\r\n"
    async with gateway(LIMIT_BODY_S="2") as address:
        answer = await talk(address, [head, *([chunk] * 300)])
    assert status(answer) == 413


async def test_requests_sent_ahead_are_answered_in_order_and_not_without_end() -> None:
    async with gateway() as address:
        few = await talk(address, [(HEAD + SIZED) * 30 + HEAD + CLOSE + SIZED])
        assert few.count(b" 200 OK") == 31
        many = await talk(address, [(HEAD + SIZED) * 2000])
        assert many.count(b" 200 OK") < 500


async def test_client_that_does_not_read_is_let_go() -> None:
    """Its answer waits for it and holds up nobody: others are served meanwhile."""
    operation = b'{"query":"{__schema{types{name description fields{name description}}}}"}'
    body = b"[" + b",".join([operation] * 8) + b"]"
    async with gateway(LIMIT_BATCH="8") as address:
        reader, writer = await asyncio.open_connection(*address, limit=1024)
        try:
            writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
            reader._transport.pause_reading()  # type: ignore[attr-defined]  # asyncio has no public way not to read
            await asyncio.sleep(0.5)
            assert status(await talk(address, [HEAD + CLOSE + SIZED])) == 200
        finally:
            writer.close()


@pytest.mark.parametrize(("count", "is_slow"), [(45, False), (12, True)])
async def test_client_that_asks_and_asks_and_never_reads_is_let_go(count: int, is_slow: bool) -> None:
    """Nothing is worked on for it any more; one that reads slowly gets everything."""
    body = json.dumps({"query": get_introspection_query()}).encode()
    app = create_app(Settings.from_environ(DEVELOPMENT))
    async with on_socket(app, HeadLimits(unread_s=0.3)) as address:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, address)
            await loop.sock_sendall(client, (HEAD + b"content-length: %d\r\n\r\n" % len(body) + body) * count)
            answers, ends = b"", time.monotonic() + 15
            if not is_slow:
                await asyncio.sleep(4)
            while is_slow and answers.count(b"HTTP/1.1 200") < count and time.monotonic() < ends:
                answers += await loop.sock_recv(client, 400_000)
                await asyncio.sleep(0.002)
            assert (answers.count(b"HTTP/1.1 200") == count) == is_slow
            assert app.state.metrics.in_flight == 0


async def test_path_is_taken_as_it_is() -> None:
    """No redirect to a host of the client's naming; encoded letters are the same path, a slash more is not."""
    async with gateway() as address:
        slash = HEAD.replace(b"/graphql", b"/graphql/").replace(b"host: x", b"host: evil.example")
        answer = await talk(address, [slash + CLOSE + SIZED])
        assert status(answer) == 404
        assert b"evil" not in answer
        assert status(await talk(address, [HEAD.replace(b"/graphql", b"/%67raphql") + CLOSE + SIZED])) == 200


async def test_half_a_request_and_many_silent_connections_harm_nobody() -> None:
    async with gateway() as address:
        opened = [await asyncio.open_connection(*address) for _ in range(200)]
        for position, (_, writer) in enumerate(opened):
            writer.write(HEAD[: position % len(HEAD)])
        assert status(await talk(address, [HEAD + CLOSE + SIZED])) == 200
        await asyncio.sleep(0.6)
        async with asyncio.timeout(5):
            await asyncio.gather(*(reader.read() for reader, _ in opened), return_exceptions=True)
        for _, writer in opened:
            writer.close()
