"""The database: one table per resource, each row a JSON document beside the keys it is looked up by."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

Row = dict[str, Any]

# Keys are compared as MySQL compares them: texts without regard to case.
_KEYS = {
    "profiles": "id TEXT UNIQUE NOT NULL COLLATE NOCASE",
    "definitions": "id INTEGER UNIQUE, handle TEXT UNIQUE NOT NULL COLLATE NOCASE",
    "benefits": "id INTEGER UNIQUE, profile_id TEXT NOT NULL COLLATE NOCASE, definition_id INTEGER NOT NULL, "
    "external_id TEXT COLLATE NOCASE",
    "identities": "id INTEGER UNIQUE, profile_id TEXT NOT NULL COLLATE NOCASE, handle TEXT NOT NULL COLLATE NOCASE, "
    "identifier TEXT NOT NULL COLLATE NOCASE",
    "redemptions": "id INTEGER UNIQUE, profile_id TEXT NOT NULL COLLATE NOCASE",
    "rewards": "id INTEGER UNIQUE, profile_id TEXT NOT NULL COLLATE NOCASE",
    "transactions": "id INTEGER UNIQUE, profile_id TEXT COLLATE NOCASE",
    "transaction_claims": "id INTEGER UNIQUE, profile_id TEXT NOT NULL COLLATE NOCASE",
    "tiers": "id INTEGER UNIQUE, handle TEXT UNIQUE NOT NULL COLLATE NOCASE",
    "regions": "id INTEGER UNIQUE",
    "webhooks": "id INTEGER UNIQUE",
    "tokens": "id TEXT UNIQUE NOT NULL, hash TEXT UNIQUE NOT NULL",
    "batches": "id TEXT UNIQUE NOT NULL",
}
_INDEXES = """
CREATE INDEX IF NOT EXISTS benefits_of_profile ON benefits (profile_id);
CREATE INDEX IF NOT EXISTS benefits_of_definition ON benefits (definition_id);
CREATE INDEX IF NOT EXISTS benefits_by_external_id ON benefits (external_id);
CREATE INDEX IF NOT EXISTS identities_by_name ON identities (identifier, handle);
CREATE INDEX IF NOT EXISTS identities_of_profile ON identities (profile_id);
CREATE INDEX IF NOT EXISTS redemptions_of_profile ON redemptions (profile_id);
CREATE INDEX IF NOT EXISTS rewards_of_profile ON rewards (profile_id);
CREATE INDEX IF NOT EXISTS transactions_of_profile ON transactions (profile_id);
CREATE INDEX IF NOT EXISTS profiles_by_email ON profiles (json_extract(data, '$.email') COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS profiles_by_phone ON profiles (json_extract(data, '$.mobile_phone') COLLATE NOCASE);
"""


class Store:
    """Keep rows. Calls do not wait for anything but the disk, so what happens between two awaits is one step."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._db = sqlite3.connect(str(path) if path else ":memory:", isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        for table, keys in _KEYS.items():
            self._db.execute(
                f"CREATE TABLE IF NOT EXISTS {table} "
                f"(seq INTEGER PRIMARY KEY AUTOINCREMENT, {keys}, data TEXT NOT NULL)"
            )
        self._db.executescript(_INDEXES)

    @property
    def is_empty(self) -> bool:
        return all(self._db.execute(f"SELECT NOT EXISTS (SELECT 1 FROM {t})").fetchone()[0] for t in _KEYS)

    def clear(self) -> None:
        """Forget everything, ids included."""
        with self.transaction():
            for table in (*_KEYS, "sqlite_sequence"):
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
        """Add a row; without an id it gets the next number of its table. Returns it with its id."""
        if "id" not in row:
            row = {"id": self._next(table), **row}
        keys = {"id": row["id"], **keys}
        names, marks = ", ".join([*keys, "data"]), ", ".join("?" * (len(keys) + 1))
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*keys.values(), _written(row)])
        return row

    def save(self, table: str, row: Row, **keys: Any) -> Row:
        """Write a changed row back, and the keys that changed with it."""
        sets = "".join(f", {name} = ?" for name in keys)
        self._db.execute(f"UPDATE {table} SET data = ?{sets} WHERE id = ?", [_written(row), *keys.values(), row["id"]])
        return row

    def get(self, table: str, **keys: Any) -> Row | None:
        """Read the oldest row with these keys."""
        where = " AND ".join(f"{name} = ?" for name in keys)
        found = self._db.execute(
            f"SELECT data FROM {table} WHERE {where} ORDER BY seq LIMIT 1", _bound(keys.values())
        ).fetchone()
        return orjson.loads(found[0]) if found else None

    def delete(self, table: str, **keys: Any) -> None:
        """Remove the rows with these keys."""
        where = " AND ".join(f"{name} = ?" for name in keys)
        self._db.execute(f"DELETE FROM {table} WHERE {where}", _bound(keys.values()))

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
        return [orjson.loads(found[0]) for found in self._db.execute(sql, [*_bound(values), limit, offset])]

    def count(self, table: str, where: str = "1", values: Sequence[Any] = ()) -> int:
        """Count rows."""
        return int(self._db.execute(f"SELECT count(*) FROM {table} t WHERE {where}", _bound(values)).fetchone()[0])

    def close(self) -> None:
        self._db.close()

    def _next(self, table: str) -> int:
        """Find the next number; those of rows that were deleted do not come back."""
        found = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
        return int(found[0]) + 1 if found else 1


def _written(row: Row) -> str:
    return orjson.dumps(row).decode()


def _bound(values: Iterable[Any]) -> list[Any]:
    """Bind a number SQLite cannot hold as text: it names nothing, which is no reason to fail."""
    return [str(value) if isinstance(value, int) and abs(value) >= 2**63 else value for value in values]
