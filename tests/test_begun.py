"""Coroutines that are begun before anybody waits for them: they behave as if they had been awaited, or were tasks."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from house import House
from turns import Turns

import omneo
from execution.begun import Begun


class Work:
    """A coroutine that notes how far it has come, and waits for two futures on its way."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.noted: list[str] = []
        self.first: asyncio.Future[str] = loop.create_future()
        self.second: asyncio.Future[str] = loop.create_future()

    async def run(self) -> str:
        try:
            self.noted.append("begun")
            self.noted.append(await self.first)
            self.noted.append(await self.second)
        except BaseException as error:
            self.noted.append(type(error).__name__)
            raise
        return "ended"


def awaits(begun: Begun[str]) -> Coroutine[Any, Any, str]:
    async def wait() -> str:
        return await begun

    return wait()


def as_task(begun: Begun[str]) -> Awaitable[str]:
    begun.let_go()
    return begun


WAYS = pytest.mark.parametrize("way", [awaits, as_task], ids=["awaited", "let go"])
Way = Callable[[Begun[str]], Awaitable[str]]


@WAYS
@pytest.mark.parametrize("is_early", [True, False])
async def test_it_is_begun_at_once_and_ends_with_what_it_waits_for(way: Way, is_early: bool) -> None:
    work = Work()
    begun = Begun(work.run())
    assert work.noted == ["begun"]
    if is_early:
        work.first.set_result("one")
        work.second.set_result("two")
    waiting = asyncio.ensure_future(way(begun))
    await asyncio.sleep(0.001)
    if not is_early:
        work.first.set_result("one")
        await asyncio.sleep(0.001)
        work.second.set_result("two")
    assert await waiting == "ended"
    assert work.noted == ["begun", "one", "two"]
    assert await begun == "ended"  # and again
    begun.let_go()
    begun.cancel()
    assert await begun == "ended"


async def test_what_has_come_takes_no_turn() -> None:
    work = Work()
    begun = Begun(work.run())
    work.first.set_result("one")
    work.second.set_result("two")
    with pytest.raises(StopIteration) as ended:
        awaits(begun).send(None)
    assert ended.value.value == "ended"


async def test_one_that_waits_for_nothing_is_over() -> None:
    async def quick() -> str:
        return "ended"

    begun = Begun(quick())
    begun.let_go()
    begun.cancel()
    assert await begun == "ended"


async def test_it_goes_on_by_itself_once_it_is_let_go() -> None:
    """And any number may wait for it then."""
    work = Work()
    begun = Begun(work.run())
    work.first.set_result("one")
    await asyncio.sleep(0.001)
    assert work.noted == ["begun"]
    begun.let_go()
    begun.let_go()
    await asyncio.sleep(0.001)
    assert work.noted == ["begun", "one"]
    waiting = [asyncio.create_task(awaits(begun)) for _ in range(3)]
    work.second.set_result("two")
    assert await asyncio.gather(*waiting) == ["ended"] * 3


@WAYS
async def test_an_error_reaches_whoever_awaits(way: Way) -> None:
    for place in ("first", "second"):
        work = Work()
        begun = Begun(work.run())
        if place == "second":
            work.first.set_result("one")
        getattr(work, place).set_exception(KeyError(place))
        with pytest.raises(KeyError, match=place):
            await way(begun)
        assert work.noted[-1] == "KeyError"
        begun.cancel()


async def test_an_error_before_it_waits_is_raised_at_once() -> None:
    async def wrong() -> str:
        raise KeyError

    with pytest.raises(KeyError):
        Begun(wrong())


@pytest.mark.parametrize("place", ["first", "second"])
async def test_whoever_is_cancelled_while_waiting_takes_it_along(place: str) -> None:
    work = Work()
    begun = Begun(work.run())
    waiting = asyncio.create_task(awaits(begun))
    if place == "second":
        work.first.set_result("one")
    await asyncio.sleep(0.001)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert work.noted[-1] == "CancelledError"
    assert getattr(work, place).cancelled()
    begun.cancel()


async def test_one_that_does_not_give_up_when_its_waiter_is_cancelled_goes_on() -> None:
    """As a task does that is told to end, and has something to finish first."""
    work = Work()

    async def stubborn() -> str:
        try:
            await work.first
        except asyncio.CancelledError:
            return await work.second
        return "never"

    begun = Begun(stubborn())
    waiting = asyncio.create_task(awaits(begun))
    await asyncio.sleep(0.001)
    waiting.cancel()
    await asyncio.sleep(0.001)
    work.second.set_result("finished")
    assert await waiting == "finished"


@pytest.mark.parametrize("is_let_go", [True, False])
@pytest.mark.parametrize("has_come", [True, False])
async def test_one_that_nobody_waits_for_any_more_is_ended(is_let_go: bool, has_come: bool) -> None:
    """Whatever it waits for, even if that has just come."""
    work = Work()
    begun = Begun(work.run())
    if is_let_go:
        begun.let_go()
        await asyncio.sleep(0.001)
    if has_come:
        work.first.set_result("one")
    begun.cancel()
    begun.cancel()
    await asyncio.sleep(0.001)
    assert work.noted[-1] == "CancelledError"
    assert not work.second.done() or work.second.cancelled()


async def test_one_that_only_made_way_is_ended_too() -> None:
    noted: list[str] = []

    async def polite() -> str:
        try:
            for _ in range(1000):
                await asyncio.sleep(0)
        finally:
            noted.append("ended")
        return "never"

    begun = Begun(polite())
    begun.cancel()
    await asyncio.sleep(0.001)
    assert noted == ["ended"]


@pytest.mark.parametrize(
    "below",
    [
        "benefits(first: 3) { nodes { id } }",
        "benefits(first: 3) { nodes { id } } redemptions(first: 1) { nodes { id } }",
    ],
)
async def test_a_profile_and_what_is_foreseen_are_asked_for_in_one_turn(
    house: House, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, turns = list[int](), Turns()
    begin = omneo.HttpxTransport.begin

    def noted(transport: omneo.HttpxTransport, *args: Any, **options: Any) -> asyncio.Task[None]:
        begun.append(turns.now)
        return begin(transport, *args, **options)

    own = (await house.profile_ids(1))[0]
    monkeypatch.setattr(omneo.HttpxTransport, "begin", noted)
    data = await house.data(f"query($id: ID!) {{ profile(id: $id) {{ firstName {below} }} }}", id=own)
    turns.end()
    assert len(data["profile"]["benefits"]["nodes"]) == 3
    assert len(begun) == 1 + below.count("first:")
    assert len(set(begun)) == 1
