"""Driving libcurl's transfers from the event loop: one watcher for all its sockets, one callback a turn (ADR 22)."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

import pycurl

import telemetry
from omneo.transfers import Transfer
from pace import Pace, Rest

_EVENTS = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class CurlLoop:
    """Run transfers; what `pycurl.AsyncCurlMulti` does, for many small ones.

    libcurl's sockets are in an epoll set of their own, and that set is the one thing the event loop watches. A socket
    stays in it while its connection is kept, so a request on a kept connection costs one system call here. What is
    asked in a turn of the event loop is sent together when it ends, and what arrived in one is read and handed out
    together: libcurl's code is in the processor's caches from the second one on. With a pace, that is no more in a turn
    than the pace says, with rests in between where it says so (ADR 27).
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace
        self._is_resting = False
        self._has_skipped = False  # what was ready, amid a rest
        self._began_last = False
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_alarm)
        self._epoll = select.epoll()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._new: dict[pycurl.Curl, Transfer] = {}  # to be sent in the next turn
        self._under_way: dict[pycurl.Curl, Transfer] = {}  # these included
        self._busy: set[int] = set()  # sockets of transfers under way; the others belong to connections kept idle
        self._is_called = False  # whether the event loop is going to call `_begin`
        self._alarm: asyncio.TimerHandle | None = None
        self._rings_at = 0.0  # in the event loop's time, as what follows
        self._due: float | None = None  # when libcurl wants to be called

    def setopt(self, option: int, value: int) -> None:
        """Set an option of the whole, as of `pycurl.CurlMulti`."""
        self._multi.setopt(option, value)

    def begin(self, curl: pycurl.Curl, transfer: Transfer) -> None:
        """Begin a transfer. It is told of its end, in another turn of the event loop."""
        loop = self._loop or self._begin_watching()
        self._new[curl] = self._under_way[curl] = transfer
        self._call(loop)

    def break_off(self, curl: pycurl.Curl) -> None:
        """End a transfer without a word, if it has not ended by itself."""
        if self._under_way.pop(curl, None) is not None and self._new.pop(curl, None) is None:
            self._multi.remove_handle(curl)

    async def aclose(self) -> None:
        """Break off all transfers and close all connections."""
        if self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
        if self._alarm is not None:
            self._alarm.cancel()
        for curl, transfer in [*self._under_way.items()]:
            if curl in self._under_way:  # else it was broken off by what another's end led to
                self.break_off(curl)
                transfer.end(asyncio.CancelledError())
        self._multi.close()
        self._epoll.close()
        self._loop = None

    def _begin_watching(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.get_running_loop()
        loop.add_reader(self._epoll.fileno(), self._on_ready)
        return loop

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """Do what libcurl says of a socket, which may be a new one under an old number."""
        if what == pycurl.POLL_REMOVE:
            self._busy.discard(fd)
            return
        self._busy.add(fd)
        try:
            self._epoll.modify(fd, _EVENTS[what])
        except FileNotFoundError:
            self._epoll.register(fd, _EVENTS[what])

    def _set_alarm(self, timeout_ms: int) -> None:
        """Note when libcurl wants to be called. Few alarms ever ring, so none is moved: one that rings early is set
        again."""
        loop = self._loop
        if timeout_ms < 0 or loop is None:
            self._due = None
        elif timeout_ms == 0:
            self._call(loop)
        else:
            self._due = due = loop.time() + timeout_ms / 1000
            if self._alarm is None or self._rings_at > due:
                if self._alarm is not None:
                    self._alarm.cancel()
                self._rings_at, self._alarm = due, loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._due is None or self._loop is None:
            return
        if self._due > self._loop.time():
            self._rings_at, self._alarm = self._due, self._loop.call_at(self._due, self._ring)
        else:
            self._call(self._loop)

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have `_begin` called in the next turn, or when a rest is over."""
        if not self._is_called:
            self._is_called = True
            if not self._is_resting:
                loop.call_soon(self._begin)

    def _begin(self) -> None:
        """Let libcurl do what its time has come for: begin transfers, end late ones."""
        if self._loop is None or self._is_resting:
            return
        self._began_last = True
        new = self._taken()
        self._sweep()
        odd: list[tuple[Transfer, Exception]] = []
        for curl, transfer in new.items():
            try:
                transfer.prepare()
                self._multi.add_handle(curl)
            except Exception as error:  # must not keep the others from being sent
                del self._under_way[curl]
                odd.append((transfer, error))
        self._is_called = False
        for transfer, failure in odd:
            try:
                transfer.end(failure)
            except Exception as error:
                _report(error)
        self._hand_out(self._act(pycurl.SOCKET_TIMEOUT, 0))
        self._rest()
        if self._new and self._loop is not None:
            self._call(self._loop)

    def _taken(self) -> dict[pycurl.Curl, Transfer]:
        """Take what is to be begun in this turn."""
        new, most = self._new, self._most()
        if most < 0 or len(new) <= most:
            self._new = {}
            return new
        return {curl: new.pop(curl) for curl in [*islice(new, most)]}

    def _most(self) -> int:
        """Tell how many transfers may be looked at in a turn; -1 is all of them."""
        return -1 if self._pace is None else self._pace.cut_of_reads.sockets

    def _on_ready(self) -> None:
        """Let libcurl read and write whatever it can."""
        if self._is_resting:
            self._has_skipped = True
            return
        self._has_skipped = self._began_last = False
        running, most = len(self._under_way), self._most()
        ready = self._sweep()
        for fd, events in ready if most < 0 else ready[:most]:
            if fd in self._busy:
                running = self._act(fd, pycurl.CSELECT_IN if events == select.EPOLLIN else _directions(events))
        self._hand_out(running)
        self._rest()

    def _rest(self) -> None:
        """Leave some turns to others before the next piece, where the pace says so."""
        if self._pace is not None and self._pace.reads_rest and not self._is_resting:
            self._is_resting = True
            Rest(self._go_on)

    def _go_on(self) -> None:
        """Do by turns what had to wait: reading, and beginning."""
        self._is_resting = False
        if self._loop is not None and self._has_skipped and (self._began_last or not self._is_called):
            self._on_ready()
        if self._is_called and not self._is_resting:
            self._begin()

    def _sweep(self) -> list[tuple[int, int]]:
        """Look for what has come on connections that are kept, before one of them can be used: libcurl sends a request
        again on another, if its own turns out to be closed. Returns what is ready besides."""
        ready = self._epoll.poll(0)
        for fd, _ in ready:
            if fd not in self._busy:
                self._spoil(fd)
        return [each for each in ready if each[0] in self._busy]

    def _spoil(self, fd: int) -> None:
        """Have a connection that is kept not be used again: it has ended, or something came that nobody had asked for,
        and would be taken for the answer to whatever is asked next. libcurl looks but once a second; writing to it
        fails from now on, and then libcurl takes another."""
        with suppress(OSError):
            self._epoll.unregister(fd)
        with suppress(OSError), socket.socket(fileno=os.dup(fd)) as kept:
            kept.shutdown(socket.SHUT_RDWR)

    def _act(self, fd: int, directions: int) -> int:
        """Let libcurl do what there is to do. Returns how many transfers are still running."""
        try:
            return self._multi.socket_action(fd, directions)[1]
        except pycurl.error as error:  # it will not tell of any transfer any more
            self._end([(curl, error) for curl in self._under_way.keys() - self._new.keys()])
            return 0

    def _hand_out(self, running: int) -> None:
        """Tell the transfers that have ended. libcurl says how many are still running."""
        if running + len(self._new) >= len(self._under_way):
            return
        _, done, failed = self._multi.info_read()
        self._end([(curl, None) for curl in done])
        self._end([(curl, pycurl.error(code, message)) for curl, code, message in failed])

    def _end(self, ended: Sequence[tuple[pycurl.Curl, Exception | None]]) -> None:
        for curl, error in ended:
            transfer = self._under_way.pop(curl, None)
            if transfer is None:  # it was broken off by what another's end led to
                continue
            self._multi.remove_handle(curl)
            try:
                transfer.end(error)
            except Exception as odd:  # must not keep the others from being told
                _report(odd)


def _report(odd: Exception) -> None:
    telemetry.log("unforeseen error", level="error", **telemetry.cause(odd))


def _directions(events: int) -> int:
    """Return what libcurl calls these events; an error or a hang-up shows in reading as in writing."""
    return (pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0) | (
        pycurl.CSELECT_OUT if events & ~select.EPOLLIN else 0
    )
