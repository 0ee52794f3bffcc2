"""The sandbox's command line: `python -m sandbox` (docs/sandbox.md)."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_process import ROOT, running


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that ends by itself."""
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 — our own module


def test_help_tells_everything() -> None:
    """Every option with a sentence, the token's variable, the settings with their defaults, the control routes."""
    result = run("--help")
    assert result.returncode == 0
    for word in ("--host", "--port", "--db", "--empty", "--settings", "SANDBOX_TOKEN", "/_sandbox/calls"):
        assert word in result.stdout
    for setting in ("honour_filters", "page_size", "clock", "batch_delay_ms", "webhook_signing"):
        assert setting in result.stdout


def test_the_token_is_the_environments() -> None:
    """`SANDBOX_TOKEN` replaces the published one."""
    with running(SANDBOX_TOKEN="another") as process:
        assert process.data("GET", "/benefits.count")["countAll"] > 500
        bad = {"authorization": "Bearer sandbox-token"}
        assert process.http.get("/api/v3/benefits", headers=bad).status_code == 401


def test_empty_begins_without_the_seed() -> None:
    """Nothing is there, and what is made begins at 1."""
    with running("--empty") as process:
        for path in ("/profiles", "/benefits", "/benefits/definitions", "/webhooks"):
            assert process.data("GET", path) == []
        assert process.data("POST", "/benefits/definitions", {"name": "N", "handle": "n", "period": 1})["id"] == "1"


def test_settings_begin_as_told() -> None:
    """As JSON, the same names as at `/_sandbox/settings`."""
    given = {"page_size": 3, "honour_filters": ["benefits.profile_id"], "clock": "2026-06-15T12:00:00+00:00"}
    with running("--settings", json.dumps(given)) as process:
        kept = process.http.get("/_sandbox/settings").json()["data"]
        assert {name: kept[name] for name in given} == given
        assert len(process.data("GET", "/benefits")) == 3


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_database_file_outlives_the_process(tmp_path: Path, end: signal.Signals) -> None:
    """What was answered is there after a stop and after a kill, and the seed is not laid over it."""
    file = str(tmp_path / "omneo.db")
    with running("--db", file) as process:
        before = process.data("GET", "/benefits.count")["countAll"]
        made = process.data("POST", "/benefits/definitions", {"name": "N", "handle": "kept", "period": 1})
        process.popen.send_signal(end)
        process.popen.wait(20)
    with running("--db", file) as process:
        assert process.data("GET", "/benefits/definitions/handle/kept") == made
        assert process.data("GET", "/benefits.count")["countAll"] == before


def test_without_a_file_nothing_is_kept() -> None:
    """Each start is the seed again."""
    for _ in range(2):
        with running() as process:
            body = {"name": "N", "handle": "once", "period": 1}
            assert process.data("POST", "/benefits/definitions", body)["handle"] == "once"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "many"], "--port"),
        (["--port", "70000"], "--port"),
        (["--settings", "{"], "--settings"),
        (["--settings", "[]"], "--settings"),
        (["--settings", '{"colour": "red"}'], "colour"),
        (["--settings", '{"page_size": 0}'], "page_size"),
        (["--db", "/nowhere/at/all.db"], "--db"),
        (["--nothing"], "--nothing"),
    ],
)
def test_a_wrong_argument_ends_the_start(arguments: list[str], words: str) -> None:
    """Code 2, and the last line names it; no trace."""
    result = run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """It is named, and left as it was."""
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to be taken for something that matters" * 20)
    result = run("--db", str(file))
    assert (result.returncode, "--db" in result.stderr) == (2, True)
    assert file.read_text().startswith("not a database")


def test_a_taken_port_ends_the_start() -> None:
    """Code 1 and one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("--port", str(port))
    assert result.returncode == 1
    assert result.stderr.startswith(f"port {port} on 127.0.0.1 cannot be had")
