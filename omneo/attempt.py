"""One attempt at a call: counted before it is made, timed while it lasts, judged by what came back."""

from __future__ import annotations

import time

from omneo.answers import raise_for_status
from omneo.errors import BudgetSpent, Landed, OmneoError, TimedOut
from omneo.transport import Answer, Request, Transport
from telemetry import Trace


def count(trace: Trace, name: str) -> float:
    """Count a first attempt, and return how many seconds it has.

    Raises `TimedOut` or `BudgetSpent` where it must not be made.
    """
    left_s = trace.deadline - time.monotonic()
    if left_s <= 0:
        raise TimedOut(landed=Landed.NO, detail="no time left")
    tally = trace.tally
    if tally.budget is not None and tally.made >= tally.budget:
        raise BudgetSpent
    tally.made += 1
    tally.routes[name] = tally.routes.get(name, 0) + 1
    return left_s


def note(trace: Trace, name: str, begun_s: float, repeats: int = 0) -> None:
    """Note how long an attempt took, and how often the transport had to send it again."""
    tally = trace.tally
    tally.calls_s.append((name, time.perf_counter() - begun_s))
    tally.retried += repeats


async def attempt(name: str, transport: Transport, request: Request, trace: Trace, *, is_member: bool) -> Answer:
    """Send a request; raises what the answer's status stands for."""
    begun_s, repeats = time.perf_counter(), 0
    try:
        answer = await transport.send(request)
        repeats = answer.repeats
    except OmneoError as error:
        repeats = error.repeats
        raise
    finally:
        note(trace, name, begun_s, repeats)
    raise_for_status(answer, is_member=is_member)
    return answer
