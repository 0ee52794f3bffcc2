"""The client: routes become requests, answers become records, failures become the errors of `omneo.errors`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

import httpx
import msgspec
from starlette.datastructures import Secret

import telemetry
from omneo.attempt import attempt, count
from omneo.credential import Accepted, Credential
from omneo.decoding import decode, decode_whole, list_of
from omneo.errors import OmneoError
from omneo.flights import Flights
from omneo.ids import ME
from omneo.reading import read, read_each
from omneo.transport import Answer, HttpxTransport, Request, Transport
from omneo.urls import Params, as_part, query
from telemetry import Trace

T = TypeVar("T")

_LEAST_PAGE = 10  # a smaller one is a slip of one answer; Omneo's usual has 15 rows (API.md §4.1)
_LEARNT_S = 300  # how long it is held that pages are smaller than was said

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
        flights: Flights | None = None,
    ) -> None:
        self.transport: Transport = HttpxTransport(http)
        self.reads: Transport = reads or self.transport
        self.api_url = api_url.rstrip("/")
        self.id_url = id_url.rstrip("/")
        self.page_max = self._page_max_said = page_max
        self._learnt: asyncio.TimerHandle | None = None  # which ends what was learnt
        self.flights = flights or Flights()
        self.accepted = Accepted()
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

    def learn_page_max(self, size: int) -> None:
        """Ask for no larger pages for a while; then it is found out anew, should it have been one odd answer."""
        if _LEAST_PAGE <= size < self.page_max:
            self.page_max = size
            telemetry.log("omneo.page_max", level="warning", size=size)
            if self._learnt is not None:
                self._learnt.cancel()
            self._learnt = asyncio.get_running_loop().call_later(_LEARNT_S, self._forget)

    def _forget(self) -> None:
        self.page_max, self._learnt = self._page_max_said, None


class Client(msgspec.Struct, eq=False):
    """Call Omneo for one request under one credential.

    Reads are repeated at most twice within the request's deadline; writes are sent once, whatever becomes of them.
    Every first attempt counts against `trace.tally`. Where it `joins`, a read may be answered by an equal one of
    another request; writes' never are. `kinds` are record types to decode in the place of others, for who reads less.
    """

    upstream: Upstream
    _root: str
    credential: Credential
    trace: Trace
    is_member: bool
    joins: bool = False
    kinds: Mapping[Any, Any] | None = None

    @property
    def page_max(self) -> int:
        """Tell how many rows Omneo's largest page has, as far as is known."""
        return self.upstream.page_max

    @property
    def era(self) -> int:
        """Count the writes that are known of: what was asked for in another era may not know of them."""
        return self.upstream.flights.era

    def learn_page_max(self, size: int, *, further: int) -> None:
        """Take note that Omneo sends smaller pages than was thought (API.md §12, U-4). The operation that finds out is
        allowed the further pages it takes; from the next one on the price knows."""
        self.upstream.learn_page_max(size)
        self.trace.tally.allow(further)

    def under(self, trace: Trace) -> Client:
        """Speak with the same credential under another trace: for a write, which outlives its request."""
        return Client(self.upstream, self._root, self.credential, trace, is_member=self.is_member)

    async def get(self, route: str, kind: type[T], params: Params = (), **parts: str | int) -> T:
        """Read `route`, a template such as `/profiles/{profile}`, and decode what its envelope holds as `kind`."""
        record: T = decode(await read(self, f"GET {route}", self._url(route, parts, params)), self.seen_as(kind))
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
        return decode_whole(await read(self, f"GET {route}", self._url(route, parts, params)), kind)

    async def get_each(
        self, route: str, kind: type[T], asked: Sequence[tuple[Mapping[str, str | int], Params]]
    ) -> list[T | OmneoError]:
        """Read `route` side by side for each of these parts and parameters, and decode the whole answers; an error
        stands in the place of what it ended."""
        urls = [self._url(route, parts, params) for parts, params in asked]
        return await read_each(self, f"GET {route}", urls, lambda answer: decode_whole(answer, kind))

    async def post(self, route: str, body: Mapping[str, Any], kind: type[T], **parts: str | int) -> T:
        """Send a write, and decode what the envelope holds."""
        return decode(await self._write("POST", route, parts, body), kind)

    async def look_up(self, route: str, body: Mapping[str, Any], kind: type[T]) -> T:
        """Ask what Omneo made a POST though it changes nothing, and decode what the envelope holds."""
        return decode(await self._send("POST", route, {}, body), kind)

    async def post_whole(self, route: str, body: Mapping[str, Any], kind: type[T], **parts: str | int) -> T:
        """Send a write whose answer has no envelope (API.md §5, queued batches)."""
        return decode_whole(await self._write("POST", route, parts, body), kind)

    async def put(self, route: str, body: Mapping[str, Any], kind: type[T], **parts: str | int) -> T:
        """Change a record, and decode it as it is now."""
        return decode(await self._write("PUT", route, parts, body), kind)

    async def delete(self, route: str, **parts: str | int) -> None:
        """Remove a record."""
        await self._write("DELETE", route, parts)

    async def _write(
        self, method: str, route: str, parts: Mapping[str, str | int], body: Mapping[str, Any] | None = None
    ) -> Answer:
        """Send a write; whoever reads after it does not join a read from before it."""
        try:
            return await self._send(method, route, parts, body)
        finally:
            self.upstream.flights.part()

    async def _send(
        self, method: str, route: str, parts: Mapping[str, str | int], body: Mapping[str, Any] | None
    ) -> Answer:
        """Send what is no GET: once, whatever becomes of it."""
        name = f"{method} {route}"
        url = self._url(route, parts, ())
        left_s = count(self.trace, name)
        headers, content = self.credential.headers, None
        if body is not None:
            headers, content = headers | {"content-type": "application/json"}, _encoder.encode(body)
        request = Request(method, url, headers, content, left_s, self.trace)
        return await attempt(name, self.upstream.transport, request, self.trace, is_member=self.is_member)

    def _url(self, route: str, parts: Mapping[str, str | int], params: Params) -> str:
        for name, value in parts.items():
            # Whatever id we hold of a member's profile, Omneo knows it by their token.
            part = ME if self.is_member and name == "profile" else as_part(value)
            route = route.replace(f"{{{name}}}", part)
        return self._root + route + query(params) if params else self._root + route
