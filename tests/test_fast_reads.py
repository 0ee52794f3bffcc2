"""What libcurl does for reads besides what every transport does: connections, lines, repeats, trust."""

import asyncio
import contextlib
import re
import socket
import time
from pathlib import Path

import certifi
import pytest
from peer import OK, hang_up, own_certificate, peer, say_nothing, then_close
from transport_support import failure, get, open_transport

import omneo
from omneo.curl_handle import Trust
from omneo.curl_loop import CurlLoop
from omneo.errors import Landed
from omneo.fast_reads import CurlTransport
from omneo.transport import Answered, Begun, Failed, awaited
from telemetry import Trace


async def test_a_kept_connection_that_ends_wakes_the_loop_once() -> None:
    """Nobody uses it, so nobody looks at it: it must not be told again and again that it has ended."""
    transport = CurlTransport(8, Trust(), loop := CurlLoop(), loop)
    async with peer(then_close(OK), OK) as omneo_:
        await get(transport, omneo_.url)
        await asyncio.sleep(0.1)
        assert loop._epoll.poll(0) == []
        assert (await get(transport, omneo_.url)).status == 200
    await transport.aclose()


async def test_many_at_once_are_each_answered_with_their_own() -> None:
    talks: list[asyncio.Task[None] | None] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(path), path))
        writer.close()
        await writer.wait_closed()

    transport = open_transport("curl")
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(5):
        asked = [get(transport, f"http://127.0.0.1:{port}/{number}") for number in range(100)]
        assert [each.body for each in await asyncio.gather(*asked)] == [b"/%d" % number for number in range(100)]
    await transport.aclose()
    await asyncio.gather(*filter(None, talks))
    server.close()


@pytest.mark.parametrize("after_s", [0, 0.05])
async def test_closing_ends_what_is_under_way(after_s: float) -> None:
    """Whether it was sent, is about to be, or waits in line."""
    transport = open_transport("curl", in_flight=1)
    async with peer(say_nothing) as omneo_:
        waiting = [asyncio.create_task(get(transport, omneo_.url)) for _ in range(2)]
        await asyncio.sleep(after_s)
        await transport.aclose()
        for each in waiting:
            with pytest.raises(asyncio.CancelledError):
                await each


async def test_a_request_sent_again_is_counted() -> None:
    """libcurl repeats what goes out on a connection that was kept, and turns out to be closed; nothing else."""
    transport = open_transport("curl")
    async with peer(OK, hang_up, OK) as omneo_:
        assert [(await get(transport, omneo_.url)).repeats for _ in range(3)] == [0, 1, 0]
        assert len(omneo_.heads) == 4
    async with peer(OK, hang_up, hang_up) as omneo_:
        await get(transport, omneo_.url)
        with pytest.raises(omneo.Unavailable) as caught:
            await get(transport, omneo_.url)
        assert (caught.value.repeats, caught.value.landed) == (1, Landed.UNKNOWN)
        assert len(omneo_.heads) == 3
    await transport.aclose()


@pytest.mark.parametrize("name", ["curl", "curl off Linux"])
async def test_a_read_outlives_more_closed_connections_than_libcurl_tries(name: str) -> None:
    """As when a server restarts, or a proxy tidies up: the next read must not be told that Omneo is away."""

    async def answer_and_close(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)  # until all have come
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.05)

    transport = open_transport(name, in_flight=20)
    async with peer(*[answer_and_close] * 20, OK) as omneo_:
        await asyncio.gather(*[get(transport, omneo_.url) for _ in range(20)])
        assert omneo_.connections == 20
        await asyncio.sleep(0.1)
        answers = await asyncio.gather(*[get(transport, omneo_.url) for _ in range(2)])
        assert [(each.status, each.repeats > 0) for each in answers] == [(200, True)] * 2
        assert omneo_.connections == 22
    await transport.aclose()


@pytest.mark.parametrize("is_of_many", [False, True])
async def test_what_comes_unasked_is_not_the_answer_to_a_repeat(is_of_many: bool) -> None:
    """libcurl sends a request again by itself, on a kept connection, when its own turns out to be closed: not on one
    on which something has come in the same moment."""
    writers, talks = list[asyncio.StreamWriter](), list[asyncio.Task[None] | None]()
    is_evil = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        talks.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if is_evil.is_set():
                    is_evil.clear()
                    writer.transport.abort()
                    for other in writers:
                        if other is not writer:
                            other.write(OK.replace(b"ok", b"no"))
                    break
                await asyncio.sleep(0.02)  # so that two connections are needed
                writer.write(OK)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    transport = open_transport("curl")
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"

    async def get_one() -> omneo.Answer:
        def begin(answered: Answered, failed: Failed) -> Begun:
            request = omneo.Request("GET", url, {}, None, 5.0)
            return transport.begin(request, answered, failed, is_of_many=is_of_many)

        return await awaited(begin)

    for _ in range(10):
        await asyncio.gather(get_one(), get_one())
        is_evil.set()
        assert (await get_one()).body == b"ok"
    await transport.aclose()
    await asyncio.gather(*filter(None, talks))
    server.close()


@pytest.mark.parametrize(
    "stray", [OK.replace(b"ok", b"no"), b"HTTP/1.1 408 Timeout\r\ncontent-length: 0\r\n\r\n", b"?"]
)
@pytest.mark.parametrize("pause_s", [0.0, 0.1])
async def test_what_comes_unasked_is_nobodys_answer(stray: bytes, pause_s: float) -> None:
    """Sent once more, or late, on a connection that is kept: whoever asks next must not be given it."""

    async def twice(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(stray)
        await writer.drain()
        await asyncio.sleep(1)

    transport = open_transport("curl")
    async with peer(twice) as omneo_:
        for _ in range(4):
            assert (await get(transport, omneo_.url)).body == b"ok"
            await asyncio.sleep(0.04 + pause_s)
    assert omneo_.connections == 4
    await transport.aclose()


async def test_a_kept_connection_is_used_again_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that TLS says by itself is taken for something that came unasked."""
    tls = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    transport = open_transport("curl")
    async with peer(OK, tls=tls) as omneo_:
        for _ in range(4):
            assert (await get(transport, omneo_.url)).body == b"ok"
            await asyncio.sleep(0.05)
    assert omneo_.connections == 1
    await transport.aclose()


async def test_repeats_below_the_client_are_in_the_tally() -> None:
    answer = b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"data":{}}'
    async with peer(answer, hang_up, answer) as omneo_:
        root = omneo_.url.removesuffix("/x")
        upstream = omneo.Upstream(omneo.open_http(), api_url=root, id_url=root, token="t", reads=omneo.open_reads())
        trace = Trace.begin()
        client = upstream.as_service(trace)
        for _ in range(2):
            await client.get("/a", dict)
        assert (trace.tally.made, trace.tally.retried, len(omneo_.heads)) == (2, 1, 3)
        await upstream.aclose()


async def test_waiting_in_line_is_not_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting has a limit of its own, which is none for those who wait for a connection of others."""
    monkeypatch.setattr("omneo.curl_handle._CONNECT_MS", 200)

    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        writer.write(OK)

    transport = open_transport("curl", in_flight=1)
    async with peer(slowly, OK) as omneo_:
        answers = await asyncio.gather(*[get(transport, omneo_.url) for _ in range(3)])
    assert [each.body for each in answers] == [b"ok"] * 3
    await transport.aclose()


async def test_connecting_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes the connection: its queue is full."""
    monkeypatch.setattr("omneo.curl_handle._CONNECT_MS", 200)
    transport = open_transport("curl")
    with socket.socket() as deaf, contextlib.ExitStack() as queue:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(deaf.getsockname())
        begun = time.monotonic()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
        assert await failure(transport, url) == (omneo.TimedOut, Landed.NO, "no connection in time")
        assert time.monotonic() - begun < 2
    await transport.aclose()


async def test_a_path_goes_out_as_it_is_written() -> None:
    """No id, whatever it looks like, leads to another route."""
    transport = open_transport("curl")
    async with peer(OK) as omneo_:
        await get(transport, omneo_.url + "/../a/./b")
    assert omneo_.heads[0].startswith(b"GET /x/../a/./b HTTP/1.1")
    await transport.aclose()


async def test_a_cancelled_read_breaks_its_exchange_off() -> None:
    """It holds no place in the line any more."""
    transport = open_transport("curl", in_flight=1)
    async with peer(say_nothing, OK) as omneo_:
        waiting = asyncio.create_task(get(transport, omneo_.url, 5.0))
        await asyncio.sleep(0.2)
        waiting.cancel()
        assert (await get(transport, omneo_.url, 1.0)).body == b"ok"
    await transport.aclose()


async def test_an_answer_nobody_asked_for_is_nobodys() -> None:
    """What a server sends beyond its answer must not become the next caller's: httpx itself would take it so."""
    transport = open_transport("curl")
    async with peer(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother", OK) as omneo_:
        assert [(await get(transport, omneo_.url)).body for _ in range(2)] == [b"ok", b"ok"]
    await transport.aclose()


async def test_an_authority_of_the_system_is_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tls = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    transport = open_transport("curl")
    async with peer(OK, tls=tls) as omneo_:
        assert (await get(transport, omneo_.url)).body == b"ok"
    await transport.aclose()


def test_where_the_system_trusts_nobody_mozillas_authorities_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    trust = Trust()
    assert (trust.file, trust.folder) == (certifi.where(), None)


async def test_reads_go_over_their_own_transport_and_writes_never() -> None:
    """The transport of reads is never trusted with a write (ADR 9)."""
    async with peer(b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"data":{}}') as omneo_:
        http, reads = omneo.open_http(), Noting(omneo.open_reads())
        root = omneo_.url.removesuffix("/x")
        upstream = omneo.Upstream(http, api_url=root, id_url=root, token="t", reads=reads)
        client = upstream.as_service(Trace.begin())
        await client.get("/a", dict)
        await client.post("/b", {}, dict)
        await client.put("/c", {}, dict)
        await client.delete("/d")
        assert reads.methods == ["GET"]
        assert [re.findall(rb"[A-Z]+", head)[0] for head in omneo_.heads] == [b"GET", b"POST", b"PUT", b"DELETE"]
        await upstream.aclose()


class Noting:
    """Note what a transport is asked to send."""

    def __init__(self, inner: CurlTransport) -> None:
        self._inner = inner
        self.methods: list[str] = []

    async def send(self, request: omneo.Request) -> omneo.Answer:
        self.methods.append(request.method)
        return await self._inner.send(request)

    def begin(self, request: omneo.Request, answered: Answered, failed: Failed, *, is_of_many: bool = False) -> Begun:
        self.methods.append(request.method)
        return self._inner.begin(request, answered, failed, is_of_many=is_of_many)

    async def aclose(self) -> None:
        await self._inner.aclose()
