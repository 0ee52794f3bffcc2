"""Reads over pyreqwest, an HTTP client in Rust: the same seam at a twentieth of the cost (ADR 9). Never for writes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BodyDecodeError,
    DetailedPyreqwestError,
    PoolTimeoutError,
    PyreqwestError,
    RequestTimeoutError,
)

from omneo.errors import Invalid, Landed, OmneoError, TimedOut, Unavailable
from omneo.transport import CONNECT_S, MAX_ANSWER_BYTES, Answer, Request

IN_FLIGHT = 96
_LET_GO_S = 0.1

# pyreqwest calls every failure before the answer's head a ConnectError or a ConnectTimeoutError, also the loss of a
# request that was sent. What happened stands in the causes, in the words of the Rust crates below it. Should these
# change, `landed` becomes UNKNOWN, the safe side; tests hold them.
_NEVER_CONNECTED = "client error (Connect)"
_BODY_BROKE_OFF = "error reading a body from connection"


class PyreqwestTransport:
    """Send reads. The client's own total timeout is the deadline, and bounds queueing, connecting and reading alike.

    A caller that is cancelled stops waiting at once; its exchange goes on until it is answered or out of time.
    """

    def __init__(self, http: Client) -> None:
        self._http = http

    async def send(self, request: Request) -> Answer:
        try:
            asked = self._http.request(request.method, request.url).headers(request.headers)
            # Streamed, although it is read whole: only so an answer that is too large ends where the limit is.
            async with asked.timeout(timedelta(seconds=request.timeout_s)).build_streamed() as answer:
                body = await answer.body_reader.read(MAX_ANSWER_BYTES + 1)
                status = answer.status
                retry_after = answer.get_header("retry-after") if status >= 400 else None
        except (PyreqwestError, ValueError) as error:
            raise _meaning(error) from error
        if body is None:
            return Answer(status, b"", retry_after)
        if len(body) > MAX_ANSWER_BYTES:
            raise Invalid(landed=Landed.UNKNOWN, detail="answer too large")
        return Answer(status, bytes(body), retry_after)

    async def aclose(self) -> None:
        await self._http.close()
        # The client's own thread lets go of Python objects a moment after an answer; were the interpreter to end in
        # that moment, the process would abort instead of exiting.
        await asyncio.sleep(_LET_GO_S)


def open_reads(*, connections: int = IN_FLIGHT) -> PyreqwestTransport:
    """Open the transport for a process's reads: no redirects, no cookies, nothing from the environment.

    Certificates are checked against the system's trust store.
    """
    http = (
        ClientBuilder()
        .no_proxy()
        .follow_redirects(False)
        .referer(False)
        .max_connections(connections)
        .pool_max_idle_per_host(connections)
        .pool_idle_timeout(timedelta(seconds=30))
        .connect_timeout(timedelta(seconds=CONNECT_S))
        .http1_lower_case_headers()
        .brotli(False)
        .zstd(False)
        .deflate(False)
        .build()
    )
    return PyreqwestTransport(http)


def _meaning(error: PyreqwestError | ValueError) -> OmneoError:
    causes = _causes(error)
    if isinstance(error, PoolTimeoutError):
        return TimedOut(landed=Landed.NO, detail="no free connection in time")
    if isinstance(error, RequestTimeoutError):
        if _NEVER_CONNECTED in causes:
            return TimedOut(landed=Landed.NO, detail="no connection in time")
        return TimedOut(landed=Landed.UNKNOWN, detail="no answer in time")
    if isinstance(error, BodyDecodeError) and _BODY_BROKE_OFF not in causes:
        return Invalid(landed=Landed.UNKNOWN, detail="answer unreadable")
    if _NEVER_CONNECTED in causes:
        return Unavailable(landed=Landed.NO, detail="no connection")
    if isinstance(error, ValueError):
        return Unavailable(landed=Landed.NO, detail="request cannot be sent")
    return Unavailable(landed=Landed.UNKNOWN, detail="connection lost")


def _causes(error: BaseException) -> list[str]:
    if not isinstance(error, DetailedPyreqwestError):
        return []
    return [cause["message"] for cause in error.details["causes"] or []]
