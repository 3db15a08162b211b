"""What the provider remembers: its objects, the answers it gave, and what it has yet to tell."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notices (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
"""
_PUT = """
INSERT INTO objects VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""
Object = dict[str, Any]


class Books:
    """An SQLite file; one process writes it.

    Parameters
    ----------
    path
        The file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path)
        # What is committed outlives the process, as a test needs, though not the machine's power.
        self._file.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Make what is written in a block last, all of it or nothing."""
        return self._file

    def find(self, id_: str) -> Object | None:
        """Return an object."""
        row = self._file.execute("SELECT body FROM objects WHERE id = ?", (id_,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def every(self, kind: str) -> list[Object]:
        """Return all objects of a kind, newest first."""
        query = (
            "SELECT body FROM objects WHERE json_extract(body, '$.object') = ? ORDER BY rowid DESC"
        )
        return [dict(json.loads(row[0])) for row in self._file.execute(query, (kind,))]

    def put(self, thing: Object) -> None:
        """Keep an object under its id."""
        self._file.execute(_PUT, (thing["id"], json.dumps(thing)))

    def answer(self, key: str) -> tuple[str, int, str] | None:
        """Return what was asked under an idempotency key, and status and body of the answer."""
        row: tuple[str, int, str] | None = self._file.execute(
            "SELECT asked, status, body FROM answers WHERE key = ?", (key,)
        ).fetchone()
        return row

    def keep(self, key: str, asked: str, status: int, body: str) -> None:
        """Keep an answer under its idempotency key."""
        self._file.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (key, asked, status, body))

    def tell(self, kind: str, thing: Object) -> None:
        """Note an event of Stripe's form, to be sent."""
        event = {
            "id": new("evt"),
            "object": "event",
            "api_version": "2026-01-28",
            "created": int(time.time()),
            "livemode": False,
            "pending_webhooks": 1,
            "request": None,
            "type": kind,
            "data": {"object": thing},
        }
        self._file.execute("INSERT INTO notices (body) VALUES (?)", (json.dumps(event),))

    def untold(self) -> list[tuple[int, str]]:
        """Return number and body of the events that are yet to be sent, oldest first."""
        return self._file.execute("SELECT number, body FROM notices ORDER BY number").fetchall()

    def told(self, number: int) -> None:
        """Forget an event that was taken."""
        with self._file:
            self._file.execute("DELETE FROM notices WHERE number = ?", (number,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def new(prefix: str) -> str:
    """Return a new id of Stripe's form."""
    return f"{prefix}_{secrets.token_hex(12)}"
