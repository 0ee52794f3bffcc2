"""Repeats of reads: few, spread out, and never past the deadline."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from omneo.errors import OmneoError, RateLimited, TimedOut, Unavailable
from telemetry import Trace

T = TypeVar("T")

REPEATS = 2  # per request in all (ADR 12), so that a struggling Omneo is not asked three times as much
WAIT_MAX_S = 1.0


async def repeated(attempt: Callable[[], Awaitable[T]], failed: OmneoError, trace: Trace) -> T:
    """Go on after the first attempt, which raised `failed`: repeat it if that may pass, with jitter and as Retry-After
    asks. A read that succeeds at once, as nearly all do, does not come here.

    Raises what the last attempt raised. Repeats are counted in `trace.tally.retried`.
    """

    def worth_a_repeat(error: Exception) -> bool | float:
        if not isinstance(error, Unavailable | TimedOut | RateLimited) or trace.tally.retried >= REPEATS:
            return False
        wait_s = (error.retry_after_s or 0.0) if isinstance(error, RateLimited) else 0.0
        if wait_s + WAIT_MAX_S > trace.remaining_s():
            return False
        trace.tally.retried += 1
        return wait_s or True

    attempts = stamina.retry_context(
        on=worth_a_repeat, attempts=REPEATS + 1, timeout=None, wait_initial=0.05, wait_max=WAIT_MAX_S, wait_jitter=0.2
    )
    async for each in attempts:
        with each:
            if each.num == 1:
                raise failed
            return await attempt()
    raise AssertionError("stamina ends by raising what the last attempt raised")
