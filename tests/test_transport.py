"""The seam under the client, over real sockets: what is answered, and the truth of failures."""

import asyncio
import contextlib
import gzip
import re
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import certifi
import pytest
from peer import OK, Speak, drip, endless, hang_up, own_certificate, peer, reset, say_nothing, then_close

import omneo
from omneo.curl_loop import CurlLoop
from omneo.errors import Landed
from omneo.fast_reads import CurlTransport, Trust
from omneo.transfers import PortableTransfers, Transfer
from omneo.transport import MAX_ANSWER_BYTES, HttpxTransport
from telemetry import Trace


@pytest.fixture(params=["curl", "curl off Linux", "httpx"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[omneo.Transport]:
    """One transport after the other."""
    opened = open_transport(request.param)
    yield opened
    await opened.aclose()


def open_transport(name: str, in_flight: int = 8) -> omneo.Transport:
    if name == "httpx":
        return HttpxTransport(omneo.open_http(connections=in_flight), in_flight=in_flight)
    if name == "curl off Linux":
        return CurlTransport(in_flight, Trust(), PortableTransfers())
    return omneo.open_reads(connections=in_flight)


async def get(transport: omneo.Transport, url: str, timeout_s: float = 5.0) -> omneo.Answer:
    headers = {"authorization": "Bearer one", "accept": "application/json", "user-agent": "us"}
    return await transport.send(omneo.Request("GET", url, headers, None, timeout_s))


async def failure(transport: omneo.Transport, url: str, timeout_s: float = 5.0) -> tuple[type, Landed, str]:
    with pytest.raises(omneo.OmneoError) as caught:
        await get(transport, url, timeout_s)
    return type(caught.value), caught.value.landed, caught.value.detail


async def test_an_answer_is_status_and_bytes(transport: omneo.Transport) -> None:
    """Whatever it says; and what is sent is what was asked to be sent, with no header of anybody else's."""
    async with peer(OK) as omneo_:
        answer = await get(transport, omneo_.url + "?a%5Bb%5D=1%2C2")
    assert answer == omneo.Answer(200, b"ok")
    first, *lines = omneo_.heads[0].decode().removesuffix("\r\n\r\n").split("\r\n")
    assert first == "GET /x?a%5Bb%5D=1%2C2 HTTP/1.1"
    names = {line.partition(":")[0].lower() for line in lines}
    assert names - {"connection"} == {"host", "authorization", "accept", "user-agent", "accept-encoding"}


async def test_a_body_in_pieces_is_whole(transport: omneo.Transport) -> None:
    async def pieces(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(b"3\r\nyes\r\n0\r\n\r\n")
        await writer.drain()

    async with peer(pieces) as omneo_:
        assert await get(transport, omneo_.url) == omneo.Answer(200, b"okyes")


async def test_a_packed_body_is_unpacked(transport: omneo.Transport) -> None:
    packed = gzip.compress(b"ok" * 1000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with peer(head + packed) as omneo_:
        assert (await get(transport, omneo_.url)).body == b"ok" * 1000


async def test_no_content_and_no_redirect(transport: omneo.Transport) -> None:
    """204 is an empty body; a redirect is an answer, and is not followed with the credential."""
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with peer(b"HTTP/1.1 204 No Content\r\n\r\n", moved) as omneo_:
        assert await get(transport, omneo_.url) == omneo.Answer(204, b"")
        assert (await get(transport, omneo_.url)).status == 302
    assert len(omneo_.heads) == 2


async def test_retry_after_is_handed_on(transport: omneo.Transport) -> None:
    """Also beside a header that is not text."""
    limited = b"HTTP/1.1 429 No\r\nx-odd: \xff\xfe\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n"
    async with peer(limited) as omneo_:
        assert await get(transport, omneo_.url) == omneo.Answer(429, b"", "7")


async def test_no_cookie_is_kept(transport: omneo.Transport) -> None:
    """A cookie set for one member must not go out with another's token."""
    async with peer(b"HTTP/1.1 200 OK\r\nset-cookie: session=1\r\ncontent-length: 2\r\n\r\nok") as omneo_:
        await get(transport, omneo_.url)
        await get(transport, omneo_.url)
    assert [b"cookie" in head.lower() for head in omneo_.heads] == [False, False]


async def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, and no credential from a .netrc."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("curl", "httpx"):
        transport = open_transport(name)
        async with peer(OK) as omneo_:
            assert (await get(transport, omneo_.url)).status == 200
        assert b"bearer one" in omneo_.heads[0].lower()
        await transport.aclose()


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (hang_up, omneo.Unavailable, "connection lost"),
        (reset, omneo.Unavailable, "connection lost"),
        (then_close(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"), omneo.Unavailable, "connection lost"),
        (
            then_close(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf"),
            omneo.Unavailable,
            "connection lost",
        ),
        (then_close(b"\x00\x01 no HTTP\r\n\r\n"), omneo.Unavailable, "connection lost"),
        (
            then_close(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
            omneo.Unavailable,
            "connection lost",
        ),
        (then_close(b"HTTP/1.1 200 OK\r\nx: " + b"a" * 2_000_000 + b"\r\n\r\n"), omneo.Unavailable, "connection lost"),
        (
            then_close(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"),
            omneo.Invalid,
            "answer unreadable",
        ),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n"), omneo.Invalid, "answer too large"),
        (endless(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n"), omneo.Invalid, "answer too large"),
    ],
    ids=["hang-up", "reset", "half", "half-chunk", "no-http", "two-lengths", "big-head", "no-gzip", "endless", "large"],
)
async def test_an_answer_that_is_none_says_what_happened(
    transport: omneo.Transport, answer: Speak, kind: type, detail: str
) -> None:
    """The request was read, so nothing is known of what became of it."""
    async with peer(answer) as omneo_:
        assert await failure(transport, omneo_.url) == (kind, Landed.UNKNOWN, detail)


async def test_a_small_answer_may_unpack_to_no_more_than_the_limit(transport: omneo.Transport) -> None:
    packed = gzip.compress(bytes(2 * MAX_ANSWER_BYTES), 9)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with peer(head + packed) as omneo_:
        assert await failure(transport, omneo_.url) == (omneo.Invalid, Landed.UNKNOWN, "answer too large")


async def test_the_largest_answer_is_read_whole(transport: omneo.Transport) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % MAX_ANSWER_BYTES
    async with peer(head + b"x" * MAX_ANSWER_BYTES) as omneo_:
        assert len((await get(transport, omneo_.url)).body) == MAX_ANSWER_BYTES


@pytest.mark.parametrize("answer", [say_nothing, drip], ids=["silent", "dripping"])
async def test_the_deadline_bounds_the_whole_exchange(transport: omneo.Transport, answer: Speak) -> None:
    async with peer(answer) as omneo_:
        begun = time.monotonic()
        assert await failure(transport, omneo_.url, 0.3) == (omneo.TimedOut, Landed.UNKNOWN, "no answer in time")
        assert 0.25 < time.monotonic() - begun < 3


@pytest.mark.parametrize("name", ["curl", "httpx"])
async def test_the_deadline_bounds_the_wait_for_a_connection(name: str) -> None:
    """As many exchanges as allowed are under way; the next waits in line, and was never sent."""
    transport = open_transport(name, in_flight=2)
    async with peer(say_nothing) as omneo_:
        others = [asyncio.create_task(failure(transport, omneo_.url, 1.0)) for _ in range(2)]
        await asyncio.sleep(0.2)
        assert await failure(transport, omneo_.url, 0.3) == (
            omneo.TimedOut,
            Landed.NO,
            "no free connection in time",
        )
        await asyncio.gather(*others)
        assert len(omneo_.heads) == 2
    await transport.aclose()


async def test_refused_and_unknown_hosts_were_sent_nothing(transport: omneo.Transport) -> None:
    for url in ("http://127.0.0.1:9/x", "http://no-such-host.invalid/x"):
        assert await failure(transport, url) == (omneo.Unavailable, Landed.NO, "no connection")


async def test_connections_are_kept_and_stale_ones_replaced(transport: omneo.Transport) -> None:
    """Answers share a connection; one that the server has closed meanwhile is noticed, not stumbled over."""
    async with peer(OK, OK, then_close(OK), OK) as omneo_:
        for _ in range(3):
            assert (await get(transport, omneo_.url)).status == 200
        assert omneo_.connections == 1
        await asyncio.sleep(0.1)
        assert (await get(transport, omneo_.url)).status == 200
        assert omneo_.connections == 2


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
    monkeypatch.setattr("omneo.fast_reads._CONNECT_MS", 200)

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
    monkeypatch.setattr("omneo.fast_reads._CONNECT_MS", 200)
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


async def test_a_cancelled_read_stops_waiting_at_once(transport: omneo.Transport) -> None:
    async with peer(say_nothing, OK) as omneo_:
        waiting = asyncio.create_task(get(transport, omneo_.url, 2.0))
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert time.monotonic() - begun < 0.5
        assert (await get(transport, omneo_.url)).body == b"ok"


async def test_an_answer_nobody_asked_for_is_nobodys() -> None:
    """What a server sends beyond its answer must not become the next caller's: httpx itself would take it so."""
    transport = open_transport("curl")
    async with peer(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother", OK) as omneo_:
        assert [(await get(transport, omneo_.url)).body for _ in range(2)] == [b"ok", b"ok"]
    await transport.aclose()


@pytest.mark.filterwarnings("ignore:.*SSL.*:ResourceWarning")
async def test_a_certificate_nobody_vouches_for_is_refused(transport: omneo.Transport, tmp_path: Path) -> None:
    """Nothing is sent to whoever cannot prove to be Omneo."""
    async with peer(OK, tls=own_certificate(tmp_path)) as omneo_:
        assert await failure(transport, omneo_.url) == (omneo.Unavailable, Landed.NO, "no connection")
    assert omneo_.heads == []


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

    async def aclose(self) -> None:
        await self._inner.aclose()


class OneByOne:
    """Transfers that end when they are told to."""

    def __init__(self) -> None:
        self.running: list[asyncio.Future[omneo.Answer]] = []

    def setopt(self, option: int, value: int) -> None:
        pass

    def run(self, transfer: Transfer) -> asyncio.Future[omneo.Answer]:
        self.running.append(asyncio.get_running_loop().create_future())
        return self.running[-1]

    def break_off(self, transfer: Transfer) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def test_a_place_given_to_one_who_leaves_goes_to_the_next() -> None:
    """Cancelled in the very moment its turn came, before it could take it."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne())
    first, second, third = [asyncio.create_task(get(transport, "http://gateway/x")) for _ in range(3)]
    await asyncio.sleep(0)
    transfers.running[0].set_result(omneo.Answer(200, b""))
    asyncio.get_running_loop().call_soon(second.cancel)
    await first
    await asyncio.sleep(0.01)
    assert second.cancelled()
    assert len(transfers.running) == 2
    transfers.running[1].set_result(omneo.Answer(200, b"third"))
    assert (await third).body == b"third"


async def test_whoever_waits_in_line_too_long_was_not_sent() -> None:
    """And leaves its place to those behind it."""
    transport = CurlTransport(1, Trust(), transfers := OneByOne())
    first = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    third = asyncio.create_task(get(transport, "http://gateway/x"))
    late = await failure(transport, "http://gateway/x", 0.05)
    assert late == (omneo.TimedOut, Landed.NO, "no free connection in time")
    transfers.running[0].set_result(omneo.Answer(200, b"first"))
    assert (await first).body == b"first"
    await asyncio.sleep(0)
    transfers.running[1].set_result(omneo.Answer(200, b"third"))
    assert (await third).body == b"third"
    fourth = asyncio.create_task(get(transport, "http://gateway/x"))
    await asyncio.sleep(0)
    transfers.running[2].set_result(omneo.Answer(200, b"fourth"))
    assert (await fourth).body == b"fourth"


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


async def test_one_that_is_given_up_before_it_was_begun_is_never_sent() -> None:
    transport = open_transport("curl")
    async with peer(OK) as omneo_:
        given_up = asyncio.create_task(get(transport, omneo_.url))
        await asyncio.sleep(0)
        given_up.cancel()
        assert (await get(transport, omneo_.url)).body == b"ok"
        assert given_up.cancelled()
        assert omneo_.connections == 1
    await transport.aclose()
