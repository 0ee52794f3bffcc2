"""What may happen to an intent, and that both stores let it happen one step at a time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from uuid import uuid4

from msgspec.structs import replace
from writes_support import Stores, redis_url_fixture, stores_fixture

from writes.intents import Intent, State, begin, done, letting_go, not_done, sending

__all__ = ["redis_url_fixture", "stores_fixture"]  # fixtures, found by their names in this module


def an_intent(external_id: str = "gw1-a", *, target: str = "3", fingerprint: str = "f") -> Intent:
    return Intent(
        external_id=external_id,
        operation="claim",
        tenant="acme",
        caller="service:till",
        profile_id="p",
        target=target,
        fingerprint=fingerprint,
        owner="process",
        token=uuid4().hex,
    )


def test_a_failed_intent_is_opened_again_with_the_next_attempt() -> None:
    """The attempts of a key are counted."""
    failed = replace(an_intent(), state=State.FAILED)
    wanted = an_intent()
    assert begin(wanted)(failed, None) == replace(wanted, attempt=2)


def test_a_failed_intent_waits_for_the_one_that_holds_its_pair() -> None:
    """A second attempt queues like a first."""
    holder = an_intent("gw1-b")
    assert begin(an_intent())(replace(an_intent(), state=State.FAILED), holder) is holder


def test_only_the_stored_attempt_may_send() -> None:
    """One that was given up, settled or replaced in the meantime may not."""
    attempt = an_intent()
    assert sending(attempt, "note")(attempt, attempt) == replace(attempt, is_sent=True, note="note")
    for stored in (an_intent(), replace(attempt, state=State.FAILED), replace(attempt, state=State.DONE)):
        assert sending(attempt, "note")(stored, None) is stored
    assert not sending(attempt, "note")(None, None).is_attempt(attempt)


def test_only_an_open_attempt_is_let_go() -> None:
    """The next attempt under the same key is not."""
    attempt, later = an_intent(), an_intent()
    assert letting_go(attempt)(attempt, attempt) == replace(attempt, is_let_go=True)
    assert letting_go(attempt)(later, later) is later


def test_done_is_final_and_keeps_its_first_reference() -> None:
    """Whoever comes later with another truth finds the first one."""
    attempt = an_intent()
    first = done(attempt, "1")(attempt, attempt)
    assert (first.state, first.reference) == (State.DONE, "1")
    assert done(attempt, "2")(first, None) is first
    assert not_done(attempt, State.FAILED, "NotSeen")(first, None) is first


def test_done_is_believed_after_a_failure() -> None:
    """An answer that arrives after the intent was given up is still Omneo's word."""
    attempt = an_intent()
    failed = not_done(attempt, State.FAILED, "NotSeen")(attempt, attempt)
    assert done(attempt, "1")(failed, None).state is State.DONE


def test_a_late_failure_does_not_settle_the_next_attempt() -> None:
    """Each attempt speaks for itself."""
    earlier, later = an_intent(), an_intent()
    assert not_done(earlier, State.FAILED, "NotSeen")(later, later) is later


async def test_of_many_who_begin_at_once_one_may_send(stores: Stores) -> None:
    """Over several connections: one external id first, then several for the same pair."""
    async with AsyncExitStack() as stack:
        connections = [await stores.connect() for _ in range(4)]
        for connection in connections:
            await stack.enter_async_context(aclosing(connection))
        same = [an_intent() for _ in range(20)]
        others = [an_intent(f"gw1-{n}") for n in range(20)]
        for contenders in (same, others):
            stored = await asyncio.gather(
                *(connections[n % 4].update(wanted, begin(wanted)) for n, wanted in enumerate(contenders))
            )
            winners = [one for one, wanted in zip(stored, contenders, strict=True) if one.is_attempt(wanted)]
            assert len(winners) == (1 if contenders is same else 0)
            assert len({one.token for one in stored}) == 1
            assert await connections[0].open_intents() == [stored[0]]


async def test_settling_frees_the_pair_for_the_next(stores: Stores) -> None:
    """And only the one that holds it frees it."""
    store = await stores.connect()
    async with aclosing(store):
        first, second = an_intent("gw1-1"), an_intent("gw1-2")
        await store.update(first, begin(first))
        await store.update(first, not_done(first, State.FAILED, "NotSeen"))
        assert await store.update(second, begin(second)) == second
        await store.update(first, done(first, "7"))  # late truth about the first
        third = an_intent("gw1-3")
        assert await store.update(third, begin(third)) == second
        assert await store.read("gw1-1") == replace(first, state=State.DONE, reference="7")
        assert await store.read("gw1-3") is None
        assert await store.open_intents() == [second]


async def test_signs_of_life_are_counted_per_process(stores: Stores) -> None:
    """Another connection sees them; a forgotten process is gone."""
    one, two = await stores.connect(), await stores.connect()
    async with aclosing(one), aclosing(two):
        for owner in ("a", "b", "a"):
            await one.beat(owner)
        assert await two.beats() == {"a": 2, "b": 1}
        await two.forget("a")
        assert await one.beats() == {"b": 1}
