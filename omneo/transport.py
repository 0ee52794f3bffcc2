"""The seam under the client: one request out, one status, headers and bytes back, and the truth about failures."""

from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Protocol

import httpx

from omneo.errors import Invalid, Landed, TimedOut, Unavailable

MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it leaves: `url` is whole and encoded, `timeout_s` bounds the whole exchange."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    timeout_s: float

    @property
    def is_read(self) -> bool:
        """Whether it may be repeated. Omneo's look-ups by POST are not, to be plain about what was sent."""
        return self.method == "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it says; header names in lower case."""

    status: int
    headers: httpx.Headers
    body: bytes


class Transport(Protocol):
    """Send requests. Raises `Unavailable`, `TimedOut` or `Invalid`, whose `landed` is true to what was sent (D9)."""

    async def send(self, request: Request) -> Answer: ...

    async def aclose(self) -> None: ...


class HttpxTransport:
    """Send over httpx, whose exceptions tell a request that never left from one whose answer was lost."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def send(self, request: Request) -> Answer:
        timeout = httpx.Timeout(request.timeout_s, connect=min(3.0, request.timeout_s))
        built = self._http.build_request(
            request.method, request.url, headers=request.headers, content=request.body, timeout=timeout
        )
        try:
            answer = await self._http.send(built, stream=True, follow_redirects=False)
            try:
                return Answer(answer.status_code, answer.headers, await _read(answer))
            finally:
                await answer.aclose()
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TimedOut(landed=Landed.NO, detail=type(error).__name__) from error
        except httpx.TimeoutException as error:
            raise TimedOut(landed=Landed.UNKNOWN, detail=type(error).__name__) from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.ProxyError) as error:
            raise Unavailable(landed=Landed.NO, detail=type(error).__name__) from error
        except httpx.DecodingError as error:
            raise Invalid(landed=Landed.UNKNOWN, detail=type(error).__name__) from error
        except httpx.TransportError as error:
            raise Unavailable(landed=Landed.UNKNOWN, detail=type(error).__name__) from error

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


def open_http(*, connections: int = 48, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Open the HTTP client of a process: kept-alive connections, no redirects, nothing from the environment.

    Proxies and .netrc found there would see, or replace, the credentials of calls to Omneo. Nor is any cookie kept: a
    session begun for one member would go out with the next member's call.
    """
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30)
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        limits=limits, transport=transport, follow_redirects=False, trust_env=False, cookies=no_cookies
    )
