"""How large queries make way for small ones: cut fine beside them, and with some turns of the event loop in between."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
from house import House
from msgspec import structs
from peer import OK, Speak, peer, say_nothing
from transport_support import failure

import omneo
from omneo.curl_handle import Trust
from omneo.curl_loop import CurlLoop
from omneo.errors import Landed
from omneo.fast_reads import CurlTransport
from omneo.transport import Answered, Begun, Failed, awaited
from pace import COARSE, FINE, LARGE, Pace, Rest


class Turns:
    """Count the turns of the event loop."""

    def __init__(self) -> None:
        self.now = 0
        self._counting = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self.now += 1
        self._counting = asyncio.get_running_loop().call_soon(self._turn)

    def end(self) -> None:
        self._counting.cancel()


@pytest.fixture
async def turns() -> AsyncIterator[Turns]:
    counting = Turns()
    yield counting
    counting.end()


def small_ones_come() -> Pace:
    """Return the pace of a process that is asked small things all the time."""
    pace = Pace()
    pace.small_s = float("inf")
    return pace


def test_few_large_ones_are_cut_fine_and_many_coarsely() -> None:
    pace = Pace()
    cuts = []
    for _ in range(4):
        pace.begin(LARGE - 1)
        cuts.append(pace.cut)
        pace.begin(LARGE)
    assert cuts == [FINE, FINE, FINE, COARSE]
    for _ in range(4):
        pace.end(LARGE - 1)
        pace.end(LARGE)
    assert pace.large == 0


def test_turns_are_left_only_where_small_ones_came_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    pace, now_s = Pace(), 100.0
    monkeypatch.setattr("pace.time.perf_counter", lambda: now_s)
    assert not pace.rests
    pace.begin(LARGE)
    assert not pace.rests
    pace.begin(1)
    assert pace.rests
    now_s += 0.04
    assert pace.rests
    now_s += 0.02
    assert not pace.rests
    pace.begin(1)
    for _ in range(2):
        pace.begin(LARGE)
    assert not pace.rests


async def test_a_pause_is_a_turn_and_some_where_small_ones_come(turns: Turns) -> None:
    for pace, least in ((Pace(), 1), (small_ones_come(), 4)):
        begun = turns.now
        await pace.pause()
        assert turns.now - begun == least


async def test_where_turns_are_long_few_are_left(turns: Turns) -> None:
    """A process that is busy does not keep large queries from ever ending."""
    asyncio.get_running_loop().call_soon(time.sleep, 0.001)
    begun = turns.now
    await small_ones_come().pause()
    assert turns.now - begun < 4
    asyncio.get_running_loop().call_soon(time.sleep, 0.001)
    begun, rested = turns.now, asyncio.Event()
    Rest(rested.set)
    await rested.wait()
    assert turns.now - begun <= 2


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 — what is waited for happens in callbacks, and on other sockets
        await asyncio.sleep(0.005)


def held(arrived: asyncio.Event) -> Speak:
    async def answer(writer: asyncio.StreamWriter) -> None:
        await arrived.wait()
        writer.write(OK)
        await writer.drain()

    return answer


def begin(transport: omneo.Transport, url: str, answered: list[int], turns: Turns, *, is_of_many: bool) -> None:
    request = omneo.Request("GET", url, {}, None, 5.0)
    transport.begin(request, lambda _: answered.append(turns.now), lambda _: None, is_of_many=is_of_many)


@pytest.mark.parametrize(("pace", "most", "apart"), [(Pace(), 4, 1), (small_ones_come(), 4, 3)])
async def test_few_answers_to_many_are_taken_in_a_turn(pace: Pace, most: int, apart: int, turns: Turns) -> None:
    """And where small ones come, turns are left between them; all are answered in the end."""
    transport, arrived, answered = omneo.open_reads(pace), asyncio.Event(), list[int]()
    async with peer(held(arrived)) as omneo_:
        for _ in range(24):
            begin(transport, omneo_.url, answered, turns, is_of_many=True)
        await until(lambda: len(omneo_.heads) >= 24)
        arrived.set()
        await until(lambda: len(answered) >= 24)
    taken = Counter(answered)
    assert max(taken.values()) <= most
    at = sorted(taken)
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) >= apart
    await transport.aclose()


async def test_one_alone_is_answered_before_the_many(turns: Turns) -> None:
    """Whose answers came in the same moment, and some of which came before."""
    transport, arrived = omneo.open_reads(small_ones_come()), asyncio.Event()
    many, alone = list[int](), list[int]()
    async with peer(held(arrived)) as omneo_:
        for number in range(33):
            taken, is_of_many = (alone, False) if number == 32 else (many, True)
            begin(transport, omneo_.url, taken, turns, is_of_many=is_of_many)
        await until(lambda: len(omneo_.heads) >= 33)
        arrived.set()
        await until(lambda: len(many) >= 32)
    assert len([each for each in many if each > alone[0]]) >= 20
    await transport.aclose()


async def test_few_of_many_are_begun_in_a_turn(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = list[int]()
    monkeypatch.setattr("omneo.curl_handle.Handle.prepare", lambda *_: begun.append(turns.now))
    transport = omneo.open_reads(Pace())
    for _ in range(10):
        begin(transport, "http://127.0.0.1:1/", [], turns, is_of_many=True)
    await until(lambda: len(begun) == 10)
    assert sorted(Counter(begun).values()) == [2, 4, 4]
    await transport.aclose()


async def test_what_libcurl_wants_amid_a_rest_is_done_after_it() -> None:
    """Else a deadline that came then would never be kept."""
    transport = CurlTransport(8, Trust(), loop := CurlLoop(Pace()), loop)
    async with peer(say_nothing) as omneo_:
        late = asyncio.create_task(failure(transport, omneo_.url, 0.05))
        await until(lambda: len(omneo_.heads) == 1)
        loop._is_resting = True
        await asyncio.sleep(0.1)
        assert not late.done()
        loop._go_on()
        assert (await asyncio.wait_for(late, 1.0))[0] is omneo.TimedOut
    await transport.aclose()


async def test_in_a_crowd_all_that_is_there_is_taken(turns: Turns) -> None:
    pace = small_ones_come()
    for _ in range(3):
        pace.begin(LARGE)
    transport, arrived, answered = omneo.open_reads(pace), asyncio.Event(), list[int]()
    async with peer(held(arrived)) as omneo_:
        for _ in range(24):
            begin(transport, omneo_.url, answered, turns, is_of_many=True)
        await until(lambda: len(omneo_.heads) >= 24)
        arrived.set()
        await asyncio.sleep(0)
        time.sleep(0.02)  # noqa: ASYNC251 — the answers lie in the sockets before anyone looks
        await until(lambda: len(answered) >= 24)
    assert max(Counter(answered).values()) > 4
    await transport.aclose()


async def test_a_rest_makes_nobody_late_for_ever() -> None:
    """Deadlines are kept, and closing ends what is under way, though turns are left all the time."""
    pace = small_ones_come()
    transport = omneo.open_reads(pace)

    async def get(url: str, timeout_s: float) -> omneo.Answer:
        def of_many(answered: Answered, failed: Failed) -> Begun:
            request = omneo.Request("GET", url, {}, None, timeout_s)
            return transport.begin(request, answered, failed, is_of_many=True)

        return await awaited(of_many)

    async with peer(say_nothing) as omneo_:
        begun_s = time.monotonic()
        for each in await asyncio.gather(*(get(omneo_.url, 0.1) for _ in range(9)), return_exceptions=True):
            assert isinstance(each, omneo.TimedOut)
        assert time.monotonic() - begun_s < 2
        waiting = [asyncio.create_task(get(omneo_.url, 5.0)) for _ in range(9)]
        await asyncio.sleep(0.02)
        await transport.aclose()
        for task in waiting:
            with pytest.raises(asyncio.CancelledError):
                await task
    assert await failure(omneo.open_reads(pace), "http://127.0.0.1:1/x") == (
        omneo.Unavailable,
        Landed.NO,
        "no connection",
    )


async def test_what_is_done_with_a_long_answer_has_turns_of_its_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the door: before its fifty profiles' benefits are asked for, when those are projected, before it is
    encoded, and before it is written. Those that were asked before it are no longer under way."""
    query = "{ profiles(first: 50) { nodes { id benefits(first: 5) { nodes { id } } } } }"
    for _ in range(3):
        assert "errors" not in await house.ask(query)
    counted = []
    for is_apart in (True, False):
        monkeypatch.setattr("pace.FINE", structs.replace(FINE, records=50, turns_apart=is_apart))
        turns = Turns()
        assert "errors" not in await house.ask(query)
        turns.end()
        counted.append(turns.now)
    assert counted[0] == counted[1] + 4
