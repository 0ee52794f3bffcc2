"""The database: one table per resource, each row a JSON document beside the keys it is looked up by."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS profiles (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS definitions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE, handle TEXT UNIQUE NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS benefits (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE, profile_id TEXT NOT NULL, definition_id INTEGER NOT NULL,
    data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS benefits_of_profile ON benefits (profile_id);
CREATE INDEX IF NOT EXISTS benefits_of_definition ON benefits (definition_id);
CREATE INDEX IF NOT EXISTS benefits_by_external_id ON benefits (json_extract(data, '$.external_id'));
CREATE TABLE IF NOT EXISTS identities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE, profile_id TEXT NOT NULL, handle TEXT NOT NULL,
    identifier TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS identities_by_name ON identities (identifier, handle);
CREATE TABLE IF NOT EXISTS redemptions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE, profile_id TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS redemptions_of_profile ON redemptions (profile_id);
CREATE TABLE IF NOT EXISTS rewards (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE, profile_id TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tiers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE, handle TEXT UNIQUE NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhooks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, data TEXT NOT NULL);
"""
_TABLES = (
    "profiles",
    "definitions",
    "benefits",
    "identities",
    "redemptions",
    "rewards",
    "tiers",
    "webhooks",
    "batches",
)


class Store:
    """Keep rows. Calls do not wait for anything but the disk, so what happens between two awaits is one step."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._db = sqlite3.connect(str(path) if path else ":memory:", isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    @property
    def is_empty(self) -> bool:
        return all(self._db.execute(f"SELECT NOT EXISTS (SELECT 1 FROM {t})").fetchone()[0] for t in _TABLES)

    def clear(self) -> None:
        """Forget everything, ids included."""
        with self.transaction():
            for table in (*_TABLES, "sqlite_sequence"):
                self._db.execute(f"DELETE FROM {table}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several writes one."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def insert(self, table: str, row: Row, **keys: Any) -> Row:
        """Add a row; without an id it gets the next number. Returns it with its id."""
        names = ", ".join([*keys, "data"])
        marks = ", ".join("?" * (len(keys) + 1))
        cursor = self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*keys.values(), json.dumps(row)])
        if "id" not in row:
            row = {"id": cursor.lastrowid, **row}
        self._db.execute(
            f"UPDATE {table} SET id = ?, data = ? WHERE seq = ?",
            [row["id"], json.dumps(row), cursor.lastrowid],
        )
        return row

    def save(self, table: str, row: Row, **keys: Any) -> Row:
        """Write a changed row back."""
        sets = "".join(f", {name} = ?" for name in keys)
        self._db.execute(
            f"UPDATE {table} SET data = ?{sets} WHERE id = ?", [json.dumps(row), *keys.values(), row["id"]]
        )
        return row

    def get(self, table: str, **keys: Any) -> Row | None:
        """Read the first row with these keys."""
        where = " AND ".join(f"{name} = ?" for name in keys)
        found = self._db.execute(
            f"SELECT data FROM {table} WHERE {where} ORDER BY seq", _bound(keys.values())
        ).fetchone()
        return json.loads(found[0]) if found else None

    def delete(self, table: str, **keys: Any) -> None:
        """Remove the rows with these keys."""
        where = " AND ".join(f"{name} = ?" for name in keys)
        self._db.execute(f"DELETE FROM {table} WHERE {where}", list(keys.values()))

    def rows(
        self,
        table: str,
        where: str = "1",
        values: Sequence[Any] = (),
        *,
        order: str = "seq",
        limit: int = -1,
        offset: int = 0,
    ) -> list[Row]:
        """Read rows. `where` and `order` are SQL of ours over `t`; what clients sent is only ever in `values`."""
        sql = f"SELECT data FROM {table} t WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return [json.loads(found[0]) for found in self._db.execute(sql, [*values, limit, offset])]

    def count(self, table: str, where: str = "1", values: Sequence[Any] = ()) -> int:
        """Count rows."""
        return int(self._db.execute(f"SELECT count(*) FROM {table} t WHERE {where}", list(values)).fetchone()[0])

    def close(self) -> None:
        self._db.close()


def _bound(values: Iterable[Any]) -> list[Any]:
    """Bind a number SQLite cannot hold as text: it names nothing, which is no reason to fail."""
    return [str(value) if isinstance(value, int) and abs(value) >= 2**63 else value for value in values]
