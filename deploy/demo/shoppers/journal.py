"""What a run has done so far, in an SQLite file, so that one that was killed goes on.

Nothing that matters is done before it is noted: a checkout's body is kept before it is sent, under
an idempotency key of the visit's own, and a batch of clicks is begun once and never again. A visit
is done together with what it leaves: its truth, its orders, and what will follow from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    anonymous_id TEXT PRIMARY KEY, token TEXT NOT NULL, subject TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS visits (
    session_id TEXT PRIMARY KEY, day INTEGER NOT NULL, truth BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS visits_of_day ON visits (day) WHERE truth IS NOT NULL;
CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY, person INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    total_minor INTEGER NOT NULL, row BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS following (
    name TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, row BLOB NOT NULL, done INTEGER NOT NULL
) WITHOUT ROWID;
"""
Row = Mapping[str, Any]
AWAITED, HAPPENED, REFUSED = 0, 1, 2
"""What became of something that is to follow from an order."""


class OtherRunError(ValueError):
    """The journal is that of another run; the message says which."""


@dataclass(frozen=True)
class Followed:
    """Something that is to follow from an order."""

    name: str
    at_ms: int
    row: dict[str, Any]


class Journal:
    """The books of one run.

    Parameters
    ----------
    path
        The file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, isolation_level=None)
        # WAL: what was committed outlives the process, and a commit costs no wait for the disk.
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)

    def claim(self, **run: object) -> bool:
        """Make the journal that of a run, and return whether it was begun before.

        Raises
        ------
        OtherRunError
            If it is that of a run with another seed, size, version, start or store.
        """
        wanted = {name: str(value) for name, value in run.items()}
        known = dict(self._file.execute("SELECT name, value FROM run"))
        if not known:
            self._file.executemany("INSERT INTO run VALUES (?, ?)", wanted.items())
            return False
        differing = [n for n in wanted if known.get(n) != wanted[n]]
        if differing:
            said = ", ".join(f"{n} {known.get(n)} and not {wanted[n]}" for n in differing)
            raise OtherRunError(f"a run with {said} was begun here")
        return True

    def mark(self, name: str, value: str = "done") -> None:
        """Note a fact about the run."""
        self._file.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (name, value))

    def marked(self, name: str) -> str | None:
        """Return what was noted."""
        row = self._file.execute("SELECT value FROM run WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def token(self, anonymous_id: str) -> tuple[str, str] | None:
        """Return token and subject of a cookie."""
        query = "SELECT token, subject FROM tokens WHERE anonymous_id = ?"
        row: tuple[str, str] | None = self._file.execute(query, (anonymous_id,)).fetchone()
        return row

    def keep_token(self, anonymous_id: str, token: str, subject: str) -> None:
        """Keep what a cookie holds."""
        row = (anonymous_id, token, subject)
        self._file.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)", row)

    def begin(self, name: str, body: bytes = b"") -> bytes | None:
        """Note that something is about to be sent; return the body if it was begun before."""
        row = self._file.execute("SELECT body FROM begun WHERE name = ?", (name,)).fetchone()
        if row is not None:
            return bytes(row[0])
        self._file.execute("INSERT INTO begun VALUES (?, ?)", (name, body))
        return None

    def begun(self, name: str) -> bytes | None:
        """Return what was about to be sent, if it was."""
        row = self._file.execute("SELECT body FROM begun WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def visited(self) -> set[str]:
        """Return the ids of the visits that are done."""
        return {row[0] for row in self._file.execute("SELECT session_id FROM visits")}

    def finish(
        self,
        session_id: str,
        day: int,
        truth: Mapping[str, Sequence[Sequence[Any]]],
        orders: Sequence[Row],
        following: Sequence[Followed],
    ) -> None:
        """Note that a visit is done, with all that it leaves."""
        with self._transaction():
            blob = orjson.dumps(truth)
            self._file.execute("INSERT INTO visits VALUES (?, ?, ?)", (session_id, day, blob))
            self._file.executemany(
                "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
                [
                    (o["order_id"], o["person"], o["at_ms"], o["total_minor"], orjson.dumps(o))
                    for o in orders
                ],
            )
            self._file.executemany(
                "INSERT INTO following VALUES (?, ?, ?, 0)",
                [(f.name, f.at_ms, orjson.dumps(f.row)) for f in following],
            )
            # Names that begin with the visit's id and a slash; the next character is a zero.
            bounds = (f"{session_id}/", f"{session_id}0")
            self._file.execute("DELETE FROM begun WHERE name >= ? AND name < ?", bounds)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def truths(self, day: int) -> Iterator[dict[str, list[list[Any]]]]:
        """Yield the truth that the visits of a day left and that is not written away yet."""
        query = "SELECT truth FROM visits WHERE day = ? AND truth IS NOT NULL ORDER BY session_id"
        for row in self._file.execute(query, (day,)):
            yield orjson.loads(row[0])

    def unwritten(self) -> list[int]:
        """Return the days of which there is such truth."""
        query = "SELECT DISTINCT day FROM visits WHERE truth IS NOT NULL ORDER BY day"
        return [row[0] for row in self._file.execute(query)]

    def written(self, day: int) -> None:
        """Forget the truth of a day that was written away."""
        self._file.execute("UPDATE visits SET truth = NULL WHERE day = ?", (day,))

    def orders(self) -> list[dict[str, Any]]:
        """Return all orders, oldest first."""
        query = "SELECT row FROM orders ORDER BY at_ms, order_id"
        return [orjson.loads(row[0]) for row in self._file.execute(query)]

    def following(self) -> list[tuple[Followed, int]]:
        """Return all that is to follow from orders, and what became of it."""
        rows = self._file.execute(
            "SELECT name, at_ms, row, done FROM following ORDER BY at_ms, name"
        )
        return [(Followed(n, at, orjson.loads(row)), done) for n, at, row, done in rows]

    def followed(self, name: str, happened: bool) -> None:
        """Note that something that followed has happened, or was refused."""
        done = HAPPENED if happened else REFUSED
        self._file.execute("UPDATE following SET done = ? WHERE name = ?", (done, name))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
