"""Equal queries of one caller at the same moment are run once, and all are answered with what came of it.

Equal reads under way under one credential are one call already (DESIGN D10, omneo/flights.py); whoever asks the same
query would join every one of them, and then decode, project and encode the same again. So the queries are joined, on
the same terms: nothing that has been read already is shared, and nothing from before a write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

import msgspec
import orjson

from context import Context
from execution import Answer, Operation
from telemetry import Tally, Trace

Key = tuple[Hashable, ...]


class _Run(msgspec.Struct, eq=False):
    """One query under way: until when it will have ended, in which era of writes it began, and who waits for it."""

    operation: Operation  # kept, for the key names it by its identity
    trace: Trace
    era: int
    waiting: list[asyncio.Future[Answer | None]] = []

    def may_join(self, context: Context) -> bool:
        """Tell whether whoever asks now can do with this run: none of its reads has been answered, so all of them are
        as fresh as one that would be joined, or made, now."""
        tally = self.trace.tally
        has_read = tally.calls_s or tally.cached
        return not has_read and self.era == context.client.era and self.trace.deadline <= context.trace.deadline

    async def end(self) -> Answer | None:
        """Wait for the answer; None where there is none to share. As long as somebody waits, it is not given up."""
        landed: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self.waiting.append(landed)
        self.trace.followers += 1
        try:
            return await landed
        finally:
            self.trace.followers -= 1


class Sharing:
    """Run queries, equal ones together."""

    def __init__(self) -> None:
        self._under_way: dict[Key, _Run] = {}

    async def answer(
        self, operation: Operation, context: Context, run: Callable[[Operation, Context], Awaitable[Answer]]
    ) -> Answer:
        """Answer a query by `run`, or by an equal one's run that is under way. One that fails as another might not, for
        its time, its budget or Omneo's mood, is not shared."""
        key = _key(operation, context)
        other = self._under_way.get(key)
        if other is not None and other.may_join(context):
            shared = await other.end()
            if shared is not None:
                _note(context.trace.tally, other.trace.tally)
                return shared
        mine = self._under_way[key] = _Run(operation, context.trace, context.client.era)
        answer = None
        try:
            answer = await run(operation, context)
            return answer
        finally:
            if self._under_way.get(key) is mine:
                del self._under_way[key]
            for landed in mine.waiting:
                if not landed.done():
                    landed.set_result(answer if answer is not None and _is_everyones(answer) else None)


def _key(operation: Operation, context: Context) -> Key:
    """Say what makes two queries equal: who asks, by which credential, which operation of which text, with what."""
    caller, variables = context.caller, operation.variables
    return (
        id(operation.node),
        orjson.dumps(variables) if variables else b"",
        context.client.credential.hash,
        caller.name,
        caller.scopes,
    )


def _is_everyones(answer: Answer) -> bool:
    """Tell whether whoever asks the same is answered the same, errors included: not where something failed."""
    return not any(code == "INTERNAL" or code.startswith("UPSTREAM_") for code in answer.codes())


def _note(tally: Tally, shared: Tally) -> None:
    """Count what was read for another request as read without a call of one's own."""
    tally.engine = shared.engine
    tally.cached += shared.made + shared.cached
