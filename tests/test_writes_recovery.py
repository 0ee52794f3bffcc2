"""What a process leaves open that dies or stops, and who finishes it; over both stores."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from writes_support import (
    LANDED,
    NOT_LANDED,
    QUARANTINE_S,
    Stores,
    World,
    play,
    redis_url_fixture,
    stores_fixture,
    until,
)

import writes
from benchmarks.unreliable import CALLER, Fault, Made
from telemetry import Trace
from writes import Busy, Done, Intent, Pending, State
from writes.sqlite_store import SqliteStore

__all__ = ["redis_url_fixture", "stores_fixture"]  # fixtures, found by their names in this module


@pytest.mark.parametrize("fault", [Fault.NONE, *LANDED, *NOT_LANDED])
def test_a_killed_process_leaves_one_benefit(stores: Stores, fault: Fault) -> None:
    """Killed between the write and its answer; the same key at another replica makes or finds the one benefit."""

    async def scenario(world: World) -> None:
        doomed, other = await world.replica(), await world.replica()
        lost = asyncio.create_task(doomed.perform("key"))
        await world.omneo.arrived.wait()
        doomed.kill()
        outcome = await other.perform("key")
        assert outcome == Done(world.omneo.made[0])
        assert await (await world.replica()).perform("key") == outcome
        assert world.omneo.most_copies() == 1
        assert not lost.done()

    play(stores, scenario, [fault])


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.DROP_BEFORE])
def test_a_restart_finishes_what_the_dead_process_left_open(stores: Stores, fault: Fault) -> None:
    """Nobody asks again: the intent is settled all the same, one quarantine and a read after the start."""

    async def scenario(world: World) -> None:
        doomed = await world.replica()
        lost = asyncio.create_task(doomed.perform("key"))
        await world.omneo.arrived.wait()
        doomed.kill()
        restarted = await world.replica()
        await asyncio.sleep(QUARANTINE_S * 1.2)
        state = await restarted.writes.operation(restarted.write("key").external_id, CALLER)
        assert state is not None
        assert state.state is (State.DONE if fault is Fault.DROP_AFTER else State.FAILED)
        assert not lost.done()

    play(stores, scenario, [fault])


def test_the_quarantine_of_a_lost_answer_does_not_start_anew_with_a_death(stores: Stores) -> None:
    """Killed late in the quarantine: the others know since when nothing of it is on its way any more."""

    async def scenario(world: World) -> None:
        doomed, other = await world.replica(), await world.replica()
        lost = asyncio.create_task(doomed.perform("key"))
        await asyncio.sleep(QUARANTINE_S * 0.9)
        doomed.kill()
        await asyncio.sleep(QUARANTINE_S * 0.4)
        state = await other.writes.operation(other.write("key").external_id, CALLER)
        assert state is not None
        assert state.state is State.FAILED
        assert not lost.done()

    play(stores, scenario, [Fault.DROP_BEFORE])


def test_a_living_process_is_never_taken_over(stores: Stores) -> None:
    """A write that stays unknown for many quarantines, because no read succeeds, stays with the one that sent it."""

    async def scenario(world: World) -> None:
        one, two = await world.replica(), await world.replica()
        world.omneo.read_failures = 1.0
        outcome = await one.perform("key", deadline_s=QUARANTINE_S * 5)
        assert isinstance(outcome, Pending)
        assert two.looked_for == []
        world.omneo.read_failures = 0.0
        assert isinstance(await two.perform("key"), Done)
        assert world.omneo.most_copies() == 1

    play(stores, scenario, [Fault.DROP_AFTER])


@pytest.mark.parametrize("prepares", [True, False])
def test_a_process_that_slept_through_its_quarantine_does_not_send(stores: Stores, prepares: bool) -> None:
    """Between storing the intent and sending it may sleep for long; by then the write is another's."""

    async def nothing(intent: Intent, trace: Trace) -> str:
        return ""

    async def scenario(world: World) -> None:
        sleeper = await world.replica(prepare=nothing if prepares else None)
        other = await world.replica()
        slow = asyncio.create_task(sleeper.perform("key"))
        await until(world.has_open_intents)
        sleeper.awake.clear()
        assert world.omneo.arrivals == []
        outcome = await other.perform("key")
        assert outcome == Done(world.omneo.made[0])
        sleeper.awake.set()
        assert await slow == outcome
        assert len(world.omneo.arrivals) == 1

    play(stores, scenario)


def test_a_process_that_died_while_preparing_has_sent_nothing(stores: Stores) -> None:
    """Its intent is closed without reading back, and the key is free again."""

    async def never(intent: Intent, trace: Trace) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    async def scenario(world: World) -> None:
        doomed = await world.replica(prepare=never)
        lost = asyncio.create_task(doomed.perform("key"))
        await asyncio.sleep(0.2)
        doomed.kill()
        other = await world.replica()
        assert isinstance(await other.perform("key"), Done)
        assert other.looked_for == []
        assert not lost.done()

    play(stores, scenario)


@pytest.mark.parametrize("fault", [Fault.NONE, *LANDED, *NOT_LANDED])
def test_shutdown_finishes_writes_in_flight_or_leaves_them_to_be_found(stores: Stores, fault: Fault) -> None:
    """Every request is answered: with the benefit, or with an operation id that the next process knows."""

    async def scenario(world: World) -> None:
        stopping = await world.replica()
        request = asyncio.create_task(stopping.perform("key"))
        await world.omneo.arrived.wait()
        await stopping.writes.drain()
        outcome = await request
        following = await world.replica()
        if outcome == Pending(following.write("key").external_id):
            await asyncio.sleep(QUARANTINE_S * 1.2)
            state = await following.writes.operation(outcome.operation_id, CALLER)
            assert state is not None
            assert state.state is (State.FAILED if fault in NOT_LANDED else State.DONE)
            outcome = await following.perform("key")
        assert outcome == Done(world.omneo.made[0])
        assert world.omneo.most_copies() == 1

    play(stores, scenario, [fault])


def test_a_closing_process_begins_nothing(stores: Stores) -> None:
    """A request that comes after the signal is told to try again."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        await asyncio.sleep(1)
        draining = asyncio.create_task(replica.writes.drain())
        await asyncio.sleep(0)
        assert await replica.perform("key") == Busy()
        await draining
        assert world.omneo.arrivals == []

    play(stores, scenario)


def test_a_bug_after_the_send_is_answered_pending_and_recovered(stores: Stores) -> None:
    """What was sent may have landed whatever broke here afterwards; the recovery finds out."""

    async def scenario(world: World) -> None:
        replica = await world.replica()
        working = replica.find

        async def broken(external_id: str) -> Made | None:
            raise ZeroDivisionError

        replica.find = broken
        outcome = await replica.perform("key")
        assert outcome == Pending(replica.write("key").external_id)
        replica.find = working
        await asyncio.sleep(QUARANTINE_S * 1.2)
        state = await replica.writes.operation(replica.write("key").external_id, CALLER)
        assert state is not None
        assert (state.state, state.reference) == (State.DONE, "1")

    play(stores, scenario, [Fault.DROP_AFTER])


async def test_stop_ends_a_look_that_swallowed_its_cancellation() -> None:
    """A client of the store may take our cancelling for its own time limit and go on: the process still ends."""

    class Swallowing(SqliteStore):
        async def beats(self) -> dict[str, int]:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
            return {}

    store = Swallowing(":memory:")
    await store._run(store._connect)
    engine = writes.Writes(store, quarantine_s=0.2, kinds=[])
    await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        await engine.drain()
