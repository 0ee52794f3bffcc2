"""The process that serves: one socket, one uvicorn server, a stop that lets requests in flight finish."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

import telemetry
from serving.protocol import HeadLimits, guarded

_STOP_GRACE_S = 5.0
# Net new objects before a collection. Sixty large answers at a time hold 200,000; looking through them again and again
# took 8 % of the CPU at 20,000. A look through 100,000 takes some 5 ms.
_GC_THRESHOLDS = (100_000, 20, 20)


class PortTaken(Exception):
    """Say that the address cannot be listened on."""


def bind(host: str, port: int) -> socket.socket:
    """Take the address without listening on it yet; port 0 takes a free one. Raises PortTaken with the reason."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        raise PortTaken(f"Cannot listen on {host}:{port}: {error.strerror or 'unknown address'}.") from None
    return taken


def configure(
    app: Any,
    deadline_s: float,
    heads: HeadLimits | None = None,
    count_refusal: Callable[[str], None] | None = None,
) -> uvicorn.Config:
    """Return how uvicorn is to serve the application: guarded, without logs of its own, with time to finish."""
    return uvicorn.Config(
        app,
        http=guarded(heads or HeadLimits(), count_refusal),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks for the client's address
        timeout_graceful_shutdown=int(deadline_s + _STOP_GRACE_S),
    )


def serve(
    app: Any,
    sock: socket.socket,
    *,
    deadline_s: float,
    on_stop: Callable[[], None],
    heads: HeadLimits,
    count_refusal: Callable[[str], None],
) -> bool:
    """Serve until SIGTERM or SIGINT; True when it came to serving at all.

    The port opens when the application has started. On a signal `on_stop` is called, no connection is accepted any
    more, and requests in flight have their deadline and five seconds to finish.
    """
    server = _Server(configure(app, deadline_s, heads, count_refusal), on_stop)
    # uvicorn leaves with SystemExit when the application does not start; the caller knows why, and says so.
    with contextlib.suppress(SystemExit):
        server.run(sockets=[sock])
    if server.started:
        telemetry.log("stopped")
    return server.started


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What lives as long as the process (schema, modules) is not looked through again at every collection, and
        # the short-lived objects of a request are not either until there are many.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        for sock in sockets or []:
            host, port = sock.getsockname()[:2]
            telemetry.log("listening", host=host, port=port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal anew at the end; a stop that was asked for and went well exits with 0.
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self._on_stop()
        self.should_exit = True
