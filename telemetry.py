"""What every request leaves behind: its identity, deadline and tally of Omneo calls, and JSON log lines."""

from __future__ import annotations

import asyncio
import atexit
import logging
import random
import re
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import orjson

_AS_LINE = orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

# What libraries say too often, or too openly: httpx writes whole URLs, so e-mails, and stamina what it repeats.
_QUIET = {
    "asyncio": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "stamina": logging.ERROR,
    "uvicorn.error": logging.WARNING,
}

# The one request a task works for, so that a line written deep below still carries its id.
_current: ContextVar[Trace | None] = ContextVar("current_trace", default=None)
_threshold = logging.INFO

# Lines wait for the end of the event loop's turn and are written together: one system call instead of one a request.
_waiting: deque[bytes] = deque()
_flushing: asyncio.AbstractEventLoop | None = None  # the loop that has been asked to write them


class _Untold(threading.local):
    """Hold what each thread tells when its event loop's turn ends."""

    def __init__(self) -> None:
        self.tales: deque[Callable[[], None]] = deque()


_untold = _Untold()


class Tally(msgspec.Struct, gc=False):
    """Count the Omneo calls of one request. Plain counters: one event loop, no locks."""

    made: int = 0  # first attempts
    retried: int = 0  # repeats
    cached: int = 0  # answered by the catalogue cache, or joined to a call in flight
    routes: dict[str, int] = {}  # first attempts by route template
    predicted: int = 0  # the worst case, known before the first call
    budget: int | None = None  # first attempts allowed; None is unlimited
    engine: str = ""  # what ran the operation: compiled, or stock
    calls_s: list[tuple[str, float]] = []  # each attempt: route template, seconds
    ceiling: int | None = None  # of what may be predicted
    batches: list[tuple[str, int]] = []  # each batch: loader, keys
    disagreements: list[str] = []  # where Omneo judged otherwise than its rules as we know

    def allow(self, further: int) -> None:
        """Allow calls that could not be foreseen, up to what an operation may cost; they count as predicted from now
        on."""
        if self.ceiling is not None:
            further = max(0, min(further, self.ceiling - self.predicted))
        self.predicted += further
        if self.budget is not None:
            self.budget += further

    def disagree(self, how: str) -> None:
        """Note that Omneo allowed, or refused, what its rules as we know them say otherwise."""
        self.disagreements.append(how)


class Trace(msgspec.Struct, gc=False):
    """Carry what a request hands down to every Omneo call: who it is, until when, and what it has cost.

    `deadline` is a moment of `time.monotonic()` after which no call is begun or awaited.
    """

    request_id: str
    traceparent: str | None
    deadline: float
    tally: Tally
    followers: int = 0  # other requests that wait for what this one does

    @classmethod
    def begin(cls, *, request_id: str | None = None, traceparent: str | None = None, deadline_s: float = 15.0) -> Trace:
        """Begin a request now. A client's id or traceparent that is not well-formed is replaced or dropped."""
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = "%032x" % random.getrandbits(128)  # noqa: UP031 — takes less time
        if traceparent is not None and not _TRACEPARENT.fullmatch(traceparent):
            traceparent = None
        return cls(request_id, traceparent, time.monotonic() + deadline_s, Tally())

    def apart(self, seconds: float, tally: Tally) -> Trace:
        """Return a trace of the same request with time and calls of its own, for what may outlive it."""
        return Trace(self.request_id, self.traceparent, time.monotonic() + seconds, tally)

    def remaining_s(self) -> float:
        """Tell how many seconds are left, never less than 0."""
        return max(0.0, self.deadline - time.monotonic())

    def abandon(self) -> None:
        """End the time left: nobody waits for the answer any more, so no further call is begun."""
        self.deadline = 0.0

    def bind(self) -> None:
        """Name this trace as the one the running task works for; its log lines then carry the request id."""
        _current.set(self)


def note_batch(loader: str, keys: int) -> None:
    """Note how many keys a loader of the running task's request asks for together."""
    trace = _current.get()
    if trace is not None:
        trace.tally.batches.append((loader, keys))


def request_id() -> str | None:
    """Return the id of the request the running task works for; None outside of one."""
    trace = _current.get()
    return None if trace is None else trace.request_id


def log(event: str, *, level: str = "info", **fields: Any) -> None:
    """Write one JSON line to stderr: time, level, event, the request's id if there is one, and the fields.

    Pass nothing personal and no credential: what goes in is written as it is.
    """
    log_fields(event, fields, level=level)


def log_fields(event: str, fields: dict[str, Any], *, level: str = "info") -> None:
    """Write such a line from a dict."""
    if _LEVELS[level] >= _threshold:
        _write(level, event, fields)


def tell_later(tell: Callable[[], None]) -> None:
    """Call this when the event loop's turn ends, before its lines are written.

    For what is told of every request: told of all of a turn together it costs a third, because what it takes is in the
    processor's caches from the second one on, and no request finds its own work driven out of them.
    """
    _untold.tales.append(tell)
    _flush_soon(at_once=False)


def cause(error: BaseException) -> dict[str, Any]:
    """Tell where an unforeseen error came from, for the log: its types and frames, outermost first.

    Its message is left out on purpose: messages of bugs quote the values they choked on, e-mails included.
    """
    chain: list[str] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 8:
        chain.append(f"{type(link).__module__}.{type(link).__qualname__}")
        link = link.__cause__ or link.__context__
    frames = traceback.extract_tb(error.__traceback__)[-20:]
    return {"error": chain, "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}


def configure_logging(level: str = "info") -> None:
    """Send every library's records through the same JSON lines, and quieten the talkative ones."""
    global _threshold
    _threshold = _LEVELS[level]
    root = logging.getLogger()
    root.handlers[:] = [_JsonHandler()]
    root.setLevel(_threshold)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(True)


class _JsonHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            # The formatted message may quote the exception, so it goes the same way: type and frames only.
            _write(record.levelname.lower(), str(record.msg), fields | cause(record.exc_info[1]))
            return
        _write(record.levelname.lower(), record.getMessage(), fields)


def _write(level: str, event: str, fields: dict[str, Any]) -> None:
    now = time.time()
    written = f"{_to_the_second(int(now))}.{int(now % 1 * 1000):03d}+00:00"
    trace = None if "request_id" in fields else _current.get()
    named = {} if trace is None else {"request_id": trace.request_id}
    line = {"time": written, "level": level, "event": event, **named, **fields}
    _waiting.append(orjson.dumps(line, default=repr, option=_AS_LINE))
    _flush_soon(at_once=level == "error")


@lru_cache(maxsize=2)
def _to_the_second(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _flush_soon(*, at_once: bool) -> None:
    global _flushing
    loop = asyncio._get_running_loop()
    if loop is None or at_once:
        flush()
    elif loop is not _flushing:
        _flushing = loop
        loop.call_soon(flush)


def flush() -> None:
    """Tell what this thread has to tell, and write all lines that wait; whoever ends the process calls this last."""
    global _flushing
    try:
        tales = _untold.tales
        while tales:
            try:
                tales.popleft()()
            except Exception as error:  # must not keep the others from being told
                _write("error", "unforeseen error", cause(error))
        lines: list[bytes] = []
        with suppress(IndexError):  # as when another thread takes the last one
            while True:
                lines.append(_waiting.popleft())
        if lines:
            sys.stderr.write(b"".join(lines).decode())
    finally:
        _flushing = None  # what is told meanwhile is written above


atexit.register(flush)
