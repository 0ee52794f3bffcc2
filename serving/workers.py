"""Several processes behind one socket: each serves by itself, one that dies is replaced, all stop together."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import telemetry

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LEAST_LIFE_S = 1.0  # one that dies sooner is not replaced at once, so that a crash at the start makes no storm


def supervise(work: Callable[[int], int], count: int, on_stop: Callable[[], None]) -> int:
    """Run `work` in `count` processes until told to stop, then pass the signal on and wait for all of them. Each is
    told its place, from 0 on; one that replaces another has that one's. `on_stop` is called here when they are to stop.

    They are forked, so what was made before is shared; no thread and no event loop may run yet. A worker ended by a
    signal of somebody else's (a crash, a lack of memory) is replaced. One that ends by itself says with its exit code
    that it cannot serve: then none can, and that code is returned. 0 after a stop.
    """
    return _Supervisor(work, count, on_stop).run()


class _Supervisor:
    def __init__(self, work: Callable[[int], int], count: int, on_stop: Callable[[], None]) -> None:
        self._work = work
        self._on_stop = on_stop
        self._count = count
        self._born: dict[int, tuple[int, float]] = {}  # process id → its place, and when it was started
        self._is_stopping = False
        self._code = 0
        # Nobody ever writes into it: its end is that of the supervisor, however it came.
        self._lifeline, self._held = os.pipe()

    def run(self) -> int:
        for each in _STOP_SIGNALS:
            signal.signal(each, self._on_signal)
        for place in range(self._count):
            self._start(place)
        while self._born:
            process, status = os.waitpid(-1, 0)
            self._ended(process, os.waitstatus_to_exitcode(status))
        return self._code

    def _start(self, place: int) -> None:
        # A stop that comes while it is being born reaches the child, or is seen by the supervisor just after.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        process = os.fork()
        if process == 0:
            self._be_worker(place)
        self._born[process] = place, time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)

    def _be_worker(self, place: int) -> None:
        # A Ctrl-C reaches a whole process group, and would come twice: by the terminal and by the supervisor.
        os.setpgid(0, 0)
        os.close(self._held)
        for each in _STOP_SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        threading.Thread(target=_stop_with, args=(self._lifeline,), daemon=True).start()
        code = 1
        try:
            code = self._work(place)
        except Exception as error:
            telemetry.log("unforeseen error", level="error", **telemetry.cause(error))
        finally:
            sys.stderr.flush()
            os._exit(code)  # not through the frames of the supervisor it was copied from

    def _ended(self, process: int, code: int) -> None:
        place, born = self._born.pop(process)
        if self._is_stopping:
            return
        if code >= 0:
            self._code = code
            self._pass_on(signal.SIGTERM)
            return
        telemetry.log("worker replaced", level="warning", signal=-code)
        time.sleep(max(0.0, born + _LEAST_LIFE_S - time.monotonic()))
        if not self._is_stopping:
            self._start(place)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._pass_on(signal.Signals(number))

    def _pass_on(self, number: signal.Signals) -> None:
        self._is_stopping = True
        self._on_stop()
        for process in self._born:
            os.kill(process, number)


def _stop_with(lifeline: int) -> None:
    """Wait for the end of the supervisor, and stop as if it had said so."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
