"""What libcurl does for reads besides what every transport does: connections, lines, repeats, trust."""

import asyncio
import contextlib
import gc
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import httpx
import pycurl
import pytest
from peer import OK, hang_up, own_certificate, peer, say_nothing, then_close
from transport_support import failure, get, open_transport

import omneo
from omneo.curl_handle import Handle, Trust
from omneo.curl_loop import CurlLoop
from omneo.errors import Landed
from omneo.fast_reads import CurlTransport
from omneo.reading import Reading
from omneo.transfers import Transfer
from omneo.transport import Answer, Answered, Begun, Failed
from telemetry import Trace


async def test_a_kept_connection_that_ends_wakes_the_loop_once() -> None:
    """Nobody uses it, so nobody looks at it: it must not be told again and again that it has ended."""
    transport = CurlTransport(8, Trust(), loop := CurlLoop())
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


class OneByOne:
    """Transfers that end when they are told to."""

    def __init__(self) -> None:
        self.running: list[Transfer] = []

    def setopt(self, option: int, value: int) -> None:
        pass

    def begin(self, curl: pycurl.Curl, transfer: Transfer) -> None:
        self.running.append(transfer)

    def break_off(self, curl: pycurl.Curl) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def test_a_place_given_to_one_who_leaves_goes_to_the_next() -> None:
    """Cancelled in the very moment its turn came, and was sent already."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne())
    first, second, third = [asyncio.create_task(get(transport, f"http://gateway/{number}")) for number in range(3)]
    await asyncio.sleep(0)
    assert len(transfers.running) == 1
    transfers.running[0].end(None)
    assert len(transfers.running) == 2
    second.cancel()
    await first
    await asyncio.sleep(0.01)
    assert second.cancelled()
    assert len(transfers.running) == 3
    transfers.running[2].end(None)
    await third


async def test_one_who_leaves_the_line_is_never_sent() -> None:
    transport = CurlTransport(1, Trust(), transfers := OneByOne())
    first, second, third = [asyncio.create_task(get(transport, f"http://gateway/{number}")) for number in range(3)]
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    transfers.running[0].end(None)
    transfers.running[1].end(None)
    await first
    await third
    assert second.cancelled()
    assert len(transfers.running) == 2


async def test_one_that_comes_alone_does_not_wait_for_the_many() -> None:
    """They are served by turns, so the many do not wait for ever either."""
    transport, order = CurlTransport(1, Trust(), transfers := OneByOne()), list[str]()

    def begin(name: str, *, is_of_many: bool) -> None:
        request = omneo.Request("GET", "http://gateway/x", {}, None, 5.0)
        transport.begin(request, lambda _: order.append(name), lambda _: order.append("failed"), is_of_many=is_of_many)

    for number in range(5):
        begin(f"many {number}", is_of_many=True)
    for number in range(3):
        begin(f"alone {number}", is_of_many=False)
    for place in range(8):
        transfers.running[place].end(None)
    assert order == ["many 0", "alone 0", "many 1", "alone 1", "many 2", "alone 2", "many 3", "many 4"]
    await transport.aclose()


async def test_whoever_waits_in_line_too_long_was_not_sent() -> None:
    """And leaves its place to those behind it."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne())
    first = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    third = asyncio.create_task(get(transport, "http://gateway/x"))
    late = await failure(transport, "http://gateway/x", 0.05)
    assert late == (omneo.TimedOut, Landed.NO, "no free connection in time")
    transfers.running[0].end(None)
    await first
    transfers.running[1].end(None)
    await third
    fourth = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    transfers.running[2].end(None)
    await fourth


async def test_one_that_cannot_be_asked_does_not_keep_the_others() -> None:
    """They are begun together; what is wrong with one is its own failure."""
    transport = open_transport("curl")
    async with peer(OK) as omneo_:
        asked = [get(transport, "nonsense://x"), get(transport, "http://\ud800/"), get(transport, omneo_.url)]
        wrong, odd, right = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(wrong, omneo.Unavailable)
    assert isinstance(odd, ValueError)
    assert right == omneo.Answer(200, b"ok")
    await transport.aclose()


@pytest.mark.parametrize("name", ["curl", "curl off Linux", "httpx"])
async def test_one_that_is_given_up_before_it_was_begun_is_never_sent(name: str) -> None:
    transport, told = open_transport(name), list[object]()
    async with peer(OK) as omneo_:
        transport.begin(omneo.Request("GET", omneo_.url, {}, None, 5.0), told.append, told.append).cancel()
        assert (await get(transport, omneo_.url)).body == b"ok"
        assert len(omneo_.heads) == 1
    assert told == []
    await transport.aclose()


@pytest.mark.parametrize("name", ["curl", "curl off Linux", "httpx"])
async def test_a_read_that_nobody_awaits_is_told_how_it_ended(name: str) -> None:
    """Its answer, or what would have been raised; nothing once it was given up."""
    transport, told = open_transport(name), list[object]()
    async with peer(hang_up, OK, say_nothing) as omneo_:
        for _ in range(2):
            transport.begin(omneo.Request("GET", omneo_.url, {}, None, 5.0), told.append, told.append)
            await asyncio.sleep(0.2)
        given_up = transport.begin(omneo.Request("GET", omneo_.url, {}, None, 0.5), told.append, told.append)
        await asyncio.sleep(0.2)
        given_up.cancel()
        given_up.cancel()
        await asyncio.sleep(0.5)
    error, answer = told
    assert answer == omneo.Answer(200, b"ok")
    assert isinstance(error, omneo.Unavailable)
    assert error.landed is Landed.UNKNOWN
    await transport.aclose()


async def test_whoever_is_late_in_line_is_not_sent_any_more() -> None:
    """Though its place comes before anyone has looked along the line."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne())
    first = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    late = asyncio.create_task(failure(transport, "http://gateway/x", 0.005))
    await asyncio.sleep(0.01)
    transfers.running[0].end(None)
    await first
    assert await late == (omneo.TimedOut, Landed.NO, "no free connection in time")
    assert len(transfers.running) == 1
    await transport.aclose()


async def test_what_is_told_wrong_keeps_no_other_from_being_told() -> None:
    """A bug in one caller is not the end of those whose answers came at the same time."""

    def bug(_: object) -> None:
        raise ValueError

    transport, told = open_transport("curl"), list[object]()
    async with peer(OK) as omneo_:
        request = omneo.Request("GET", omneo_.url, {}, None, 5.0)
        wrong = omneo.Request("GET", "http://\ud800/", {}, None, 5.0)
        for asked, answered in ((request, bug), (wrong, bug), (request, told.append), (wrong, told.append)):
            transport.begin(asked, answered, answered)
        await asyncio.sleep(0.3)
    assert len(told) == 2
    await transport.aclose()


@pytest.mark.parametrize("name", ["curl", "curl off Linux"])
async def test_one_that_ends_may_end_another(name: str) -> None:
    transport, told = open_transport(name, in_flight=4), list[object]()
    async with peer(OK) as omneo_:
        wrong = omneo.Request("GET", "http://\ud800/", {}, None, 5.0)
        others: list[Begun] = []
        transport.begin(wrong, told.append, lambda _: others[0].cancel())
        others.append(transport.begin(wrong, told.append, told.append))
        assert (await get(transport, omneo_.url)).body == b"ok"
    async with peer(say_nothing) as omneo_:
        silent = omneo.Request("GET", omneo_.url, {}, None, 5.0)
        transport.begin(silent, told.append, lambda _: others[1].cancel())
        others.append(transport.begin(silent, told.append, told.append))
        await asyncio.sleep(0.1)
        await transport.aclose()
    assert told == []


async def test_a_handle_that_cannot_be_had_costs_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = open_transport("curl", in_flight=1)
    async with peer(OK) as omneo_:
        with monkeypatch.context() as broken:
            broken.setattr("omneo.fast_reads.Handle", lambda _trust: [][0])
            asked = [asyncio.create_task(get(transport, omneo_.url)) for _ in range(2)]
            for each in asked:
                with pytest.raises(IndexError):
                    await each
        assert (await get(transport, omneo_.url)).body == b"ok"
    await transport.aclose()


@pytest.mark.parametrize("name", ["curl", "curl off Linux"])
async def test_a_read_that_is_over_leaves_nothing_to_collect(name: str) -> None:
    """Its handle and what has come of its answer would wait for a collection, which is rare where we serve."""
    transport = open_transport(name)
    not_found = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
    async with peer(OK, not_found, say_nothing) as omneo_:
        root = omneo_.url.removesuffix("/x")
        async with httpx.AsyncClient() as http:
            upstream = omneo.Upstream(http, api_url=root, id_url=root, token="t", reads=transport)
            asked: list[Callable[[omneo.Client], Any]] = [
                lambda client: client.get("/a", dict),
                lambda client: client.get("/a", dict),
                lambda client: client.get("/a", dict),
                lambda client: client.get_each("/a/{a}", dict, [({"a": number}, ()) for number in range(50)]),
            ]
            for ask in asked:
                gc.collect()
                gc.disable()
                try:
                    task = asyncio.create_task(ask(upstream.as_service(Trace.begin())))
                    await asyncio.wait([task], timeout=0.2)
                    task.cancel()
                    await asyncio.wait([task])
                    with contextlib.suppress(omneo.OmneoError, asyncio.CancelledError):
                        task.exception()
                    del task
                    await asyncio.sleep(0)
                    left = [
                        each
                        for each in _unreachable()
                        if isinstance(each, omneo.OmneoError | Answer | Handle | Reading)
                    ]
                finally:
                    gc.enable()
                assert left == []
    await transport.aclose()


def _unreachable() -> list[Any]:
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    found = [*gc.garbage]
    gc.garbage.clear()
    return found


async def test_whoever_reads_is_told_when_reading_is_over_for_good() -> None:
    """As is who joined them, and who is about to repeat."""
    failing = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
    async with peer(failing, say_nothing) as omneo_, httpx.AsyncClient() as http:
        root = omneo_.url.removesuffix("/x")
        upstream = omneo.Upstream(http, api_url=root, id_url=root, token="t", reads=open_transport("curl", in_flight=2))
        asked = []
        for path in ("/a", "/a", "/a", "/b", "/b", "/c", "/d", "/d"):
            client = upstream.as_service(Trace.begin())
            client.joins = True
            asked.append(asyncio.create_task(client.get(path, dict)))
        await asyncio.sleep(0.3)
        await upstream.reads.aclose()
        done, pending = await asyncio.wait(asked, timeout=3)
        assert not pending
        for each in done:
            assert each.cancelled() or isinstance(each.exception(), omneo.Unavailable)
