"""Several processes behind one port, as an operator sees them: real processes, real signals."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from http_support import DEVELOPMENT, await_answer, free_port, process

from config import Settings, SettingsError

WITHIN_S = 30.0


@contextmanager
def workers(folder: Path, count: int = 2) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the gateway with so many workers; answers the supervisor's process and the URL."""
    port = free_port()
    environ = DEVELOPMENT | {"PORT": str(port), "WORKERS": str(count), "STATE_DB": str(folder / "state.db")}
    with process(["gateway.py"], environ) as running:
        url = f"http://127.0.0.1:{port}"
        await_answer(f"{url}/healthz", WITHIN_S)
        await_that(lambda: len(children(running.pid)) == count)
        yield running, url


def children(parent: int) -> set[int]:
    return {int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()}


def await_that(holds: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.05)


def is_there(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be noticed does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ask(url: str) -> object:
    headers = {"authorization": "Bearer sandbox-service-key"}
    return httpx.post(f"{url}/graphql", json={"query": "{ __typename }"}, headers=headers, trust_env=False).json()


def told(url: str) -> tuple[str, str]:
    """Read how many requests to /graphql the figures tell of, and how many of them are under way."""
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return figures['gateway_request_seconds_count{operation="anonymous"}'], figures["gateway_requests_in_flight"]


def test_a_worker_that_dies_is_replaced_and_a_stop_ends_all(tmp_path: Path) -> None:
    """Killed as the kernel kills for lack of memory; the others answer on, and a new one comes."""
    with workers(tmp_path) as (supervisor, url):
        first = children(supervisor.pid)
        os.kill(min(first), signal.SIGKILL)
        await_that(lambda: len(children(supervisor.pid) - first) == 1)
        assert ask(url) == {"data": {"__typename": "Query"}}
        last = children(supervisor.pid)
        supervisor.send_signal(signal.SIGTERM)
        _, logged = supervisor.communicate(timeout=WITHIN_S)
        assert supervisor.returncode == 0
        assert not any(is_there(pid) for pid in last)
    events = [json.loads(line)["event"] for line in logged.splitlines()]
    assert events.count("worker replaced") == 1
    assert events.count("stopped") >= 1


def test_any_worker_tells_the_figures_of_all_those_that_died_included(tmp_path: Path) -> None:
    """Else each scrape would find another worker's counters, and take every smaller one for a restart."""
    with workers(tmp_path) as (supervisor, url):
        for _ in range(40):  # a connection each, so that both workers get some
            assert ask(url) == {"data": {"__typename": "Query"}}
        await_that(lambda: told(url) == ("40.0", "0.0"))  # within a second, when all have written theirs down
        assert {told(url) for _ in range(10)} == {("40.0", "0.0")}
        first = children(supervisor.pid)
        os.kill(min(first), signal.SIGKILL)
        await_that(lambda: len(children(supervisor.pid) - first) == 1)
        assert ask(url) == {"data": {"__typename": "Query"}}
        await_that(lambda: told(url) == ("41.0", "0.0"))


def test_a_stop_closes_the_port_at_once(tmp_path: Path) -> None:
    """While requests in flight are finished nobody new is kept waiting: who is refused goes elsewhere."""
    with workers(tmp_path) as (supervisor, url):
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as busy:  # half a request keeps one worker up
            busy.sendall(b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n")
            busy.sendall(b"authorization: Bearer sandbox-service-key\r\ncontent-length: 9\r\n\r\n{")
            await_that(lambda: told_in_flight(url))
            supervisor.send_signal(signal.SIGTERM)
            await_that(lambda: is_refused(port), within_s=5)  # the request has ten seconds for the rest of its body
            assert supervisor.poll() is None


def told_in_flight(url: str) -> bool:
    return "gateway_requests_in_flight 1.0" in httpx.get(f"{url}/metrics", trust_env=False).text


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_workers_do_not_outlive_their_supervisor(tmp_path: Path) -> None:
    """Not even when it is killed: else they would hold the port for ever."""
    with workers(tmp_path) as (supervisor, _):
        alive = children(supervisor.pid)
        supervisor.kill()
        await_that(lambda: not any(is_there(pid) for pid in alive))


def test_a_start_that_fails_fails_as_with_one_process(tmp_path: Path) -> None:
    """A state that cannot be opened is said, and is not tried for ever."""
    environ = DEVELOPMENT | {"PORT": "0", "WORKERS": "2", "STATE_DB": str(tmp_path / "nowhere" / "state.db")}
    with process(["gateway.py"], environ) as running:
        _, errors = running.communicate(timeout=WITHIN_S)
        assert running.returncode == 2
    assert set(errors.splitlines()) == {"STATE_DB cannot be opened"}


def test_workers_need_a_shared_memory_of_writes() -> None:
    """Two processes that know nothing of each other's writes could make two benefits of one key."""
    for told in ({}, {"STATE_DB": ":memory:"}):
        with pytest.raises(SettingsError, match=r"^STATE_DB is missing: with several WORKERS"):
            Settings.from_environ(DEVELOPMENT | {"WORKERS": "2"} | told)
    assert Settings.from_environ(DEVELOPMENT | {"WORKERS": "2", "STATE_DB": "x.db"}).workers == 2
    assert Settings.from_environ(DEVELOPMENT | {"WEB_CONCURRENCY": "3", "STATE_DB": "x.db"}).workers == 3
    assert Settings.from_environ(DEVELOPMENT).workers == 1
