"""Inserting a cut under its token."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec
import pyarrow as pa
import stamina
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from urllib3.exceptions import HTTPError

from pipelines.ingest.batch import Batch
from pipelines.ingest.rows import SCHEMA
from storefront_api.events import Topic
from storefront_api.events.dead_letters import DeadLetter

TRANSIENT_CODES = frozenset({159, 202, 209, 210, 241, 242, 252, 319, 425, 999})
"""ClickHouse's codes for conditions that pass by themselves: timeouts, too many queries or parts,
sockets, memory, read-only tables, an unknown insert status, ZooKeeper."""
LONGEST_WAIT_S = 5.0
_SETTINGS = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_partitions_per_insert_block": 0,
    "max_insert_block_size": 1_000_000,
    "min_insert_block_size_rows": 1_000_000,
    "min_insert_block_size_bytes": 0,
}
"""One block an insert, so that its token stands for the whole cut."""


class _Letter(msgspec.Struct, gc=False):
    topic: str
    partition: int
    offset: int
    reason: str
    schema_version: int
    payload: str


def is_transient(error: Exception) -> bool:
    """Tell by its class or ClickHouse's code whether an error passes by itself."""
    if isinstance(error, DatabaseError) and error.code is not None:
        return error.code in TRANSIENT_CODES
    return isinstance(error, (OperationalError, HTTPError, OSError))


class Writer:
    """Writes batches into the raw tables; the same batch twice is there once.

    Parameters
    ----------
    client
        Connection to the warehouse.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._encoder = msgspec.json.Encoder()
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Wait for an absent warehouse no longer: an insert that is not in yet raises."""
        self._given_up.set()

    def write(self, batch: Batch) -> None:
        """Insert a batch's rows and dead letters, waiting while the warehouse is away.

        Raises
        ------
        clickhouse_connect.driver.exceptions.DatabaseError
            If the warehouse refuses the rows for good.
        """
        if batch.events:
            self.insert_rows(f"raw.{Topic(batch.cut.topic).module}", batch.rows, batch.cut.token)
        if batch.dead:
            letters = self._encoder.encode_lines([_as_line(letter) for letter in batch.dead])
            self._insert(
                "raw.dead_letters", None, letters, "JSONEachRow", f"dead/{batch.cut.token}"
            )

    def insert_rows(self, table: str, rows: Sequence[pa.RecordBatch], token: str) -> None:
        """Insert rows into a table of the raw tables' layout; the same token twice is once.

        Raises
        ------
        clickhouse_connect.driver.exceptions.DatabaseError
            If the warehouse refuses the rows for good.
        """
        stream = pa.BufferOutputStream()
        with pa.ipc.new_stream(stream, SCHEMA) as out:
            out.write_batch(pa.concat_batches(rows))
        self._insert(table, SCHEMA.names, stream.getvalue().to_pybytes(), "ArrowStream", token)

    def _insert(
        self, table: str, columns: list[str] | None, block: bytes, form: str, token: str
    ) -> None:
        for attempt in stamina.retry_context(
            on=self._worth_repeating, attempts=None, timeout=None, wait_max=LONGEST_WAIT_S
        ):
            with attempt:
                self._client.raw_insert(
                    table,
                    column_names=columns,
                    insert_block=block,
                    fmt=form,
                    settings={**_SETTINGS, "insert_deduplication_token": token},
                )

    def _worth_repeating(self, error: Exception) -> bool:
        return is_transient(error) and not self._given_up.is_set()


def _as_line(letter: DeadLetter) -> _Letter:
    return _Letter(
        letter.topic,
        letter.partition,
        letter.offset,
        letter.reason,
        letter.schema_version,
        letter.payload.decode("utf-8", errors="backslashreplace"),
    )
