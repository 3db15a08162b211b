"""Reading a range of a topic again, into a clean table of the raw table's layout.

Offsets are cut into cells at fixed places, and a cell is one insert under a token of its own: a
replay that was cut off goes on at its last cell, which the table recognizes if it was in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Message

from pipelines.ingest.comparing import Difference, differences, rows_of
from pipelines.ingest.contract import Contract
from pipelines.ingest.pending import Cut, Range
from pipelines.ingest.ranges import Asked, spans_of
from pipelines.ingest.reading import Span, messages
from pipelines.ingest.writer import Writer
from pipelines.keys import Keys
from storefront_api.events import Topic

DATABASE = "replayed"
CELL = 50_000
"""Offsets of one insert."""

Told = Callable[[int], None]


class OtherRangeError(ValueError):
    """The table was begun with another range."""


@dataclass(frozen=True)
class Replayed:
    """What came of a replay.

    Parameters
    ----------
    table
        Qualified name of the table.
    spans
        Offsets of each partition that it covers.
    rows, raw_rows
        Rows of the table, and of the raw table within the same offsets.
    refused
        Messages read by this call that the contract refuses; they are no rows.
    differences
        In what the raw table differs from it.
    """

    table: str
    spans: Mapping[int, Span]
    rows: int
    raw_rows: int
    refused: int
    differences: list[Difference]


class Replay:
    """A topic's range on its way into ``replayed.<module>``.

    Parameters
    ----------
    client
        Connection to the warehouse.
    consumer
        Made by `reading.reader`.
    keys
        Open what is sealed.
    topic
        What is read.
    cell
        Offsets of one insert; it must be the same whenever a replay goes on.
    """

    def __init__(
        self, client: Client, consumer: Consumer, keys: Keys, topic: Topic, cell: int = CELL
    ) -> None:
        self._client = client
        self._consumer = consumer
        self._keys = keys
        self._topic = topic
        self._writer = Writer(client)
        self._cell = cell
        self.table = f"{DATABASE}.{topic.module}"

    def begin(self, asked: Asked, on_cluster: str = "", anew: bool = False) -> dict[int, Span]:
        """Make the table, unless it is there for the same range, and return the offsets.

        They are settled when the table is made and kept in its comment, so that whoever goes on
        reads the same cells, whatever the topic got since.

        Raises
        ------
        OtherRangeError
            If the table is there for another range.
        pipelines.ingest.ranges.CutRangeError
            If retention has deleted some of it.
        pipelines.ingest.ranges.UnknownPartitionError
            If the topic lacks one of the partitions.
        """
        if anew:
            self._client.command(f"DROP TABLE IF EXISTS {self.table} {on_cluster} SYNC")
        begun = self._begun()
        described = {"asked": asked.described(), "cell": self._cell}
        if begun is None:
            spans = spans_of(self._consumer, self._topic, asked)
            described["spans"] = {str(n): [span.first, span.end] for n, span in spans.items()}
            self._client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE} {on_cluster}")
            # Nothing in the comment needs escaping: it is numbers, instants and names.
            self._client.command(
                f"CREATE TABLE {self.table} {on_cluster} AS raw.{self._topic.module} "
                f"COMMENT '{json.dumps(described)}'"
            )
            return spans
        spans = {int(n): Span(*edges) for n, edges in begun.pop("spans").items()}
        if begun != described:
            raise OtherRangeError(
                f"range: {self.table} was begun with {begun['asked']}, not {described['asked']}; "
                "ask for the same, or have it made anew"
            )
        return spans

    def run(self, spans: Mapping[int, Span], told: Told) -> Replayed:
        """Read the spans into the table, from where an earlier call was cut off.

        Parameters
        ----------
        told
            Called with how many offsets are done since its last call.

        Raises
        ------
        pipelines.keys.KeysAwayError
            If keys are needed, and the store's database is away.
        """
        contract = Contract(self._topic)
        refused = sum(self._read(contract, n, span, told) for n, span in spans.items())
        raw = f"raw.{self._topic.module}"
        return Replayed(
            self.table,
            spans,
            rows_of(self._client, self.table, spans),
            rows_of(self._client, raw, spans),
            refused,
            differences(self._client, self.table, raw, spans),
        )

    def _begun(self) -> dict[str, Any] | None:
        rows = self._client.query(
            "SELECT comment FROM system.tables "
            "WHERE database = {database:String} AND name = {name:String}",
            parameters={"database": DATABASE, "name": self._topic.module},
        ).result_rows
        if not rows:
            return None
        begun: dict[str, Any] = json.loads(rows[0][0])
        return begun

    def _read(self, contract: Contract, number: int, span: Span, told: Told) -> int:
        """Insert what is left of a partition and return how many messages are refused."""
        done = self._last_cell(number, span)
        told(done - span.first)
        refused = 0
        left = messages(self._consumer, self._topic.value, {number: Span(done, span.end)})
        for index, cell in groupby(left, key=partial(self._index_of, span)):
            first = span.first + index * self._cell
            last = min(first + self._cell, span.end) - 1
            read = list(cell)
            offsets = [message.offset() or 0 for message in read]
            rows, kept_out = contract.rows(self._keys.values(read), [number] * len(read), offsets)
            refused += len(kept_out)
            if rows.num_rows:
                cut = Cut(self._topic.value, (Range(number, first, last),))
                self._writer.insert_rows(self.table, [rows], cut.token)
            told(last + 1 - done)
            done = last + 1
        told(span.end - done)
        return refused

    def _index_of(self, span: Span, message: Message) -> int:
        return ((message.offset() or 0) - span.first) // self._cell

    def _last_cell(self, number: int, span: Span) -> int:
        """Return the first offset of the last cell that is in the table, whole or in part."""
        (row,) = self._client.query(
            f"SELECT count(), max(_offset) FROM {self.table} WHERE _partition = {number}"
        ).result_rows
        done = (int(row[1]) - span.first) // self._cell if row[0] else 0
        return span.first + done * self._cell
