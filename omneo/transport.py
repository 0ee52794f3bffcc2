"""The seam under the client: one request out, one status and bytes back, and the truth about failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol

import httpx
import msgspec

from omneo.errors import Invalid, Landed, TimedOut, Unavailable
from telemetry import Trace

MAX_ANSWER_BYTES = 16 * 1024 * 1024
CONNECT_S = 3.0
IN_FLIGHT = 48  # httpx slows down when many wait inside its pool, so they wait in front of it


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request as it leaves: `url` is whole and encoded, `timeout_s` bounds all of it, queueing included.

    `headers` are the same dict for all that say the same; what names this one is added to them from its `trace`.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    timeout_s: float
    trace: Trace | None = None

    @property
    def marks(self) -> dict[str, str]:
        """Return the headers by which Omneo's log can be laid beside ours."""
        trace = self.trace
        if trace is None:
            return {}
        named = {"x-request-id": trace.request_id}
        return named if trace.traceparent is None else named | {"traceparent": trace.traceparent}


class Answer(msgspec.Struct, gc=False):
    """What came back, whatever it says; `retry_after` in seconds, or as it was sent. `repeats` is how often the
    transport had to send the request again, because a connection that was kept turned out to be closed.

    `decoded` is what the body holds, once somebody has decoded it, and by which decoder: who joined this read wants
    the same as a rule, and records never change.
    """

    status: int
    body: bytes
    retry_after: str | None = None
    repeats: int = 0
    decoded: tuple[msgspec.json.Decoder[Any], Any] | None = None


Answered = Callable[[Answer], object]
Failed = Callable[[BaseException], object]


class Begun(Protocol):
    """A request under way. Whoever cancels it is told nothing."""

    def cancel(self) -> object: ...


class Transport(Protocol):
    """Send requests, few enough at a time.

    Raises `Unavailable`, `TimedOut` or `Invalid`, whose `landed` is true to what was sent (D9) and whose `detail` says
    in our words what happened.
    """

    async def send(self, request: Request) -> Answer: ...

    def begin(self, request: Request, answered: Answered, failed: Failed, *, is_of_many: bool = False) -> Begun:
        """Send a request that nobody awaits: `answered` is called with the answer, or `failed` with what `send` would
        have raised, in another turn of the event loop. They must not raise.

        One of many that are wanted together need not keep those waiting that come alone, where a transport has lines.
        """

    async def aclose(self) -> None: ...


async def awaited(begin: Callable[[Answered, Failed], Begun]) -> Answer:
    """Begin what tells how it ended, and wait for that. Whoever is cancelled here cancels it."""
    ended: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    begun = begin(ended.set_result, ended.set_exception)
    try:
        return await ended
    except asyncio.CancelledError:
        begun.cancel()
        raise
    finally:
        del ended, begun  # which an error's traceback would hold, and they hold it


class HttpxTransport:
    """Send over httpx, whose exceptions tell a request that never left from one whose answer was lost."""

    def __init__(self, http: httpx.AsyncClient, *, in_flight: int = IN_FLIGHT) -> None:
        self._http = http
        self._gate = asyncio.Semaphore(in_flight)

    async def send(self, request: Request) -> Answer:
        landed = Landed.NO
        try:
            # httpx bounds each step alone; an answer that drips in would go on for ever.
            async with asyncio.timeout(request.timeout_s), self._gate:
                landed = Landed.UNKNOWN
                return await self._exchange(request)
        except TimeoutError:
            detail = "no free connection in time" if landed is Landed.NO else "no answer in time"
            raise TimedOut(landed=landed, detail=detail) from None

    def begin(
        self, request: Request, answered: Answered, failed: Failed, *, is_of_many: bool = False
    ) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self._told(request, answered, failed))

    async def _told(self, request: Request, answered: Answered, failed: Failed) -> None:
        try:
            answer = await self.send(request)
        except Exception as error:
            failed(error)
        else:
            answered(answer)

    async def _exchange(self, request: Request) -> Answer:
        timeout = httpx.Timeout(request.timeout_s, connect=min(CONNECT_S, request.timeout_s))
        built = self._http.build_request(
            request.method, request.url, headers=request.headers | request.marks, content=request.body, timeout=timeout
        )
        try:
            answer = await self._http.send(built, stream=True, follow_redirects=False)
            try:
                return Answer(answer.status_code, await _read(answer), answer.headers.get("retry-after"))
            finally:
                await answer.aclose()
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TimedOut(landed=Landed.NO, detail="no connection in time") from error
        except httpx.TimeoutException as error:
            raise TimedOut(landed=Landed.UNKNOWN, detail="no answer in time") from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.ProxyError) as error:
            raise Unavailable(landed=Landed.NO, detail="no connection") from error
        except httpx.DecodingError as error:
            raise Invalid(landed=Landed.UNKNOWN, detail="answer unreadable") from error
        except httpx.TransportError as error:
            raise Unavailable(landed=Landed.UNKNOWN, detail="connection lost") from error

    async def aclose(self) -> None:
        await self._http.aclose()


async def _read(answer: httpx.Response) -> bytes:
    """Read the body, but never more than `MAX_ANSWER_BYTES`."""
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.aiter_bytes():
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise Invalid(landed=Landed.UNKNOWN, detail="answer too large")
        pieces.append(piece)
    return b"".join(pieces)


def open_http(*, connections: int = IN_FLIGHT, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Open the httpx client of a process: kept-alive connections, no redirects, nothing from the environment.

    Proxies and .netrc found there would see, or replace, the credentials of calls to Omneo. Nor is any cookie kept: a
    session begun for one member would go out with the next member's call.
    """
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30)
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        limits=limits, transport=transport, follow_redirects=False, trust_env=False, cookies=no_cookies
    )
