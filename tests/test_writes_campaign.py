"""The large campaign of `benchmarks/campaign.py`, in small: the same load, and the same control."""

from __future__ import annotations

from pathlib import Path

import pytest
from writes_support import needs_redis, redis_url_fixture

from benchmarks.campaign import Campaign, PlainRetry, play

__all__ = ["redis_url_fixture"]  # a fixture, found by its name in this module

WRITES = 250


def test_a_load_of_faulted_writes_keeps_the_promise(tmp_path: Path) -> None:
    """Over SQLite: one benefit per key, the same answer for everybody, nothing pending for long."""
    report = play(Campaign, str(tmp_path / "state.db"), WRITES, seed=7, kill_every=60)
    assert report.is_clean, report
    assert report.kills == 4


@needs_redis
def test_a_load_of_faulted_writes_keeps_the_promise_over_redis(request: pytest.FixtureRequest) -> None:
    """The same over Redis."""
    report = play(Campaign, request.getfixturevalue("redis_url"), WRITES, seed=7, kill_every=60)
    assert report.is_clean, report


def test_the_load_finds_the_duplicates_of_plain_retry(tmp_path: Path) -> None:
    """A load that did not would prove nothing."""
    report = play(PlainRetry, str(tmp_path / "state.db"), WRITES, seed=7)
    assert report.duplicates > WRITES / 10
