"""Serving over real sockets, which a fault may close for real."""

from __future__ import annotations

import socket
import sys

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HANG_UP = "sandbox.hang_up"  # an extension of the ASGI scope: call it, and the client's connection is gone


class HangUpProtocol(HttpToolsProtocol):
    """Hand every request the means to close its connection without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {HANG_UP: self._hang_up}  # type: ignore[dict-item]  # an extension is what it is

    def _hang_up(self) -> None:
        # uvicorn would report a handler that ends without an answer; to it, the client is simply gone.
        if self.cycle is not None:
            self.cycle.disconnected = True
        if not self.transport.is_closing():
            self.transport.abort()


def serve(app: ASGIApp, host: str, port: int) -> int:
    """Serve until told to stop; port 0 takes a free one. Prints where it listens. Returns the exit code."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sys.stderr.write(f"port {port} on {host} cannot be had: {error.strerror}\n")
        return 1
    sys.stdout.write(f"sandbox on http://{host}:{sock.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        app, http=HangUpProtocol, log_level="warning", access_log=False, timeout_graceful_shutdown=1, lifespan="on"
    )
    uvicorn.Server(config).run(sockets=[sock])
    return 0
