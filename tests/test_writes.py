"""The write engine, one behaviour at a time, over both stores."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from writes_support import (
    LANDED,
    NOT_LANDED,
    QUARANTINE_S,
    Stores,
    World,
    now,
    play,
    redis_url_fixture,
    stores_fixture,
    until,
)

import writes
from benchmarks.unreliable import CALLER, Fault, Made, Replica
from telemetry import Trace
from writes import Busy, Done, Gone, Intent, KeyReused, Lapsed, Pending, Refused, State

__all__ = ["redis_url_fixture", "stores_fixture"]  # fixtures, found by their names in this module

ANSWERED_NO = [Fault.NEVER_SENT, Fault.RATE_LIMITED, Fault.REFUSED]


@pytest.mark.parametrize("fault", [Fault.NONE, *LANDED])
def test_a_write_that_landed_is_reported_done_and_never_sent_again(stores: Stores, fault: Fault) -> None:
    """Whatever became of the answer, the caller gets the one benefit that was made."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        outcome = await replica.perform("key")
        assert outcome == Done(world.omneo.made[0])
        assert await replica.perform("key") == outcome
        assert len(world.omneo.arrivals) == 1

    play(stores, scenario, [fault])


@pytest.mark.parametrize("fault", NOT_LANDED)
def test_a_lost_write_is_sent_again_only_after_the_quarantine(stores: Stores, fault: Fault) -> None:
    """A caller who still waits gets the write made in the same request, once nothing can land any more."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        assert await replica.perform("key") == Done(Made(1, replica.write("key").external_id))
        (first, _), (second, _) = world.omneo.arrivals
        assert second - first >= QUARANTINE_S

    play(stores, scenario, [fault])


@pytest.mark.parametrize("fault", ANSWERED_NO)
def test_an_answered_no_is_a_refusal_and_the_key_may_try_again(stores: Stores, fault: Fault) -> None:
    """What never left or was refused did not happen, so the next request with the key sends at once."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        assert isinstance(await replica.perform("key"), Refused)
        began = now()
        assert isinstance(await replica.perform("key"), Done)
        assert now() - began < QUARANTINE_S / 2

    play(stores, scenario, [fault])


@pytest.mark.parametrize("fault", [Fault.NONE, *LANDED])
def test_a_double_tap_is_one_write_with_one_answer(stores: Stores, fault: Fault) -> None:
    """Four requests with one key, two at each of two replicas, at the same time."""

    async def scenario(world: World) -> None:
        replicas = [await world.replica(), await world.replica()] * 2
        outcomes = await asyncio.gather(*(replica.perform("key") for replica in replicas))
        assert outcomes == [Done(world.omneo.made[0])] * 4
        assert len(world.omneo.arrivals) == 1

    play(stores, scenario, [fault])


def test_one_key_with_another_input_is_refused(stores: Stores) -> None:
    """While the first runs, after it, and at another replica."""

    async def scenario(world: World) -> None:
        one, two = await world.replica(), await world.replica()
        first = asyncio.create_task(one.perform("key", target="3"))
        await world.omneo.arrived.wait()
        assert await one.perform("key", target="4") == KeyReused()
        assert await two.perform("key", target="4") == KeyReused()
        assert isinstance(await first, Done)
        assert await two.perform("key", target="4") == KeyReused()
        assert len(world.omneo.arrivals) == 1

    play(stores, scenario, [Fault.SLOW])


def test_a_refused_key_stays_bound_to_its_input(stores: Stores) -> None:
    """A key that was refused may try again, but only what it asked for."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        assert isinstance(await replica.perform("key", target="3"), Refused)
        assert await replica.perform("key", target="4") == KeyReused()

    play(stores, scenario, [Fault.REFUSED])


def test_two_keys_for_one_thing_take_turns(stores: Stores) -> None:
    """While the first outcome is unknown the second is not sent; without time to wait it says so and sent nothing."""

    async def scenario(world: World) -> None:
        one, two = await world.replica(), await world.replica()
        first = asyncio.create_task(one.perform("first"))
        await asyncio.sleep(0.2)
        assert await two.perform("impatient", deadline_s=0.5) == Busy()
        second = await two.perform("second")
        assert isinstance(second, Done)
        assert isinstance(await first, Done)
        assert [made.external_id for made in world.omneo.made] == [
            two.write(key).external_id for key in ("first", "second")
        ]

    play(stores, scenario, [Fault.SILENT])


def test_keys_for_different_things_do_not_wait_for_each_other(stores: Stores) -> None:
    """A benefit whose outcome is unknown holds up nothing but itself."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        slow = asyncio.create_task(replica.perform("first", target="3"))
        await asyncio.sleep(0.2)
        began = now()
        assert isinstance(await replica.perform("second", target="4"), Done)
        assert now() - began < 0.5
        assert isinstance(await slow, Done)

    play(stores, scenario, [Fault.SILENT])


def test_a_passing_deadline_answers_pending_and_the_write_is_finished(stores: Stores) -> None:
    """The operation is found under its id, by its caller alone, and ends as done within the quarantine."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        outcome = await replica.perform("key", deadline_s=0.3)
        assert isinstance(outcome, Pending)
        pending = await replica.writes.operation(outcome.operation_id, CALLER)
        assert pending is not None
        assert pending.state is State.OPEN
        assert await replica.writes.operation(outcome.operation_id, "service:other") is None
        await asyncio.sleep(QUARANTINE_S * 2 + 0.5)
        finished = await replica.writes.operation(outcome.operation_id, CALLER)
        assert finished is not None
        assert (finished.state, finished.reference) == (State.DONE, "1")

    play(stores, scenario, [Fault.SILENT])


def test_a_pending_write_that_never_landed_ends_as_not_done(stores: Stores) -> None:
    """Nobody waits, so it is not sent again; one quarantine and one read later it is known not to have happened."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        outcome = await replica.perform("key", deadline_s=0.3)
        assert isinstance(outcome, Pending)
        await asyncio.sleep(QUARANTINE_S + 0.2)
        state = await replica.writes.operation(outcome.operation_id, CALLER)
        assert state is not None
        assert (state.state, state.reason) == (State.FAILED, "NotSeen")
        assert len(world.omneo.arrivals) == 1
        assert isinstance(await replica.perform("key"), Done)

    play(stores, scenario, [Fault.DROP_BEFORE])


def test_a_client_that_disconnects_does_not_cancel_the_write(stores: Stores) -> None:
    """What was sent is brought to its end, and the next request finds it."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        request = asyncio.create_task(replica.perform("key"))
        await asyncio.sleep(0.1)
        request.cancel()
        await asyncio.sleep(1)
        assert await replica.perform("key") == Done(world.omneo.made[0])
        assert len(world.omneo.arrivals) == 1

    play(stores, scenario, [Fault.SLOW])


def test_nothing_is_sent_for_a_client_that_left_before(stores: Stores) -> None:
    """Between the tap and the send there is nothing in flight yet."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        assert await replica.perform("late", deadline_s=0) == Busy()
        request = asyncio.create_task(replica.perform("key"))
        await asyncio.sleep(0)
        request.cancel()
        await asyncio.sleep(1)
        assert world.omneo.arrivals == []
        assert isinstance(await replica.perform("key"), Done)

    play(stores, scenario)


def test_a_refusal_caused_by_the_first_attempt_is_not_passed_on(stores: Stores) -> None:
    """The first attempt landed later than it should have, and is why Omneo refuses the second: it is the answer."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        request = asyncio.create_task(replica.perform("key"))
        await until(world.second_arrived)
        late = world.omneo.land(replica.write("key").external_id)
        assert await request == Done(late)

    play(stores, scenario, [Fault.DROP_BEFORE, Fault.REFUSED])


def test_a_write_that_is_never_sent_twice_lapses(stores: Stores) -> None:
    """Redeeming has no key upstream: what Omneo never showed is given up, and the key with it."""

    async def scenario(world: World) -> None:
        replica = await world.replica(resend=False)
        assert await replica.perform("key") == Lapsed()
        assert await replica.perform("key") == Lapsed()
        assert len(world.omneo.arrivals) == 1
        assert isinstance(await replica.perform("other"), Done)

    play(stores, scenario, [Fault.DROP_BEFORE])


def test_what_was_noted_before_the_send_reaches_every_read_back(stores: Stores) -> None:
    """A balance read before the write is what a later process compares with."""

    async def before(intent: Intent, trace: Trace) -> str:
        return "3 left"

    async def scenario(world: World) -> None:
        doomed = await world.replica(prepare=before)
        lost = asyncio.create_task(doomed.perform("key"))
        await world.omneo.arrived.wait()
        doomed.kill()
        other = await world.replica(prepare=before)
        assert isinstance(await other.perform("key"), Done)
        assert {intent.note for intent in other.looked_for} == {"3 left"}
        assert not lost.done()

    play(stores, scenario, [Fault.DROP_AFTER])


def test_a_benefit_removed_since_is_not_made_again(stores: Stores) -> None:
    """A repeated key after a revocation learns that it was made, and is gone."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        assert isinstance(await replica.perform("key"), Done)
        world.omneo.by_external_id.clear()
        assert await replica.perform("key") == Gone("1")
        assert len(world.omneo.arrivals) == 1

    play(stores, scenario)


def test_the_price_of_a_write_is_one_call_and_its_read_back(stores: Stores) -> None:
    """First calls of a route count as made, as they were priced; further looks count as repeats."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        trace = Trace.begin()
        write = _counting(replica)
        assert isinstance(await replica.writes.perform(write, trace), Done)
        assert trace.tally.routes == {"POST /benefits": 1}
        assert (trace.tally.made, trace.tally.retried) == (1, 1)

    play(stores, scenario, [Fault.DROP_BEFORE])


def _counting(replica: Replica) -> writes.Write[Made]:
    write = replica.write("key")

    async def send(intent: Intent, trace: Trace) -> Made:
        trace.tally.made += 1
        trace.tally.routes["POST /benefits"] = trace.tally.routes.get("POST /benefits", 0) + 1
        return await write.send(intent, trace)

    changed: dict[str, Any] = {**vars(write), "send": send}
    return writes.Write(**changed)


def test_the_external_id_is_what_the_design_says() -> None:
    """gw1- and 40 hex digits of SHA-256 over the compact JSON array of tenant, caller, operation, key."""
    assert writes.external_id("acme", "service:till", "claim", "k-1") == "gw1-f0caad441fc1333346abb2fb421c8939e64dba68"


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "a\n"])
def test_a_key_of_another_shape_is_a_bug_of_the_caller(key: str) -> None:
    """The resolvers have refused it before."""
    with pytest.raises(ValueError, match="idempotency key"):
        writes.external_id("acme", "service:till", "claim", key)


def test_a_fingerprint_does_not_depend_on_the_order_of_the_input() -> None:
    """The same input, said in another order, is the same input."""
    assert writes.fingerprint({"a": 1, "b": None}) == writes.fingerprint({"b": None, "a": 1})
    assert writes.fingerprint({"a": 1}) != writes.fingerprint({"a": "1"})


def test_no_wall_clock_is_read() -> None:
    """Clocks jump; what decides about a send is measured by one process on a clock that does not."""
    for source in Path(writes.__file__).parent.glob("*.py"):
        assert not re.search(r"\btime\.time\b|datetime|\bex=|\bpx=|\.p?expire(at)?\(", source.read_text()), source.name


async def test_an_unusable_store_sends_nothing(tmp_path: Path) -> None:
    """Without a stored intent there is no write."""
    with pytest.raises(writes.StateUnavailable):
        await writes.Writes.open(
            state_db=str(tmp_path / "missing" / "state.db"), redis_url=None, quarantine_s=2, kinds=[]
        )
