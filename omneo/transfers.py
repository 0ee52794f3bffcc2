"""Transfers of libcurl's in an event loop: what one is, and who runs them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Protocol

import pycurl

from pace import Pace


class Transfer(Protocol):
    """Something that libcurl is to send, and whose end it is told of."""

    def prepare(self) -> None:
        """Say what is sent."""

    def end(self, error: BaseException | None) -> None:
        """It has ended, well or by this error. Must not raise: others that have ended are told after it."""


class Transfers(Protocol):
    """Run transfers of libcurl's: `CurlLoop`, or `PortableTransfers` where there is no epoll."""

    def setopt(self, option: int, value: int) -> None: ...

    def begin(self, curl: pycurl.Curl, transfer: Transfer) -> None: ...

    def break_off(self, curl: pycurl.Curl) -> None: ...

    async def aclose(self) -> None: ...


class PortableTransfers:
    """Run transfers by pycurl's own loop, which knows every system."""

    def __init__(self, _pace: Pace | None = None) -> None:
        self._multi = pycurl.AsyncCurlMulti()
        self._under_way: dict[pycurl.Curl, Transfer] = {}
        self.setopt = self._multi.setopt

    def begin(self, curl: pycurl.Curl, transfer: Transfer) -> None:
        self._under_way[curl] = transfer
        try:
            transfer.prepare()
            self._multi.add_handle(curl).add_done_callback(partial(self._ended, curl))
        except Exception as error:
            asyncio.get_running_loop().call_soon(self._end, curl, error)

    def _ended(self, curl: pycurl.Curl, ended: asyncio.Future[pycurl.Curl]) -> None:
        self._end(curl, asyncio.CancelledError() if ended.cancelled() else ended.exception())

    def _end(self, curl: pycurl.Curl, error: BaseException | None) -> None:
        transfer = self._under_way.pop(curl, None)
        if transfer is not None:  # else it was broken off
            transfer.end(error)

    def break_off(self, curl: pycurl.Curl) -> None:
        if self._under_way.pop(curl, None) is not None:
            with suppress(RuntimeError):  # it has ended in the same moment
                self._multi.remove_handle(curl)

    async def aclose(self) -> None:
        await self._multi.aclose()
        await asyncio.sleep(0)  # which is when those under way are told
