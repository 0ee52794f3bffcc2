"""Answers written together at the end of a turn: nothing overtakes one on its connection, nothing is lost with it."""

import asyncio
import json
from collections.abc import Callable

import pytest
from lines import written
from uvicorn.config import Config
from uvicorn.server import ServerState

from serving.asgi import Receive, Scope, Send
from serving.outbox import Outbox
from serving.protocol import GuardedProtocol, HeadLimits, guarded


class Wire(asyncio.Transport):
    """A connection that notes what is written to it, and when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[bytes] = []
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._is_closing
        self.said.append(bytes(data))

    def write_eof(self) -> None:
        self.said.append(b"[eof]")

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        self.said.append(b"[closed]")

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0


async def nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer nothing."""


@pytest.fixture
async def protocol() -> GuardedProtocol:
    config = Config(nobody, lifespan="off", log_config=None)
    config.load()
    made = guarded(HeadLimits())(config=config, server_state=ServerState(), app_state={})
    made.connection_made(Wire())
    return made


Happening = Callable[[GuardedProtocol], object]


@pytest.mark.parametrize(
    ("happening", "after"),
    [
        (lambda each: each.data_received(b"NONSENSE\r\n\r\n"), b"HTTP/1.1 400"),
        (lambda each: each._refuse_time(), b"[closed]"),
        (lambda each: each.shutdown(), b"[closed]"),
        (lambda each: each.eof_received(), None),
    ],
    ids=["next request", "time is up", "the server stops", "the client has said all"],
)
async def test_an_answer_leaves_before_whatever_comes_after_it(
    protocol: GuardedProtocol, happening: Happening, after: bytes | None
) -> None:
    wire = protocol.transport
    assert isinstance(wire, Wire)
    protocol.outbox.put(wire, b"answer")
    assert wire.said == []
    happening(protocol)
    assert wire.said[0] == b"answer"
    assert after is None or wire.said[1].startswith(after)
    await asyncio.sleep(0)
    assert wire.said.count(b"answer") == 1
    protocol.connection_lost(None)


async def test_answers_of_a_turn_leave_with_it_in_their_order() -> None:
    outbox, first, second, closed = Outbox(), Wire(), Wire(), Wire()
    for wire, answer in ((first, b"1"), (second, b"2"), (closed, b"lost"), (first, b"3")):
        outbox.put(wire, answer)
    closed.close()
    await asyncio.sleep(0)
    assert (first.said, second.said, closed.said) == ([b"1", b"3"], [b"2"], [b"[closed]"])
    outbox.put(first, b"4")
    await asyncio.sleep(0)
    assert first.said == [b"1", b"3", b"4"]


async def test_a_long_answer_leaves_at_once() -> None:
    outbox, wire, other = Outbox(), Wire(), Wire()
    outbox.put(other, b"short")
    outbox.put(wire, long := b"x" * 20_000)
    assert (wire.said, other.said) == ([long], [])
    await asyncio.sleep(0)
    assert other.said == [b"short"]


class Broken(Wire):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        raise RuntimeError(data)


async def test_a_connection_that_cannot_take_its_answer_keeps_nobody_elses(capsys: pytest.CaptureFixture[str]) -> None:
    """It is ended, and the log says so, without the answer."""
    outbox, broken, other = Outbox(), Broken(), Wire()
    long = Broken()
    outbox.put(broken, b"personal")
    outbox.put(other, b"answer")
    outbox.put(long, b"personal" * 4000)
    outbox.empty()
    assert (broken.said, long.said, other.said) == ([b"[closed]"], [b"[closed]"], [b"answer"])
    told = [json.loads(each) for each in written(capsys).splitlines()]
    assert [line["level"] for line in told] == ["error", "error"]
    line = told[0]
    assert line["error"] == ["builtins.RuntimeError"]
    assert "personal" not in str(told)
