"""The fault plan, over real sockets: what is lost, when, and what has landed all the same (docs/sandbox.md)."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sandbox_process import Process, post, running

PATH = "/api/v3/benefits"


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """One sandbox for all tests of this file."""
    with running() as started:
        yield started


@pytest.fixture(autouse=True)
def no_faults(process: Process) -> None:
    """Begin without a plan, and with an empty journal."""
    process.faults()


_made = iter(range(1_000_000))


def benefit(process: Process) -> dict[str, Any]:
    """Say what to assign, under an external id of its own."""
    (profile,) = process.data("GET", "/profiles?page[size]=1")
    keys = {"profile_id": profile["id"], "benefit_definition_id": "1", "external_id": f"fault-{next(_made)}"}
    body = keys | {"issued_at": "2026-06-01 09:00:00", "timezone": "UTC"}
    process.http.delete("/_sandbox/calls")
    return body


def landed(process: Process, body: dict[str, Any]) -> int:
    """Count the benefits of an external id."""
    return len(process.data("GET", f"/benefits?filter[external_id]={body['external_id']}"))


def statuses(process: Process) -> list[Any]:
    """Read the statuses of the writes in the journal."""
    return [call["status"] for call in process.calls() if call["method"] == "POST"]


def test_drop_before_hangs_up_unhandled(process: Process) -> None:
    """No byte of an answer, the socket closed, nothing has landed; the journal has the call without a status."""
    body = benefit(process)
    process.faults({"method": "POST", "path": PATH, "action": "drop-before"})
    assert process.raw(post("/benefits", body)) == b""
    assert statuses(process) == [None]
    assert landed(process, body) == 0


def test_drop_after_loses_the_answer_alone(process: Process) -> None:
    """No byte of an answer, the socket closed, but the write has landed."""
    body = benefit(process)
    process.faults({"method": "POST", "path": PATH, "action": "drop-after"})
    assert process.raw(post("/benefits", body)) == b""
    assert statuses(process) == [None]
    assert landed(process, body) == 1


def test_late_lands_after_the_hang_up(process: Process) -> None:
    """The connection is gone at once, the write comes `ms` later."""
    body = benefit(process)
    process.faults({"method": "POST", "path": PATH, "action": "late", "ms": 600})
    started = time.monotonic()
    assert process.raw(post("/benefits", body)) == b""
    before = landed(process, body) if time.monotonic() - started < 0.5 else 0
    assert before == 0
    _until(lambda: landed(process, body) == 1)
    assert time.monotonic() - started >= 0.6
    assert statuses(process) == [None]


def test_truncate_sends_half_of_what_it_announced(process: Process) -> None:
    """The head promises all of the body, half of it comes, then the connection is cut; the write has landed."""
    body = benefit(process)
    process.faults({"method": "POST", "path": PATH, "action": "truncate"})
    received = process.raw(post("/benefits", body))
    head, _, half = received.partition(b"\r\n\r\n")
    announced = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert (head.split()[1], len(half)) == (b"201", announced // 2)
    with pytest.raises(httpx.RemoteProtocolError):
        process.http.post(PATH, json=benefit(process))
    assert landed(process, body) == 1


def test_garbage_is_200_and_no_json(process: Process) -> None:
    """The handler has run; what comes is neither JSON nor UTF-8."""
    body = benefit(process)
    process.faults({"method": "POST", "path": PATH, "action": "garbage"})
    answer = process.http.post(PATH, json=body)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="decode"):
        json.loads(answer.content)
    assert landed(process, body) == 1


@pytest.mark.parametrize(("after", "count"), [(False, 0), (True, 1)])
def test_a_status_comes_instead_of_the_handler_or_after_it(process: Process, after: bool, count: int) -> None:
    """Its body is sent verbatim, with `Retry-After` where the rule has one; before, nothing is handled."""
    body = benefit(process)
    page = "<html>Bad gateway</html>"
    rule = {"method": "POST", "path": PATH, "action": "status", "status": 502, "body": page, "retry_after": 7}
    process.faults(rule | {"after": after})
    answer = process.http.post(PATH, json=body)
    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (502, page, "7")
    assert statuses(process) == [502]
    assert landed(process, body) == count


def test_a_status_is_503_with_nothing_unless_told(process: Process) -> None:
    """A body that is an object is sent as JSON."""
    process.faults({"path": "*", "action": "status"})
    answer = process.http.get(PATH)
    assert (answer.status_code, answer.content) == (503, b"")
    process.faults({"path": "*", "action": "status", "status": 429, "body": {"message": "Too Many Attempts."}})
    answer = process.http.get("/api/v3/profiles")
    assert (answer.status_code, answer.json()) == (429, {"message": "Too Many Attempts."})
    assert answer.headers["content-type"] == "application/json"


def test_delay_waits_and_then_answers(process: Process) -> None:
    """The answer is whole, and `ms` late; the journal counts the wait."""
    process.faults({"path": "/api/v3/benefits.count", "action": "delay", "ms": 300})
    started = time.monotonic()
    assert process.data("GET", "/benefits.count")["countAll"] > 500
    assert time.monotonic() - started >= 0.3
    (call,) = process.calls()
    assert (call["status"], call["ms"] >= 300) == (200, True)


def test_times_count_down(process: Process) -> None:
    """After so many times the rule is over, and the next rule that fits acts."""
    process.faults(
        {"path": "*", "action": "status", "status": 500, "times": 2},
        {"path": "*", "action": "status", "status": 503, "times": 1},
    )
    found = [process.http.get("/api/v3/benefits.count").status_code for _ in range(4)]
    assert found == [500, 500, 503, 200]


def test_probability_is_a_share_and_repeats(process: Process) -> None:
    """Three in ten, and the same calls again for the same plan."""
    rule = {"path": "*", "action": "status", "status": 500, "probability": 0.3}
    runs = []
    for _ in range(2):
        process.faults(rule)
        runs.append([process.http.get("/api/v3/tiers/definitions").status_code for _ in range(100)])
    assert runs[0] == runs[1]
    assert 15 < runs[0].count(500) < 45
    process.faults(rule | {"probability": 0})
    assert process.http.get("/api/v3/tiers/definitions").status_code == 200


def test_a_rule_fits_by_method_and_glob(process: Process) -> None:
    """`*` matches slashes too; without a method, every method; both APIs and the health check, not the tool itself."""
    process.faults({"method": "post", "path": "/api/v3/profiles/*/benefits/claim", "action": "status", "status": 500})
    assert process.http.get("/api/v3/profiles/x/benefits/claim").status_code != 500
    assert process.http.post("/api/v3/profiles/x/benefits/claim").status_code == 500
    assert process.http.post("/api/v3/profiles/x/y/benefits/claim").status_code == 500
    assert process.http.post("/api/v3/profiles/x/benefits/claim-redeem").status_code != 500
    process.faults({"path": "*", "action": "status", "status": 500})
    for path in ("/api/v3/benefits", "/id/api/v1/profiles/me", "/api/health"):
        assert process.http.get(path).status_code == 500
    assert process.http.get("/_sandbox/calls").status_code == 200


def test_the_first_rule_that_fits_acts(process: Process) -> None:
    """In the order of the list."""
    process.faults(
        {"path": "/api/v3/webhooks", "action": "status", "status": 418},
        {"path": "/api/v3/*", "action": "status", "status": 500},
    )
    assert process.http.get("/api/v3/webhooks").status_code == 418
    assert process.http.get("/api/v3/benefits").status_code == 500


def test_a_connection_in_use_is_cut_too(process: Process) -> None:
    """A client that keeps its connection sees the hang-up on it, and the next one is served."""
    headers = {"authorization": "Bearer sandbox-token"}
    with httpx.Client(base_url=process.url, headers=headers, trust_env=False) as http:
        assert http.get("/api/v3/benefits.count").status_code == 200
        process.faults({"path": "*", "action": "drop-after", "times": 1})
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            http.get("/api/v3/benefits.count")
        assert http.get("/api/v3/benefits.count").status_code == 200


def test_the_plan_is_read_and_ended(process: Process) -> None:
    """What is planned can be seen; DELETE ends it."""
    process.faults({"path": "*", "action": "delay", "ms": 5, "times": 3})
    (rule,) = process.http.get("/_sandbox/faults").json()["data"]
    assert (rule["path"], rule["action"], rule["ms"], rule["times"], rule["method"]) == ("*", "delay", 5, 3, None)
    assert process.http.delete("/_sandbox/faults").status_code == 204
    assert process.http.get("/_sandbox/faults").json()["data"] == []


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        ({}, "rules"),
        ([7], "0.rule"),
        ([{"path": "*", "action": "delay"}, {"action": "delay"}], "1.path"),
        ([{"path": "*", "action": "explode"}], "0.action"),
        ([{"path": "*"}], "0.action"),
        ([{"path": "*", "action": "delay", "mss": 1}], "0.mss"),
        ([{"path": "*", "action": "delay", "probability": 2}], "0.probability"),
        ([{"path": "*", "action": "delay", "probability": True}], "0.probability"),
        ([{"path": "*", "action": "delay", "times": -1}], "0.times"),
        ([{"path": "*", "action": "delay", "ms": -1}], "0.ms"),
        ([{"path": "*", "action": "delay", "ms": None}], "0.ms"),
        ([{"path": "*", "action": "status", "status": 99}], "0.status"),
        ([{"path": "*", "action": "status", "retry_after": "soon"}], "0.retry_after"),
        ([{"path": "*", "action": "status", "after": "yes"}], "0.after"),
        ([{"path": "*", "action": "status", "method": 7}], "0.method"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(process: Process, rules: Any, wrong: str) -> None:
    """It names the rule and the key, and the plan there was stays."""
    process.faults({"path": "/nowhere", "action": "delay"})
    answer = process.http.put("/_sandbox/faults", json=rules)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [wrong])
    assert [rule["path"] for rule in process.http.get("/_sandbox/faults").json()["data"]] == ["/nowhere"]
    assert process.http.put("/_sandbox/faults", content=b"{").status_code == 400


def _until(condition: Any, patience_s: float = 30) -> None:
    ends = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.05)
