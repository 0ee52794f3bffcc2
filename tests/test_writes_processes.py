"""Real processes over one store: started together, and killed between the write and its answer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from writes_support import needs_redis, redis_url_fixture
from writes_worker import made

__all__ = ["redis_url_fixture"]  # a fixture, found by its name in this module

WORKER = Path(__file__).with_name("writes_worker.py")


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def redis_url_or_none(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else request.getfixturevalue("redis_url")


def start(folder: Path, redis_url: str, key: str, answer_s: float = 0.05) -> subprocess.Popen[str]:
    """Start a process that performs the write of `key`."""
    arguments = [str(folder / "state.db"), redis_url, str(folder / "omneo"), key, str(answer_s)]
    return subprocess.Popen(  # noqa: S603 - a program of ours with our arguments
        [sys.executable, str(WORKER), *arguments],
        cwd=WORKER.parent.parent,
        env={"PYTHONPATH": "."},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_kill_9_between_the_write_and_its_answer(tmp_path: Path, redis_url_or_none: str) -> None:
    """The same key at another process finds the benefit, long before the quarantine is over."""
    doomed = start(tmp_path, redis_url_or_none, "killed", answer_s=60)
    while not made(tmp_path / "omneo"):
        assert doomed.poll() is None
        time.sleep(0.01)
    doomed.kill()
    doomed.communicate()
    answer, _ = start(tmp_path, redis_url_or_none, "killed").communicate(timeout=60)
    (benefit,) = made(tmp_path / "omneo")
    assert answer == f"Done(value='{benefit}')\n"


def test_processes_started_together_make_one_benefit(tmp_path: Path, redis_url_or_none: str) -> None:
    """Three processes, one key, one file or one Redis that none has opened before."""
    processes = [start(tmp_path, redis_url_or_none, "together", answer_s=0.3) for _ in range(3)]
    answers = {process.communicate(timeout=60)[0] for process in processes}
    (benefit,) = made(tmp_path / "omneo")
    assert answers == {f"Done(value='{benefit}')\n"}
