"""The /graphql handler: GraphQL over HTTP for POST and GET, one answer and one log line per operation.

There is no ambient credential (no cookie, no client certificate, no Basic), and a page of another origin cannot set
Authorization without asking first: that is the guard against forged requests. What a form, a link or an image can
send without asking has no Authorization and so gets 401, and JSON is the only content type taken besides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache, partial

import orjson

import telemetry
from context import Caller
from execution import Answer, Request
from schema.codes import extensions
from schema.errors import UNFORESEEN
from serving.asgi import (
    ClientGone,
    HttpRefusal,
    Receive,
    Scope,
    Send,
    read_body,
    read_headers,
    send_answer,
    whole_body,
)
from serving.aside import LONG_BODY, Aside
from serving.caller import Callers
from serving.compression import WORTH_IT, gzipped, takes_gzip
from serving.exchange import Exchange
from serving.metrics import Metrics
from serving.negotiation import GRAPHQL_RESPONSE, HTML, JSON, answer_type, is_json
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
    ) -> None:
        self._operations = operations
        self._callers = callers
        self._metrics = metrics
        self._page = page
        self._aside = aside
        self._deadline_s = deadline_s
        self._limits = limits or HttpLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; whatever goes wrong, the client reads a GraphQL error and the log its cause."""
        sent, twice = read_headers(scope)
        trace = _trace(sent, self._deadline_s)
        trace.bind()
        exchange = Exchange(trace, scope["method"])
        exchange.headers = {b"x-request-id": trace.request_id.encode(), b"vary": b"accept, accept-encoding"}
        self._metrics.in_flight += 1
        try:
            try:
                body = await self._serve(exchange, scope, receive, sent, twice)
            except ClientGone:
                raise
            except Exception as error:
                body = _refused(exchange, error)
            if len(body) > WORTH_IT and takes_gzip(sent.get(b"accept-encoding")):
                body = await gzipped(body)
                exchange.headers[b"content-encoding"] = b"gzip"
            await send_answer(scope, send, exchange.status, _content_type(exchange.media_type), body, exchange.headers)
        except ClientGone:
            exchange.outcome, exchange.status = "gone", 499
        finally:
            self._metrics.in_flight -= 1
            exchange.end(self._metrics)

    async def _serve(
        self, exchange: Exchange, scope: Scope, receive: Receive, sent: dict[bytes, bytes], twice: str | None
    ) -> bytes:
        is_get, limits = exchange.method == "GET", self._limits
        self._check_request(scope, sent, twice)
        media_type = answer_type(sent.get(b"accept"), page=is_get)
        if media_type is None:
            raise HttpRefusal("NOT_ACCEPTABLE", f"Answers are {GRAPHQL_RESPONSE} or {JSON}: accept one of them.")
        exchange.media_type = media_type
        if media_type == HTML:
            exchange.status = 200
            exchange.headers.update(self._page.headers)
            return self._page.body
        if not is_get:
            _check_content(sent)
        known = self._callers.known(sent.get(b"authorization"))
        caller = exchange.caller = await self._callers.verified(known) if isinstance(known, str) else known
        reports = sent.get(b"x-upstream-report") == b"1"
        if is_get:
            return await self._one(exchange, caller, from_query_string(scope["query_string"]), receive, reports)
        body = whole_body(scope, limit=limits.body)
        if body is None:
            body = await read_body(receive, sent, limit=limits.body, timeout_s=limits.body_timeout_s)
        exchange.is_long = len(body) > LONG_BODY
        if exchange.is_long:
            asked = await self._aside.do(partial(from_body, body, batch=limits.batch))
        else:
            asked = from_body(body, batch=limits.batch)
        if isinstance(asked, list):
            return await self._batch(exchange, caller, asked, receive, reports)
        return await self._one(exchange, caller, asked, receive, reports)

    def _check_request(self, scope: Scope, sent: dict[bytes, bytes], twice: str | None) -> None:
        """Refuse what is wrong whoever asks, and whatever for."""
        if twice is not None:
            raise HttpRefusal("BAD_REQUEST", f"The header {twice} may be sent once only.")
        if b"host" not in sent and scope.get("http_version") == "1.1":
            raise HttpRefusal("BAD_REQUEST", "A Host header is needed.")
        if scope["method"] not in ("POST", "GET"):
            raise HttpRefusal("METHOD_NOT_ALLOWED", "Use POST, or GET for queries.", [(b"allow", b"GET, POST")])
        url = self._limits.url
        if len(scope["query_string"]) + len(scope.get("raw_path") or b"") > url:
            raise HttpRefusal("LIMIT_URL", f"The URL is too long: at most {url} bytes; use POST.")

    async def _one(
        self, exchange: Exchange, caller: Caller, request: Request, receive: Receive, reports: bool
    ) -> bytes:
        answer = await self._operations.run(exchange, caller, request, receive)
        if reports:
            tally = exchange.trace.tally
            made = {"made": tally.made, "retried": tally.retried, "cached": tally.cached}
            answer = answer.telling(upstream={"predicted": tally.predicted} | made)
        if answer.encoded is None:
            answer.encoded = _encoded(answer)
        return answer.encoded

    async def _batch(
        self, exchange: Exchange, caller: Caller, requests: list[Request], receive: Receive, reports: bool
    ) -> bytes:
        """Run a batch one after another, each limited, charged, logged and answered as if it had come alone."""
        answers = []
        for request in requests:
            part = exchange.part()
            part.trace.bind()
            try:
                answers.append(await self._one(part, caller, request, receive, reports))
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


def _check_content(sent: dict[bytes, bytes]) -> None:
    if not is_json(sent.get(b"content-type")):
        raise HttpRefusal("UNSUPPORTED_MEDIA_TYPE", f"Send the body as {JSON} in UTF-8.")
    if sent.get(b"content-encoding", b"identity").lower() != b"identity":
        raise HttpRefusal("UNSUPPORTED_MEDIA_TYPE", "Send the body without compression.")


@lru_cache(maxsize=16)
def _content_type(media_type: str) -> bytes:
    return media_type.encode() + b"; charset=utf-8"


def _encoded(answer: Answer) -> bytes:
    payload = answer.payload()
    try:
        return orjson.dumps(payload)
    except orjson.JSONEncodeError:
        # Free-form JSON of Omneo may hold whole numbers beyond 64 bits, which only the standard library writes.
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
