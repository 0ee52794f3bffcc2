"""The client: routes become requests, answers become records, failures become the errors of `omneo.errors`."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar, get_args, get_origin
from urllib.parse import quote, quote_plus

import httpx
import msgspec
from starlette.datastructures import Secret

import telemetry
from omneo.answers import raise_for_status
from omneo.credential import Credential
from omneo.decoding import decode, decode_whole, list_of
from omneo.errors import BudgetSpent, Landed, OmneoError, RateLimited, TimedOut, Unavailable
from omneo.flights import Flights
from omneo.ids import ME
from omneo.retry import repeated
from omneo.transport import Answer, HttpxTransport, Request, Transport
from telemetry import Trace

T = TypeVar("T")
Params = Sequence[tuple[str, str] | str]  # names and values, or what is written already

# A Decimal goes as the number it is, digit by digit; a float might be another one, or none that JSON can say.
_encoder = msgspec.json.Encoder(decimal_format="number")


class Upstream:
    """Hold what all requests share: connections, the two roots of the API, and the tenant's server token.

    Everything goes over `http`, but for reads where there is a transport of their own (ADR 9).
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        api_url: str,
        id_url: str,
        token: Secret | str,
        page_max: int = 100,
        reads: Transport | None = None,
    ) -> None:
        self.transport: Transport = HttpxTransport(http)
        self.reads: Transport = reads or self.transport
        self.api_url = api_url.rstrip("/")
        self.id_url = id_url.rstrip("/")
        self.page_max = page_max
        self.flights = Flights()
        self._credential = Credential(token)

    def as_service(self, trace: Trace) -> Client:
        """Speak as the tenant, to /api/v3."""
        return Client(self, self.api_url, self._credential, trace, is_member=False)

    def as_member(self, token: Secret | str, trace: Trace) -> Client:
        """Speak as a member, to /id/api/v1, where every profile's path is the member's own."""
        return Client(self, self.id_url, Credential(token), trace, is_member=True)

    async def aclose(self) -> None:
        await self.transport.aclose()
        if self.reads is not self.transport:
            await self.reads.aclose()


class Client(msgspec.Struct, eq=False):
    """Call Omneo for one request under one credential.

    Reads are repeated at most twice within the request's deadline; writes are sent once, whatever becomes of them.
    Every first attempt counts against `trace.tally`. Where it `joins`, a read may be answered by an equal one of
    another request; writes' never are. `kinds` are record types to decode in the place of others, for who reads less.
    """

    _upstream: Upstream
    _root: str
    credential: Credential
    trace: Trace
    is_member: bool
    joins: bool = False
    kinds: Mapping[Any, Any] | None = None

    @property
    def page_max(self) -> int:
        """Tell how many rows Omneo's largest page has, as far as is known."""
        return self._upstream.page_max

    @property
    def era(self) -> int:
        """Count the writes of this process: what was asked for in another era may not know of them."""
        return self._upstream.flights.parted

    def learn_page_max(self, size: int, *, further: int) -> None:
        """Take note that Omneo sends smaller pages than was thought (API.md §12, U-4). The operation that finds out is
        allowed the further pages it takes; from the next one on the price knows."""
        if size < self._upstream.page_max:
            self._upstream.page_max = size
            telemetry.log("omneo.page_max", level="warning", size=size)
        self.trace.tally.allow(further)

    def under(self, trace: Trace) -> Client:
        """Speak with the same credential under another trace: for a write, which outlives its request."""
        return Client(self._upstream, self._root, self.credential, trace, is_member=self.is_member)

    async def get(self, route: str, kind: type[T], params: Params = (), **parts: str | int) -> T:
        """Read `route`, a template such as `/profiles/{profile}`, and decode what its envelope holds as `kind`."""
        record: T = decode(await self._read(f"GET {route}", self._url(route, parts, params)), self.seen_as(kind))
        return record

    def seen_as(self, kind: Any) -> Any:
        """Return the type that records of this kind, or lists of them, are decoded as."""
        kinds = self.kinds
        if not kinds:
            return kind
        known = kinds.get(kind)
        if known is None and get_origin(kind) is list:
            return list_of(kinds.get(get_args(kind)[0], get_args(kind)[0]))
        return known or kind

    async def get_whole(self, route: str, kind: type[T], params: Params = (), **parts: str | int) -> T:
        """Read `route` and decode the whole answer as `kind`: for lists, whose envelope says more than `data`."""
        return decode_whole(await self._read(f"GET {route}", self._url(route, parts, params)), kind)

    async def post(self, route: str, body: Mapping[str, Any], kind: type[T], **parts: str | int) -> T:
        """Send a write, or a look-up that Omneo made a POST, and decode what the envelope holds."""
        return decode(await self._send("POST", route, parts, body), kind)

    async def post_whole(self, route: str, body: Mapping[str, Any], kind: type[T], **parts: str | int) -> T:
        """Send a write whose answer has no envelope (API.md §5, queued batches)."""
        return decode_whole(await self._send("POST", route, parts, body), kind)

    async def put(self, route: str, body: Mapping[str, Any], kind: type[T], **parts: str | int) -> T:
        """Change a record, and decode it as it is now."""
        return decode(await self._send("PUT", route, parts, body), kind)

    async def delete(self, route: str, **parts: str | int) -> None:
        """Remove a record."""
        await self._send("DELETE", route, parts)

    async def _send(
        self, method: str, route: str, parts: Mapping[str, str | int], body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Send a write, or what Omneo made look like one: once, whatever becomes of it."""
        name = f"{method} {route}"
        url = self._url(route, parts, ())
        left_s = self._count(name)
        headers, content = self.credential.headers, None
        if body is not None:
            headers, content = headers | {"content-type": "application/json"}, _encoder.encode(body)
        request = Request(method, url, headers, content, left_s, self.trace)
        try:
            return await self._exchange(name, self._upstream.transport, request)
        finally:
            self._upstream.flights.part()

    async def _read(self, name: str, url: str) -> Answer:
        """Read, or wait for an equal read under the same credential that is under way. Repeated after what may pass."""
        flights, key, flight, answer = self._upstream.flights, None, None, None
        if self.joins:
            key = (self.credential.hash, url)
            landing = flights.landing(key, self.trace.deadline)
            if landing is not None and (answer := await landing) is not None:
                self.trace.tally.cached += 1
                return answer
            flight = flights.take_off(key, self.trace.deadline)
        try:
            left_s = self._count(name)
            try:
                answer = await self._attempt(name, url, left_s)
            except (Unavailable, TimedOut, RateLimited) as error:
                answer = await repeated(partial(self._attempt, name, url), error, self.trace)
            return answer
        finally:
            if key is not None and flight is not None:
                flights.land(key, flight, answer)

    def _attempt(self, name: str, url: str, left_s: float | None = None) -> Awaitable[Answer]:
        trace = self.trace
        left_s = trace.remaining_s() if left_s is None else left_s
        request = Request("GET", url, self.credential.headers, None, left_s, trace)
        return self._exchange(name, self._upstream.reads, request)

    async def _exchange(self, name: str, transport: Transport, request: Request) -> Answer:
        begun, tally = time.perf_counter(), self.trace.tally
        try:
            answer = await transport.send(request)
        except OmneoError as error:
            tally.retried += error.repeats
            raise
        finally:
            tally.calls_s.append((name, time.perf_counter() - begun))
        if answer.repeats:
            tally.retried += answer.repeats
        if answer.status != 200:
            raise_for_status(answer, is_member=self.is_member)
        return answer

    def _count(self, name: str) -> float:
        """Count a first attempt, and return how many seconds it has."""
        left_s = self.trace.remaining_s()
        if left_s <= 0:
            raise TimedOut(landed=Landed.NO, detail="no time left")
        tally = self.trace.tally
        if tally.budget is not None and tally.made >= tally.budget:
            raise BudgetSpent
        tally.made += 1
        tally.routes[name] = tally.routes.get(name, 0) + 1
        return left_s

    def _url(self, route: str, parts: Mapping[str, str | int], params: Params) -> str:
        for name, value in parts.items():
            # Whatever id we hold of a member's profile, Omneo knows it by their token.
            part = ME if self.is_member and name == "profile" else _as_part(value)
            route = route.replace(f"{{{name}}}", part)
        url = self._root + route
        if not params:
            return url
        return url + "?" + "&".join([each if isinstance(each, str) else _written(*each) for each in params])


_is_unreserved = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_is_unreserved_list = re.compile(r"[A-Za-z0-9_.,~-]*").fullmatch


def _as_part(value: str | int) -> str:
    """Quote a part of a path; ids need none, and asking urllib costs more than the rest of the path."""
    text = str(value)
    return text if _is_unreserved(text) else quote(text, safe="")


def _written(name: str, value: str) -> str:
    """Write a parameter; lists of ids, which urllib would take a millisecond for, need only their commas quoted."""
    value = value.replace(",", "%2C") if _is_unreserved_list(value) else quote_plus(value)
    return f"{_quoted_name(name)}={value}"


@lru_cache(maxsize=256)
def _quoted_name(name: str) -> str:
    """Names are ours and few. Values can be personal, and are not remembered."""
    return quote_plus(name)
