"""The base of every loader: one batch per tick, answers to their keys, errors and cancellations to whom they belong."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from house import open_house

import omneo
from loaders.batching import BatchLoader, each, each_or_none


class Letters(BatchLoader[str, str]):
    """Answer a letter with its capital, after as many turns of the event loop as asked; keeps every batch.

    A digit is a key that fails by itself.
    """

    def __init__(self, *, turns: int = 1, raises: BaseException | None = None) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.turns = turns
        self.raises = raises

    async def fetch(self, keys: list[str]) -> Sequence[str | omneo.OmneoError]:
        self.batches.append(list(keys))
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if self.raises is not None:
            raise self.raises
        return [omneo.NotFound() if key.isdigit() else key.upper() for key in keys]


Ask = Callable[[Letters, Sequence[str]], Coroutine[Any, Any, list[Any]]]


async def one_by_one(loader: Letters, keys: Sequence[str]) -> list[Any]:
    """Load every key by itself, in one tick."""
    return await asyncio.gather(*(loader.load(key) for key in keys), return_exceptions=True)


async def at_once(loader: Letters, keys: Sequence[str]) -> list[Any]:
    """Load all keys by one request."""
    answers = await loader.load_all(keys)
    return [answers[key] for key in keys]


both_ways = pytest.mark.parametrize("ask", [one_by_one, at_once])


@both_ways
async def test_keys_of_one_tick_are_one_batch_in_key_order(ask: Ask) -> None:
    loader = Letters()
    assert await ask(loader, "cab") == ["C", "A", "B"]
    assert loader.batches == [["c", "a", "b"]]


@both_ways
async def test_same_key_is_asked_for_once(ask: Ask) -> None:
    """In one tick, and later in the same request."""
    loader = Letters()
    assert await ask(loader, "abba") == ["A", "B", "B", "A"]
    assert await ask(loader, "bc") == ["B", "C"]
    assert loader.batches == [["a", "b"], ["c"]]


async def test_key_under_way_is_waited_for() -> None:
    """Whichever way it was asked for, and whichever way it is asked for again."""
    loader = Letters(turns=5)
    pending = asyncio.create_task(at_once(loader, "ab"))
    await asyncio.sleep(0)
    again = asyncio.gather(loader.load("a"), loader.load_all(["b", "c"]))
    one, two = await again
    assert (one, two) == ("A", {"b": "B", "c": "C"})
    assert await pending == ["A", "B"]
    assert loader.batches == [["a", "b"], ["c"]]


async def test_keys_of_another_tick_are_another_batch() -> None:
    """What depends on an answer cannot be asked for with it."""
    loader = Letters()

    async def chain(first: str, then: str) -> str:
        await loader.load(first)
        return await loader.load(then)

    assert list(await asyncio.gather(chain("a", "x"), chain("b", "y"))) == ["X", "Y"]
    assert loader.batches == [["a", "b"], ["x", "y"]]


@both_ways
async def test_bad_key_fails_alone(ask: Ask) -> None:
    answers = await ask(Letters(), "a1b")
    assert answers[0::2] == ["A", "B"]
    assert isinstance(answers[1], omneo.NotFound)


@both_ways
@pytest.mark.parametrize("error", [omneo.Unavailable(), ValueError("a bug")], ids=["outage", "bug"])
async def test_failed_batch_fails_every_key_in_it_and_no_other(ask: Ask, error: Exception) -> None:
    loader = Letters()
    assert await ask(loader, "z") == ["Z"]
    loader.raises = error
    answers = await ask(loader, "abz")
    assert [type(answer) for answer in answers[:2]] == [type(error)] * 2
    assert answers[2] == "Z"


async def test_cancelled_caller_harms_nobody() -> None:
    """Neither who waits for the same key, nor who waits for another of the batch, nor who asks later."""
    loader = Letters(turns=5)

    async def load(key: str) -> str:
        return await loader.load(key)

    doomed, same, other = (asyncio.create_task(load(key)) for key in "aab")
    await asyncio.sleep(0)
    doomed.cancel()
    assert list(await asyncio.gather(same, other)) == ["A", "B"]
    assert doomed.cancelled()
    assert await loader.load("a") == "A"
    assert loader.batches == [["a", "b"]]


async def test_key_whose_only_caller_is_cancelled_can_be_asked_again() -> None:
    loader = Letters(turns=5)

    async def load() -> str:
        return await loader.load("a")

    doomed = asyncio.create_task(load())
    await asyncio.sleep(0)
    doomed.cancel()
    await asyncio.gather(doomed, return_exceptions=True)
    assert await asyncio.wait_for(loader.load("a"), 1) == "A"


@both_ways
async def test_cancellation_inside_a_batch_is_an_error_for_who_waits(ask: Ask) -> None:
    """A wait without end would be the alternative: the future of nobody is never done."""
    loader = Letters(raises=asyncio.CancelledError())
    waiting = asyncio.create_task(at_once(loader, "a")) if ask is at_once else None
    await asyncio.sleep(0)
    answers = await asyncio.wait_for(one_by_one(loader, "ab"), 1)
    assert [type(answer) for answer in answers] == [omneo.Unavailable] * 2
    if waiting is not None:
        await asyncio.gather(waiting, return_exceptions=True)


async def test_caller_of_many_who_is_cancelled_leaves_nobody_waiting() -> None:
    """Who joined the same keys gets an error they can answer with."""
    loader = Letters(turns=50)
    asking = asyncio.create_task(at_once(loader, "ab"))
    await asyncio.sleep(0)
    joined = asyncio.create_task(one_by_one(loader, "a"))
    await asyncio.sleep(0)
    asking.cancel()
    (answer,) = await asyncio.wait_for(joined, 1)
    assert answer == "A" or isinstance(answer, omneo.Unavailable)


@both_ways
async def test_batch_that_answers_too_little_leaves_nobody_waiting(ask: Ask) -> None:
    """A loader that breaks its promise of one answer per key is a bug, told to everyone who waits."""

    class Short(Letters):
        async def fetch(self, keys: list[str]) -> Sequence[str | omneo.OmneoError]:
            return (await super().fetch(keys))[1:]

    loader = Short(turns=5)
    asking = asyncio.create_task(ask(loader, "ab"))
    await asyncio.sleep(0)
    answers = await asyncio.wait_for(one_by_one(loader, "ab"), 1)
    assert all(isinstance(answer, Exception) for answer in answers), answers
    await asyncio.gather(asking, return_exceptions=True)


async def test_each_asks_for_so_many_at_a_time_and_answers_in_order() -> None:
    """The slowest first, and never more than the limit."""
    running, most = 0, 0

    async def ask(key: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(20 - key):
            await asyncio.sleep(0)
        running -= 1
        return key * 10

    assert await each(ask, range(20), limit=4) == [key * 10 for key in range(20)]
    assert most == 4


async def test_each_answers_an_error_in_its_place() -> None:
    """An error of Omneo is the answer for its key; a bug is nobody's answer."""

    async def ask(key: str) -> str:
        if key == "1":
            raise omneo.TimedOut
        if key == "2":
            raise ValueError("a bug")
        return key.upper()

    a, timed_out, b = await each(ask, "a1b")
    assert (a, b) == ("A", "B")
    assert isinstance(timed_out, omneo.TimedOut)
    with pytest.raises(ValueError, match="a bug"):
        await each(ask, "a2b")


async def test_unknown_is_none_and_unavailable_is_not() -> None:
    """`each_or_none` forgives only that there is no such thing."""

    async def fail(error: omneo.OmneoError) -> str:
        raise error

    unavailable = omneo.Unavailable()
    assert await each_or_none(fail, [omneo.NotFound(), unavailable]) == [None, unavailable]
    assert await each_or_none(fail, [omneo.NotFound()]) == [None]
    assert await each_or_none(fail, [unavailable]) == [unavailable]


async def test_whoever_waits_for_anothers_load_leaves_it_alone() -> None:
    """Cancelled, it ends its own wait and not the load; and the load's failure comes to it as a value."""
    letters = Letters(turns=3)
    first = asyncio.create_task(letters.load_all(["a"]))
    await asyncio.sleep(0)
    second = asyncio.create_task(letters.load_all(["a", "b"]))
    third = asyncio.create_task(letters.load_all(["a"]))
    await asyncio.sleep(0)
    third.cancel()
    assert await first == {"a": "A"}
    assert await second == {"a": "A", "b": "B"}
    with pytest.raises(asyncio.CancelledError):
        await third
    assert letters.batches == [["a"], ["b"]]

    failing = Letters(turns=3, raises=ValueError("a bug"))
    first = asyncio.create_task(failing.load_all(["a"]))
    await asyncio.sleep(0)
    (error,) = (await failing.load_all(["a"])).values()
    assert isinstance(error, ValueError)
    assert (await first)["a"] is error


async def test_rows_nobody_asked_for_are_dropped_and_the_list_is_not_trusted_again() -> None:
    """Profiles by id: a tenant that ignores the filter answers with strangers, who appear nowhere."""
    async with open_house(OMNEO_BATCH="filter") as house:
        ids = await house.profile_ids(6)
        strangers = (await house.rest("GET", "/profiles?page[size]=2&page[number]=2&sort=created_at"))["data"]
        meta = {"current_page": 1, "per_page": 2, "total": 2}
        body = json.dumps({"data": strangers, "links": {}, "meta": meta})
        await house.faults({"path": "/api/v3/profiles", "action": "status", "status": 200, "body": body})
        await house.calls()
        query = "query($a: ID!, $b: ID!) { a: profile(id: $a) { id email } b: profile(id: $b) { id email } }"
        for times in (1, 0):
            data = await house.data(query, a=ids[0], b=ids[1])
            assert [data["a"]["id"], data["b"]["id"]] == ids[:2]
            assert not {row["email"] for row in strangers} & {data["a"]["email"], data["b"]["email"]}
            calls = await house.calls()
            assert calls.count("GET /api/v3/profiles") == times
            assert len(calls) == times + 2
