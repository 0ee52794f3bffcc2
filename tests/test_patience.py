"""One timer for all who wait equally long."""

import asyncio

import pytest

from serving.patience import Patience


class Waiter:
    def __init__(self, patience: Patience, *, again: int = 0) -> None:
        self.patience = patience
        self.late = 0
        self._again = again

    def __call__(self) -> None:
        self.late += 1
        if self.late <= self._again:
            self.patience.begin(self, asyncio.get_running_loop())


async def test_whoever_waits_too_long_is_called_once_and_who_is_done_never() -> None:
    patience = Patience(0.05)
    late, done = Waiter(patience), Waiter(patience)
    patience.begin(late, asyncio.get_running_loop())
    patience.begin(done, asyncio.get_running_loop())
    patience.end(done)
    await asyncio.sleep(0.15)
    assert (late.late, done.late) == (1, 0)
    patience.end(late)


async def test_each_waits_their_own_time() -> None:
    """Whoever begins later is late later, and beginning again while waiting puts nothing off."""
    patience = Patience(0.1)
    first, second = Waiter(patience), Waiter(patience)
    patience.begin(first, asyncio.get_running_loop())
    await asyncio.sleep(0.06)
    patience.begin(second, asyncio.get_running_loop())
    patience.begin(first, asyncio.get_running_loop())
    await asyncio.sleep(0.06)
    assert (first.late, second.late) == (1, 0)
    await asyncio.sleep(0.08)
    assert (first.late, second.late) == (1, 1)


async def test_one_who_begins_anew_when_late_is_waited_for_anew() -> None:
    patience = Patience(0.03)
    waiter = Waiter(patience, again=2)
    patience.begin(waiter, asyncio.get_running_loop())
    await asyncio.sleep(0.25)
    assert waiter.late == 3


@pytest.mark.filterwarnings("ignore")
async def test_one_who_fails_takes_nobody_along() -> None:
    patience, reported = Patience(0.03), []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: reported.append(told))

    def fail() -> None:
        raise RuntimeError

    other = Waiter(patience)
    patience.begin(fail, asyncio.get_running_loop())
    patience.begin(other, asyncio.get_running_loop())
    await asyncio.sleep(0.15)
    assert other.late == 1
    assert len(reported) == 1


def test_a_loop_that_ended_is_not_waited_for() -> None:
    """The same object serves the next loop."""
    patience = Patience(0.02)
    left, waiter = Waiter(patience), Waiter(patience)

    async def leave() -> None:
        patience.begin(left, asyncio.get_running_loop())

    async def stay() -> None:
        patience.begin(waiter, asyncio.get_running_loop())
        await asyncio.sleep(0.1)

    asyncio.run(leave())
    asyncio.run(stay())
    assert waiter.late == 1
