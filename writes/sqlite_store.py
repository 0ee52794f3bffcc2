"""Intents in a SQLite file, shared by the processes of one host."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec

from writes.intents import Intent, Rule, State, StateUnavailable, decode, readable

R = TypeVar("R")

# The partial index is the second lock: of all intents for one pair, at most one is open.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS intents (external_id TEXT PRIMARY KEY, pair TEXT, state TEXT, record BLOB) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS open_pairs ON intents (pair) WHERE state = 'open';
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, beats INTEGER) WITHOUT ROWID;
"""
_STORE = """
INSERT INTO intents VALUES (?, ?, ?, ?)
ON CONFLICT (external_id) DO UPDATE SET pair = excluded.pair, state = excluded.state, record = excluded.record
"""
_BEAT = "INSERT INTO owners VALUES (?, 1) ON CONFLICT (owner) DO UPDATE SET beats = beats + 1"

_SWITCH_ATTEMPTS = 50


class SqliteStore:
    """Keep intents in one file (`writes.intents.Store`); one connection on one thread, the event loop never waits.

    Commits are synced to the disk: an intent that a power cut could lose would permit a second send.
    """

    def __init__(self, path: str, *, busy_timeout_s: float = 10.0) -> None:
        self._worker = ThreadPoolExecutor(1, "intents")
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._is_closed = False

    @classmethod
    async def open(cls, path: str, *, busy_timeout_s: float = 10.0) -> "SqliteStore":
        """Open the file, made if it is missing; `:memory:` lives as long as the process."""
        store = cls(path, busy_timeout_s=busy_timeout_s)
        await store._run(store._connect)
        return store

    async def update(self, subject: Intent, rule: Rule) -> Intent:
        return await self._run(partial(self._update, subject, rule))

    async def read(self, external_id: str) -> Intent | None:
        return await self._run(partial(self._one, "external_id = ?", external_id))

    async def open_intents(self) -> list[Intent]:
        query = "SELECT record FROM intents WHERE state = 'open'"
        return await self._run(lambda: readable([record for (record,) in self._db.execute(query)]))

    async def beat(self, owner: str) -> None:
        await self._run(lambda: self._db.execute(_BEAT, (owner,)))

    async def beats(self) -> dict[str, int]:
        return await self._run(lambda: dict(self._db.execute("SELECT owner, beats FROM owners").fetchall()))

    async def forget(self, owner: str) -> None:
        await self._run(lambda: self._db.execute("DELETE FROM owners WHERE owner = ?", (owner,)))

    async def aclose(self) -> None:
        if not self._is_closed:
            await self._run(self._db.close)
            self._is_closed = True
            self._worker.shutdown(wait=False)

    async def _run(self, work: Callable[[], R]) -> R:
        if self._is_closed:
            raise StateUnavailable("the state database is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        except sqlite3.Error as error:
            raise StateUnavailable("the state database cannot be used") from error

    def _connect(self) -> None:
        # Used on the worker's thread alone, whichever thread that is.
        self._db = sqlite3.connect(
            self._path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        self._switch_to_wal()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def _switch_to_wal(self) -> None:
        """Switch a new file over; here alone SQLite does not wait for others who are doing the same."""
        for _ in range(_SWITCH_ATTEMPTS):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                time.sleep(0.02)
            else:
                return
        self._db.execute("PRAGMA journal_mode = WAL")

    def _update(self, subject: Intent, rule: Rule) -> Intent:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            stored = self._one("external_id = ?", subject.external_id)
            holder = self._one(f"state = '{State.OPEN}' AND pair = ?", subject.pair)
            after = rule(stored, holder)
            if after is not stored and after is not holder:
                self._db.execute(_STORE, (after.external_id, after.pair, after.state, msgspec.json.encode(after)))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        return after

    def _one(self, where: str, value: str) -> Intent | None:
        row = self._db.execute(f"SELECT record FROM intents WHERE {where}", (value,)).fetchone()  # noqa: S608 - ours
        return None if row is None else decode(row[0])
