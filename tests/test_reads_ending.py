"""How reads over libcurl end that nobody awaits, or that end oddly: each is told, and none at another's cost."""

import asyncio
import contextlib
import gc
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from peer import OK, hang_up, peer, say_nothing
from transport_support import get, open_transport

import omneo
from omneo.curl_handle import Handle
from omneo.errors import Landed
from omneo.reading import Reading
from omneo.transport import Answer, Begun
from telemetry import Trace


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
