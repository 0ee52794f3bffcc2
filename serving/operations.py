"""One operation for one caller, whatever brought it here: who may introspect, what it may spend, who hung up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from context import Caller, Context
from execution import Answer, Document, Engine, Operation, Refused, Request
from schema.codes import extensions
from serving.asgi import HttpRefusal, Receive
from serving.aside import LONG_DOCUMENT, Aside
from serving.budget import Budget
from serving.exchange import Exchange
from serving.hangup import WATCH_AFTER_S, HangUp
from serving.negotiation import GRAPHQL_RESPONSE
from serving.patience import Patience
from serving.sharing import Sharing
from telemetry import Trace


class Operations:
    """Run operations. `open_context` makes the context one operation's resolvers share."""

    def __init__(
        self,
        engine: Engine,
        open_context: Callable[[Caller, Trace], Context],
        budget: Budget,
        aside: Aside,
        *,
        members_introspect: bool,
        is_log_only: bool,
        shares: bool = True,
    ) -> None:
        self._engine = engine
        self._open_context = open_context
        self._budget = budget
        self._aside = aside
        self._members_introspect = members_introspect
        self._is_log_only = is_log_only
        self._introspecting = asyncio.Lock()
        self._patience = Patience(WATCH_AFTER_S)
        self._sharing = Sharing()
        self._shares = shares

    async def run(self, exchange: Exchange, caller: Caller, request: Request, receive: Receive) -> Answer:
        """Run what is asked, and note in the exchange what became of it. Raises HttpRefusal for a mutation by GET and
        for a caller without calls left; ClientGone for a read nobody waits for."""
        try:
            document = self._engine.documents.kept(request.query)
            if document is None or exchange.is_long:
                operation = await self._prepared(request, document, is_long=exchange.is_long)
            else:
                operation = self._engine.prepare(request, document)
            exchange.operation = operation
            self._admit(exchange, caller, operation)
            context = self._open_context(caller, exchange.trace)
            price = self._engine.admit(operation, context, is_log_only=self._is_log_only)
            if self._is_log_only and self._engine.is_too_much(price):
                exchange.exceeded.append("COST_LIMIT")
            if self._budget.limits(caller):
                answer = await self._charged(exchange, operation, context, price.total, receive)
            else:
                answer = await self._executed(exchange, operation, context, receive)
        except Refused as refused:
            answer, exchange.document_hash, exchange.outcome = refused.answer, refused.document_hash, "refused"
        if answer.is_large:
            exchange.exceeded.append("LIMIT_OBJECTS")
        if answer.errors:
            exchange.codes = answer.codes()
            if answer.is_executed:
                exchange.outcome = "partial" if answer.data is not None else "error"
        # The older media type has no status for "understood, but not run"; a client of it reads the errors.
        exchange.status = 400 if not answer.is_executed and exchange.head.media_type == GRAPHQL_RESPONSE else 200
        return answer

    async def _prepared(self, request: Request, document: Document | None, *, is_long: bool) -> Operation:
        """Read a document for the first time, or variables that are long; beside the event loop what takes time."""
        engine, text = self._engine, request.query
        if document is None and len(text) > LONG_DOCUMENT:
            document = engine.documents.keep(text, await self._aside.do(partial(engine.documents.read, text)))
            is_long = True  # and so may be what is compiled of it
        document = document or engine.documents.get(text)  # here: what is kept is no thread's but this one's
        prepare = partial(engine.prepare, request, document)
        return await self._aside.do(prepare) if is_long else prepare()

    def _admit(self, exchange: Exchange, caller: Caller, operation: Operation) -> None:
        document = operation.document
        exchange.document_hash = document.hash
        if operation.is_write and exchange.head.method == "GET":
            message = "Mutations are not run by GET: use POST."
            raise HttpRefusal("METHOD_NOT_ALLOWED", message, [(b"allow", b"POST")])
        if self._is_log_only and (exceeds := self._engine.exceeds(operation)) is not None:
            exchange.exceeded.append(exceeds)
        if document.introspects and caller.is_member and not self._members_introspect:
            if not self._is_log_only:
                message = "Members cannot ask for the schema itself. Read schema.graphql, or ask as a service."
                error = {"message": message, "extensions": extensions("LIMIT_INTROSPECTION")}
                raise Refused([error], document.hash)
            exchange.exceeded.append("LIMIT_INTROSPECTION")

    async def _charged(
        self, exchange: Exchange, operation: Operation, context: Context, calls: int, receive: Receive
    ) -> Answer:
        charge = await self._budget.charge(context.caller, calls)
        if charge.is_too_much:
            if not self._is_log_only:
                raise await self._budget.refusal(charge)
            exchange.exceeded.append("RATE_LIMITED")
        try:
            return await self._executed(exchange, operation, context, receive)
        finally:
            exchange.headers.update(await self._budget.settle(charge, exchange.trace.tally.made))

    async def _executed(self, exchange: Exchange, operation: Operation, context: Context, receive: Receive) -> Answer:
        if operation.is_write:
            # A write is never cut short by its client: whether it landed has to be known.
            return await self._engine.run(operation, context)
        watch = HangUp(receive, exchange.trace, self._patience)
        try:
            if operation.document.introspects:
                return await self._introspected(operation, context)
            if self._shares and operation.is_shareable and exchange.trace.tally.predicted:
                return await self._sharing.answer(operation, context, self._engine.run)
            return await self._engine.run(operation, context)
        except asyncio.CancelledError:
            watch.raise_if_gone()
            raise
        finally:
            watch.end()

    async def _introspected(self, operation: Operation, context: Context) -> Answer:
        """Run one of these at a time, and let others have their turn after each: it takes long and waits for nobody."""
        async with self._introspecting:
            answer = await self._engine.run(operation, context)
            await asyncio.sleep(0)
        return answer
