"""The /graphql handler: GraphQL over HTTP for POST and GET, one answer and one log line per request.

There is no ambient credential (no cookie, no client certificate), and a page of another origin cannot set Authorization
without asking first: that is the guard against forged requests, with JSON being the only content type taken.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

import orjson

import telemetry
from context import Caller, Context
from execution import Answer, Engine, Operation, Refused, Request
from schema.codes import extensions
from schema.errors import UNFORESEEN
from serving.asgi import (
    ClientGone,
    Headers,
    HttpRefusal,
    Receive,
    Scope,
    Send,
    read_body,
    read_headers,
    send_answer,
)
from serving.caller import Callers
from serving.exchange import Exchange
from serving.hangup import HangUp
from serving.metrics import Metrics
from serving.negotiation import GRAPHQL_RESPONSE, HTML, JSON, answer_type, is_json
from serving.page import Page
from serving.parameters import from_body, from_query_string
from telemetry import Trace

_ALLOW = [(b"allow", b"GET, POST")]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Hold what a request may weigh before it is parsed: bytes, and seconds for its body to arrive."""

    body: int = 256 * 1024
    url: int = 8 * 1024
    body_timeout_s: float = 10.0


class GraphQLEndpoint:
    """Answer /graphql. `open_context` makes the context one request's resolvers share."""

    def __init__(
        self,
        engine: Engine,
        callers: Callers,
        open_context: Callable[[Caller, Trace], Context],
        metrics: Metrics,
        page: Page,
        *,
        deadline_s: float,
        limits: HttpLimits | None = None,
    ) -> None:
        self._engine = engine
        self._callers = callers
        self._open_context = open_context
        self._metrics = metrics
        self._page = page
        self._deadline_s = deadline_s
        self._limits = limits or HttpLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; whatever goes wrong, the client reads a GraphQL error and the log its cause."""
        exchange = Exchange(self._trace(scope), scope["method"])
        exchange.trace.bind()
        self._metrics.in_flight.inc()
        headers: Headers = [(b"x-request-id", exchange.trace.request_id.encode())]
        try:
            body = await self._answer(exchange, scope, receive, headers)
            await send_answer(send, exchange.status, _content_type(exchange.media_type), body, headers)
        except ClientGone:
            exchange.outcome, exchange.status = "gone", 499
        finally:
            self._metrics.in_flight.dec()
            exchange.record(self._metrics)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive, headers: Headers) -> bytes:
        try:
            return await self._serve(exchange, scope, receive, headers)
        except HttpRefusal as refusal:
            exchange.status, exchange.outcome, exchange.codes = refusal.status, "refused", [refusal.code]
            headers.extend(refusal.headers)
            return orjson.dumps(refusal.payload())
        except ClientGone:
            raise
        except Exception as error:
            telemetry.log("unforeseen error", level="error", **telemetry.cause(error))
            exchange.status, exchange.outcome, exchange.codes = 500, "error", ["INTERNAL"]
            told = extensions("INTERNAL", requestId=exchange.trace.request_id)
            return orjson.dumps({"errors": [{"message": UNFORESEEN.message, "extensions": told}]})

    async def _serve(self, exchange: Exchange, scope: Scope, receive: Receive, headers: Headers) -> bytes:
        is_get = exchange.method == "GET"
        if not is_get and exchange.method != "POST":
            raise HttpRefusal("METHOD_NOT_ALLOWED", "Use POST, or GET for queries.", _ALLOW)
        if len(scope["query_string"]) + len(scope.get("raw_path") or b"") > self._limits.url:
            raise HttpRefusal("LIMIT_URL", f"The URL is too long: at most {self._limits.url} bytes; use POST.")
        sent = read_headers(scope)
        media_type = answer_type(sent.get(b"accept"), page=is_get)
        if media_type is None:
            raise HttpRefusal("NOT_ACCEPTABLE", f"Answers are {GRAPHQL_RESPONSE} or {JSON}: accept one of them.")
        exchange.media_type = media_type
        if media_type == HTML:
            exchange.status = 200
            headers.extend(self._page.headers)
            return self._page.body
        if not is_get:
            _check_content(sent)
        exchange.caller = await self._callers.identify(sent.get(b"authorization"))
        if is_get:
            request = from_query_string(scope["query_string"])
        else:
            limits = self._limits
            request = from_body(await read_body(receive, sent, limit=limits.body, timeout_s=limits.body_timeout_s))
        answer = await self._execute(exchange, exchange.caller, request, receive)
        if sent.get(b"x-upstream-report") == b"1":
            tally = exchange.trace.tally
            answer.extensions["upstream"] = {"made": tally.made, "retried": tally.retried, "cached": tally.cached}
        return _encoded(answer)

    async def _execute(self, exchange: Exchange, caller: Caller, request: Request, receive: Receive) -> Answer:
        try:
            operation = exchange.operation = self._engine.prepare(request)
            exchange.document_hash = operation.document.hash
            context = self._open_context(caller, exchange.trace)
            if not operation.is_write:
                answer = await self._read(exchange.trace, operation, context, receive)
            elif exchange.method == "GET":
                message = "Mutations are not run by GET: use POST."
                raise HttpRefusal("METHOD_NOT_ALLOWED", message, [(b"allow", b"POST")])
            else:
                # A write is never cut short by its client: whether it landed has to be known.
                answer = await self._engine.run(operation, context)
        except Refused as refused:
            answer, exchange.document_hash, exchange.outcome = refused.answer, refused.document_hash, "refused"
        exchange.codes = answer.codes()
        if answer.is_executed and answer.errors:
            exchange.outcome = "partial" if answer.data is not None else "error"
        # The older media type has no status for "understood, but not run"; a client of it reads the errors.
        exchange.status = 400 if not answer.is_executed and exchange.media_type == GRAPHQL_RESPONSE else 200
        return answer

    async def _read(self, trace: Trace, operation: Operation, context: Context, receive: Receive) -> Answer:
        watch = HangUp(receive, trace)
        try:
            return await self._engine.run(operation, context)
        except asyncio.CancelledError:
            watch.raise_if_gone()
            raise
        finally:
            watch.end()

    def _trace(self, scope: Scope) -> Trace:
        request_id = traceparent = None
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                request_id = value.decode("latin-1")
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        return Trace.begin(request_id=request_id, traceparent=traceparent, deadline_s=self._deadline_s)


def _check_content(sent: dict[bytes, bytes]) -> None:
    if not is_json(sent.get(b"content-type")):
        raise HttpRefusal("UNSUPPORTED_MEDIA_TYPE", f"Send the body as {JSON} in UTF-8.")
    if sent.get(b"content-encoding", b"identity").lower() != b"identity":
        raise HttpRefusal("UNSUPPORTED_MEDIA_TYPE", "Send the body without compression.")


def _content_type(media_type: str) -> bytes:
    return media_type.encode() + b"; charset=utf-8"


def _encoded(answer: Answer) -> bytes:
    payload = answer.payload()
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError:
        # Free-form JSON of Omneo may hold whole numbers beyond 64 bits, which only the standard library writes.
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
