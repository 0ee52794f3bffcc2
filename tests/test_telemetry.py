"""Traces and log lines: what a client may set, what is written, and what never is."""

import asyncio
import json
import logging
import threading
import time
from collections import deque
from functools import partial

import pytest
from lines import written

import telemetry
from telemetry import Trace

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in written(capsys).splitlines()]


def test_well_formed_ids_of_the_client_are_kept() -> None:
    trace = Trace.begin(request_id="till-7:0042", traceparent=TRACEPARENT)
    assert (trace.request_id, trace.traceparent) == ("till-7:0042", TRACEPARENT)


@pytest.mark.parametrize("request_id", [None, "", "a b", "x" * 129, 'a"b', "a\nb", "é"])
def test_missing_or_malformed_request_id_is_replaced(request_id: str | None) -> None:
    made = Trace.begin(request_id=request_id).request_id
    assert made != request_id
    assert len(made) == 32


@pytest.mark.parametrize(
    "traceparent", ["", "00-" + "0" * 32 + "-b7ad6b7169203331-01", TRACEPARENT + "-x", "ff" + TRACEPARENT[2:]]
)
def test_malformed_traceparent_is_dropped(traceparent: str) -> None:
    assert Trace.begin(traceparent=traceparent).traceparent is None


def test_remaining_time_runs_out_at_zero() -> None:
    trace = Trace.begin(deadline_s=5)
    assert 4 < trace.remaining_s() <= 5
    trace.deadline = time.monotonic() - 1
    assert trace.remaining_s() == 0


def test_a_log_line_is_json_with_the_id_of_the_bound_request(capsys: pytest.CaptureFixture[str]) -> None:
    Trace.begin(request_id="abc").bind()
    telemetry.log("something", count=2)
    (line,) = lines(capsys)
    assert line["event"] == "something"
    assert line["request_id"] == "abc"
    assert line["count"] == 2


def test_library_records_become_json_and_their_tracebacks_lose_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        telemetry.configure_logging("info")
        logging.getLogger("httpx").info("GET https://omneo.example/profiles?filter[email]=ada@example.com")
        try:
            raise ValueError("ada@example.com is odd")
        except ValueError:
            logging.getLogger("other").exception("It broke")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)
    (line,) = lines(capsys)
    assert line["event"] == "It broke"
    assert line["error"] == ["builtins.ValueError"]
    assert "ada@example.com" not in json.dumps(line)


def test_line_that_another_thread_took_meanwhile_costs_no_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may seem to be one left when somebody else writes it already."""

    class Raced(deque[bytes]):
        def __bool__(self) -> bool:
            return True

    monkeypatch.setattr(telemetry, "_waiting", Raced())
    telemetry.log("first")
    telemetry.log("second")
    assert [line["event"] for line in lines(capsys)] == ["first", "second"]


async def test_what_is_told_later_is_told_at_the_end_of_the_turn_before_its_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Trace.begin(request_id="mine").bind()
    for number in (1, 2):
        telemetry.tell_later(partial(telemetry.log, "told", number=number, request_id="its own"))
    assert capsys.readouterr().err == ""
    await asyncio.sleep(0)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["number"], line["request_id"]) for line in told] == [(1, "its own"), (2, "its own")]


async def test_a_tale_that_fails_keeps_no_other_from_being_told(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError("ada@example.com")

    for tell in (fail, fail, partial(telemetry.log, "told"), fail):
        telemetry.tell_later(tell)
    await asyncio.sleep(0)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in told] == ["unforeseen error", "unforeseen error", "told", "unforeseen error"]
    assert told[0]["error"] == ["builtins.ValueError"]
    assert "ada" not in str(told)


async def test_another_thread_does_not_tell_what_this_one_has_to(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures are counted by one thread, without a lock."""
    tellers: list[int] = []
    telemetry.tell_later(lambda: tellers.append(threading.get_ident()))
    await asyncio.to_thread(telemetry.flush)
    await asyncio.sleep(0)
    assert tellers == [threading.get_ident()]
