"""How large queries make way for small ones: cut fine beside them, and with some turns of the event loop in between."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from house import SERVICE, open_house
from msgspec import structs
from peer import OK, Peer, Speak, peer, say_nothing
from transport_support import failure
from turns import Turns

import omneo
from omneo.curl_handle import Handle, Trust
from omneo.curl_loop import CurlLoop
from omneo.errors import Landed
from omneo.fast_reads import CurlTransport
from omneo.transport import Answered, Begun, Failed, awaited
from pace import COARSE, FINE, LARGE, Pace, Rest


@pytest.fixture
async def turns() -> AsyncIterator[Turns]:
    counting = Turns()
    yield counting
    counting.end()


def beside_small_ones(large: int = 1) -> Pace:
    """Return the pace of a process with so many large queries under way, that is asked small things all the time."""
    pace = Pace()
    pace.large = large
    pace.small_s = float("inf")
    return pace


def large_alone() -> Pace:
    pace = Pace()
    pace.large = 1
    return pace


def test_few_large_ones_are_cut_fine_and_many_coarsely() -> None:
    """Those that are not large are never cut fine, however many there are."""
    pace, cuts = Pace(), []
    assert pace.cut_of_reads is COARSE
    for _ in range(3):
        pace.begin(LARGE - 1)
        pace.begin(LARGE)
        cuts.append((pace.cut(LARGE), pace.cut(LARGE - 1), pace.cut_of_reads))
    assert cuts == [(FINE, COARSE, FINE), (FINE, COARSE, FINE), (COARSE, COARSE, COARSE)]
    for _ in range(3):
        pace.end(LARGE - 1)
        pace.end(LARGE)
    assert pace.large == 0


def test_turns_are_left_only_beside_small_ones_that_came_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    pace, now_s = Pace(), 100.0
    monkeypatch.setattr("pace.time.perf_counter", lambda: now_s)
    pace.begin(1)
    assert not pace.reads_rest
    pace.begin(LARGE)
    assert pace.reads_rest
    now_s += 0.04
    assert pace.reads_rest
    now_s += 0.02
    assert not pace.reads_rest
    pace.begin(1)
    assert pace.reads_rest
    for _ in range(2):
        pace.begin(LARGE)
    assert not pace.reads_rest


@pytest.mark.parametrize(
    ("pace", "calls", "expected"),
    [
        (Pace(), LARGE, 1),
        (beside_small_ones(), LARGE, 4),
        (beside_small_ones(), LARGE - 1, 1),
        (beside_small_ones(0), LARGE, 4),  # whose run is over, and whose answer is being written
        (beside_small_ones(3), LARGE, 1),
    ],
)
async def test_a_pause_is_a_turn_and_some_where_a_large_one_makes_way(
    pace: Pace, calls: int, expected: int, turns: Turns
) -> None:
    begun = turns.now
    await pace.pause(calls)
    assert turns.now - begun == expected


async def test_where_turns_are_long_few_are_left(turns: Turns) -> None:
    """A process that is busy does not keep large queries from ever ending."""
    asyncio.get_running_loop().call_soon(time.sleep, 0.001)
    begun = turns.now
    await beside_small_ones().pause(LARGE)
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


@asynccontextmanager
async def asked(
    transport: omneo.Transport, count: int, turns: Turns
) -> AsyncIterator[tuple[Peer, asyncio.Event, list[int]]]:
    """Ask for many, none of which is answered before the event is set; and list the turns the answers are taken in."""
    arrived, answered = asyncio.Event(), list[int]()
    async with peer(held(arrived)) as omneo_:
        for _ in range(count):
            begin(transport, omneo_.url, answered, turns, is_of_many=True)
        await until(lambda: len(omneo_.heads) >= count)
        yield omneo_, arrived, answered
    await transport.aclose()


async def lie_ready(arrived: asyncio.Event) -> None:
    """Have the answers lie in the sockets before anyone looks."""
    arrived.set()
    await asyncio.sleep(0)
    time.sleep(0.02)  # noqa: ASYNC251 — nobody may look


@pytest.mark.parametrize(("pace", "most", "apart"), [(large_alone(), 4, 1), (beside_small_ones(), 4, 3)])
async def test_few_answers_to_many_are_taken_in_a_turn(pace: Pace, most: int, apart: int, turns: Turns) -> None:
    """And where small ones come, turns are left between them; all are answered in the end."""
    async with asked(omneo.open_reads(pace), 24, turns) as (_, arrived, answered):
        arrived.set()
        await until(lambda: len(answered) >= 24)
    taken = Counter(answered)
    assert max(taken.values()) <= most
    at = sorted(taken)
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) >= apart


async def test_one_alone_is_answered_before_the_many(turns: Turns) -> None:
    """Whose answers came in the same moment, and some of which came before."""
    transport, alone = omneo.open_reads(beside_small_ones()), list[int]()
    async with asked(transport, 32, turns) as (omneo_, arrived, many):
        begin(transport, omneo_.url, alone, turns, is_of_many=False)
        await until(lambda: len(omneo_.heads) >= 33)
        arrived.set()
        await until(lambda: len(many) >= 32)
    assert len([each for each in many if each > alone[0]]) >= 20


async def test_few_of_many_are_begun_in_a_turn(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = list[int]()
    monkeypatch.setattr("omneo.curl_handle.Handle.prepare", lambda *_: begun.append(turns.now))
    transport = omneo.open_reads(large_alone())
    for _ in range(10):
        begin(transport, "http://127.0.0.1:1/", [], turns, is_of_many=True)
    await until(lambda: len(begun) == 10)
    assert sorted(Counter(begun).values()) == [2, 4, 4]
    await transport.aclose()


async def test_what_libcurl_wants_amid_a_rest_is_done_after_it() -> None:
    """Else a deadline that came then would never be kept."""
    transport = CurlTransport(8, Trust(), loop := CurlLoop(large_alone()), loop)
    async with peer(say_nothing) as omneo_:
        late = asyncio.create_task(failure(transport, omneo_.url, 0.05))
        await until(lambda: len(omneo_.heads) == 1)
        loop._is_resting = True
        await asyncio.sleep(0.1)
        assert not late.done()
        loop._go_on()
        assert (await asyncio.wait_for(late, 1.0))[0] is omneo.TimedOut
    await transport.aclose()


async def test_reading_is_not_kept_waiting_by_reads_that_are_begun(turns: Turns) -> None:
    """One more in each turn, amid rests: what has been answered is taken nevertheless."""
    transport, more = omneo.open_reads(beside_small_ones()), list[int]()
    async with asked(transport, 4, turns) as (omneo_, arrived, answered):
        await lie_ready(arrived)
        since = turns.now
        while len(answered) < 4:
            begin(transport, omneo_.url, more, turns, is_of_many=True)
            await asyncio.sleep(0)
        assert turns.now - since < 20


async def test_none_is_begun_after_its_time(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    """While those before it were begun, a few in a turn that takes long."""
    transport, ended, begun = omneo.open_reads(large_alone()), list[BaseException](), list[int]()
    prepare = Handle.prepare

    def noted(handle: Handle, request: omneo.Request, left_s: float) -> None:
        begun.append(turns.now)
        prepare(handle, request, left_s)

    monkeypatch.setattr(Handle, "prepare", noted)
    loop = asyncio.get_running_loop()

    def dawdle() -> None:
        time.sleep(0.02)
        if len(ended) < 20:
            loop.call_soon(dawdle)

    loop.call_soon(dawdle)
    async with peer(say_nothing) as omneo_:
        for _ in range(20):
            request = omneo.Request("GET", omneo_.url, {}, None, 0.05)
            transport.begin(request, lambda _: None, ended.append, is_of_many=True)
        await until(lambda: len(ended) == 20)
    assert 4 <= len(begun) <= 12
    late = [each for each in ended if isinstance(each, omneo.TimedOut) and each.landed is Landed.NO]
    assert len(late) >= 8
    await transport.aclose()


async def test_alarms_do_not_begin_more_in_a_turn(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, loop = list[int](), CurlLoop(large_alone())
    monkeypatch.setattr("omneo.curl_handle.Handle.prepare", lambda *_: begun.append(turns.now))
    transport = CurlTransport(32, Trust(), loop, loop)
    for _ in range(32):
        begin(transport, "http://127.0.0.1:1/", [], turns, is_of_many=True)
    while len(begun) < 32:
        loop._due = 0.0
        loop._ring()
        await asyncio.sleep(0)
    assert max(Counter(begun).values()) == 4
    await transport.aclose()


@pytest.mark.parametrize("large", [0, 3])
async def test_in_a_crowd_all_that_is_there_is_taken(large: int, turns: Turns) -> None:
    """In one of large queries, and in one of those that are not."""
    async with asked(omneo.open_reads(beside_small_ones(large)), 24, turns) as (_, arrived, answered):
        await lie_ready(arrived)
        await until(lambda: len(answered) >= 24)
    assert max(Counter(answered).values()) > 4


async def test_a_rest_makes_nobody_late_for_ever() -> None:
    """Deadlines are kept, and closing ends what is under way, though turns are left all the time."""
    pace = beside_small_ones()
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


@pytest.mark.parametrize("engine", ["compiled", "stock"])
async def test_large_queries_are_counted_as_long_as_they_run(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whichever engine, and though one of them fails."""
    made, most = list[Pace](), 0

    class Noted(Pace):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

        def end(self, calls: int) -> None:
            nonlocal most
            most = max(most, self.large)
            super().end(calls)

    monkeypatch.setattr("gateway.Pace", Noted)
    async with open_house(ENGINE=engine) as house:
        query = "{ profiles(first: 9) { nodes { id benefits(first: 2) { nodes { id } } } } }"
        wrong = '{ profiles(first: 9, after: "?") { nodes { id benefits(first: 2) { nodes { id } } } } }'
        await asyncio.gather(*(house.ask(each) for each in (query, wrong, query.replace("2", "3"))))
    assert most > 1
    assert [each.large for each in made] == [0]


@pytest.mark.parametrize("is_batch", [False, True])
async def test_what_is_done_with_a_long_answer_has_turns_of_its_own(
    is_batch: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the door: before its fifty profiles' benefits are asked for, when those are projected, before it is
    encoded, and before it is written."""
    query = {"query": "{ profiles(first: 50) { nodes { id benefits(first: 5) { nodes { id } } } } }"}
    headers = {"authorization": f"Bearer {SERVICE}"}
    async with open_house(LIMIT_BATCH="2") as house:
        for _ in range(3):
            assert "errors" not in await house.ask(query["query"])
        counted = []
        for is_apart in (True, False):
            monkeypatch.setattr("pace.FINE", structs.replace(FINE, records=50, turns_apart=is_apart))
            turns = Turns()
            asked = [query] if is_batch else query
            answer = await house.gateway.post("/graphql", json=asked, headers=headers)
            turns.end()
            assert "errors" not in answer.text
            counted.append(turns.now)
    assert counted[0] == counted[1] + 4
