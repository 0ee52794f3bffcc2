"""The /graphql handler: GraphQL over HTTP for POST and GET, one answer and one log line per operation.

There is no ambient credential (no cookie, no client certificate, no Basic), and a page of another origin cannot set
Authorization without asking first: that is the guard against forged requests. What a form, a link or an image can
send without asking has no Authorization and so gets 401, and JSON is the only content type taken besides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import orjson

import telemetry
from context import Caller
from execution import Answer, Request
from pace import Pace
from schema.codes import extensions
from schema.errors import UNFORESEEN
from serving.asgi import (
    ClientGone,
    HttpRefusal,
    Receive,
    Scope,
    Send,
    read_body,
    send_answer,
    too_large,
)
from serving.aside import LONG_BODY, Aside
from serving.caller import Callers
from serving.compression import WORTH_IT, gzipped, takes_gzip
from serving.direct import Direct, direct_of
from serving.exchange import Exchange
from serving.head import Judge, read_head
from serving.metrics import Metrics
from serving.operations import Operations
from serving.page import Page
from serving.parameters import from_body, from_query_string
from telemetry import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Hold what a request may weigh before it is parsed: bytes, seconds for its body to arrive, and operations."""

    body: int = 256 * 1024
    url: int = 8 * 1024
    body_timeout_s: float = 10.0
    batch: int = 1


class GraphQLEndpoint:
    """Answer /graphql."""

    def __init__(
        self,
        operations: Operations,
        callers: Callers,
        metrics: Metrics,
        page: Page,
        aside: Aside,
        *,
        deadline_s: float,
        limits: HttpLimits | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._operations = operations
        self._limits = limits or HttpLimits()
        self._callers = callers
        self._judge = Judge(callers, url_limit=self._limits.url)
        self._metrics = metrics
        self._page = page
        self._aside = aside
        self._deadline_s = deadline_s
        self._pace = pace or Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; whatever goes wrong, the client reads a GraphQL error and the log its cause."""
        direct = direct_of(scope)
        head = (None if direct is None else direct.memory.recall(scope)) or read_head(scope)
        trace = _trace(head.sent, self._deadline_s)
        trace.bind()
        exchange = Exchange(trace, head)
        exchange.headers = {b"x-request-id": trace.request_id.encode()}
        self._metrics.in_flight += 1
        try:
            try:
                body = await self._serve(exchange, scope, receive, direct)
            except ClientGone:
                raise
            except Exception as error:
                body = _refused(exchange, error)
            if len(body) > WORTH_IT and takes_gzip(head.sent.get(b"accept-encoding")):
                body = await gzipped(body)
                exchange.headers[b"content-encoding"] = b"gzip"
            told = exchange.status, _content_type(head.media_type), exchange.headers, body
            if direct is None or not direct.answer(*told):
                await send_answer(send, *told)
        except ClientGone:
            exchange.outcome, exchange.status = "gone", 499
        finally:
            self._metrics.in_flight -= 1
            exchange.end(self._metrics)

    async def _serve(self, exchange: Exchange, scope: Scope, receive: Receive, direct: Direct | None) -> bytes:
        head, limits = exchange.head, self._limits
        if not head.is_judged:
            self._judge.judge(head, scope, None if direct is None else direct.memory)
        known = head.caller
        if known is None:
            exchange.status = 200
            exchange.headers.update(self._page.headers)
            return self._page.body
        caller = exchange.caller = await self._callers.verified(known) if isinstance(known, str) else known
        if head.method == "GET":
            asked: Request | list[Request] = from_query_string(scope["query_string"])
        else:
            body = None if direct is None else direct.body()
            if body is None:
                body = await read_body(receive, head.sent, limit=limits.body, timeout_s=limits.body_timeout_s)
            elif len(body) > limits.body:
                raise too_large(limits.body)
            exchange.is_long = len(body) > LONG_BODY
            if exchange.is_long:
                asked = await self._aside.do(partial(from_body, body, batch=limits.batch))
            else:
                asked = from_body(body, batch=limits.batch)
        if isinstance(asked, list):
            return await self._batch(exchange, caller, asked, receive)
        return await self._answered(exchange, caller, asked, receive)

    async def _answered(self, exchange: Exchange, caller: Caller, request: Request, receive: Receive) -> bytes:
        """Run one operation, and write its answer; a long one in turns of its own, before it is sent in another."""
        answer = await self._operations.run(exchange, caller, request, receive)
        calls = exchange.trace.tally.predicted
        cut = self._pace.cut(calls)
        if answer.encoded is not None or answer.objects <= cut.records or not cut.turns_apart:
            return _written(exchange, answer)
        await self._pace.pause(calls)
        written = _written(exchange, answer)
        await self._pace.pause(calls)
        return written

    async def _batch(self, exchange: Exchange, caller: Caller, requests: list[Request], receive: Receive) -> bytes:
        """Run a batch one after another, each limited, charged, logged and answered as if it had come alone."""
        answers = []
        for request in requests:
            part = exchange.part()
            part.trace.bind()
            try:
                answers.append(await self._answered(part, caller, request, receive))
            except ClientGone:
                part.outcome = "gone"
                raise
            except Exception as error:
                answers.append(_refused(part, error))
            finally:
                exchange.headers.update(part.headers)
                part.end(self._metrics)
        exchange.status, exchange.outcome = 200, "batch"
        return b"[" + b",".join(answers) + b"]"


def _written(exchange: Exchange, answer: Answer) -> bytes:
    """Write an answer as its client reads it."""
    if exchange.head.reports:
        tally = exchange.trace.tally
        made = {"made": tally.made, "retried": tally.retried, "cached": tally.cached}
        answer = answer.telling(upstream={"predicted": tally.predicted} | made)
    if answer.encoded is None:
        answer.encoded = _encoded(answer.payload())
    return answer.encoded


def _refused(exchange: Exchange, error: Exception) -> bytes:
    """Note in the exchange why it is not answered, and write what the client reads of it."""
    if isinstance(error, HttpRefusal):
        exchange.status, exchange.outcome, exchange.codes = error.status, "refused", [error.code]
        exchange.headers.update(error.headers)
        return orjson.dumps(error.payload())
    telemetry.log("unforeseen error", level="error", **telemetry.cause(error))
    exchange.status, exchange.outcome, exchange.codes = 500, "error", ["INTERNAL"]
    told = extensions("INTERNAL", requestId=exchange.trace.request_id)
    return orjson.dumps({"errors": [{"message": UNFORESEEN.message, "extensions": told}]})


def _trace(sent: dict[bytes, bytes], deadline_s: float) -> Trace:
    request_id, traceparent = sent.get(b"x-request-id"), sent.get(b"traceparent")
    return Trace.begin(
        request_id=None if request_id is None else request_id.decode("latin-1"),
        traceparent=None if traceparent is None else traceparent.decode("latin-1"),
        deadline_s=deadline_s,
    )


@lru_cache(maxsize=16)
def _content_type(media_type: str) -> bytes:
    return media_type.encode() + b"; charset=utf-8"


def _encoded(payload: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError:
        # Free-form JSON of Omneo may hold whole numbers beyond 64 bits, which only the standard library writes.
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
