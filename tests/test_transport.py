"""The seam under the client, over real sockets: what is answered, and the truth of failures."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from peer import OK, Speak, drip, endless, hang_up, own_certificate, peer, reset, say_nothing, then_close
from transport_support import failure, get, open_transport

import omneo
from omneo.errors import Landed
from omneo.transport import MAX_ANSWER_BYTES


@pytest.fixture(params=["curl", "curl off Linux", "httpx"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[omneo.Transport]:
    """One transport after the other."""
    opened = open_transport(request.param)
    yield opened
    await opened.aclose()


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


@pytest.mark.filterwarnings("ignore:.*SSL.*:ResourceWarning")
async def test_a_certificate_nobody_vouches_for_is_refused(transport: omneo.Transport, tmp_path: Path) -> None:
    """Nothing is sent to whoever cannot prove to be Omneo."""
    async with peer(OK, tls=own_certificate(tmp_path)) as omneo_:
        assert await failure(transport, omneo_.url) == (omneo.Unavailable, Landed.NO, "no connection")
    assert omneo_.heads == []
