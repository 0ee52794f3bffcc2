"""Transfers of libcurl's in an event loop: what one is, and who runs them."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol

import pycurl

from omneo.transport import Answer


class Transfer(Protocol):
    """A handle of libcurl's, and what is done with it before it is sent and after it has ended."""

    curl: pycurl.Curl

    def prepare(self) -> None: ...

    def answer(self) -> Answer: ...

    def failure(self, gave_up: pycurl.error) -> Exception: ...


class Transfers(Protocol):
    """Run transfers of libcurl's: `CurlLoop`, or `PortableTransfers` where there is no epoll."""

    def setopt(self, option: int, value: int) -> None: ...

    def run(self, transfer: Transfer) -> Awaitable[Answer]: ...

    def break_off(self, transfer: Transfer) -> None: ...

    async def aclose(self) -> None: ...


class PortableTransfers:
    """Run transfers by pycurl's own loop, which knows every system."""

    def __init__(self) -> None:
        self._multi = pycurl.AsyncCurlMulti()
        self.setopt = self._multi.setopt
        self.aclose = self._multi.aclose

    async def run(self, transfer: Transfer) -> Answer:
        try:
            transfer.prepare()
            await self._multi.add_handle(transfer.curl)
        except pycurl.error as error:
            raise transfer.failure(error) from error
        return transfer.answer()

    def break_off(self, transfer: Transfer) -> None:
        with suppress(RuntimeError):  # it has ended in the same moment
            self._multi.remove_handle(transfer.curl)
