"""A table of what was asked: the embedded engine has no system.query_log."""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

import orjson
import structlog

from deploy.local.warehouse.engine import Engine, new_spool
from deploy.local.warehouse.errors import WarehouseError

DATABASE = "warehouse"
TABLE = f"{DATABASE}.query_log"
QUERY_CHARACTERS = 4096
FLUSH_INTERVAL_S = 1.0
# Entries beyond this many are dropped, oldest first, when the engine cannot take them.
MAX_PENDING = 50_000

_CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE}
(
    query_id String,
    user LowCardinality(String),
    client LowCardinality(String),
    session_id String,
    started_at DateTime64(3, 'UTC'),
    duration_ms UInt64,
    status Enum8('finished' = 1, 'failed' = 2, 'cancelled' = 3),
    exception_code Int32,
    exception String,
    read_rows UInt64,
    read_bytes UInt64,
    written_rows UInt64,
    written_bytes UInt64,
    result_rows UInt64,
    database LowCardinality(String),
    query String CODEC(ZSTD)
)
ENGINE = MergeTree PARTITION BY toYYYYMM(started_at) ORDER BY started_at
TTL toDateTime(started_at) + INTERVAL 30 DAY
"""


@dataclass
class Entry:
    """One row: a statement that has ended."""

    query_id: str
    user: str
    client: str
    session_id: str
    started_at: datetime
    database: str
    query: str
    duration_ms: int = 0
    status: str = "finished"
    exception_code: int = 0
    exception: str = ""
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0


class QueryLog:
    """Collects entries and writes them once a second, on a thread and a connection of its own.

    Parameters
    ----------
    engine
        Gets the table, when it has none.
    """

    def __init__(self, engine: Engine) -> None:
        engine.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        engine.command(_CREATE)
        self._connection = engine.connect()
        self._pending: deque[Entry] = deque(maxlen=MAX_PENDING)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="query-log", daemon=True)
        self._thread.start()

    def record(self, entry: Entry) -> None:
        """Take an entry; it is written soon.

        Parameters
        ----------
        entry
            The row.
        """
        self._pending.append(entry)

    def flush(self) -> None:
        """Write what is pending, now.

        Raises
        ------
        WarehouseError
            When the engine refuses it.
        """
        with self._lock:
            rows: list[bytes] = []
            while self._pending:
                rows.append(_encode(self._pending.popleft()))
            if not rows:
                return
            spool = new_spool("query-log")
            try:
                with open(spool, "wb", closefd=False) as file:
                    file.writelines(rows)
                path = f"/proc/self/fd/{spool}"
                insert = f"INSERT INTO {TABLE} FROM INFILE '{path}' FORMAT JSONEachRow"
                self._connection.command(insert)
            finally:
                os.close(spool)

    def close(self) -> None:
        """Write the rest and stop."""
        self._stopping.set()
        self._thread.join()
        self._write()
        self._connection.close()

    def _loop(self) -> None:
        while not self._stopping.wait(FLUSH_INTERVAL_S):
            self._write()

    def _write(self) -> None:
        try:
            self.flush()
        except WarehouseError as error:
            # The log serves people who look into queries; it never stops the queries themselves.
            structlog.get_logger().warning("query_log_not_written", error=error.message)


def _encode(entry: Entry) -> bytes:
    row = dict(vars(entry))
    row["started_at"] = entry.started_at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    row["query"] = entry.query[:QUERY_CHARACTERS]
    row["exception"] = entry.exception[:QUERY_CHARACTERS]
    for name in ("query_id", "user", "client", "session_id", "query", "exception", "database"):
        row[name] = row[name].encode("utf-8", "replace").decode()
    return orjson.dumps(row) + b"\n"
