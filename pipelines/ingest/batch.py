"""What is collected of one topic until it is inserted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.contract import Contract
from pipelines.ingest.pending import Cut, Range
from storefront_api.events.dead_letters import DeadLetter


@dataclass(frozen=True)
class Batch:
    """Rows and dead letters of one cut."""

    cut: Cut
    rows: list[pa.RecordBatch]
    dead: list[DeadLetter]

    @property
    def events(self) -> int:
        """How many rows it holds."""
        return sum(part.num_rows for part in self.rows)

    @property
    def count(self) -> int:
        """How many messages it holds."""
        return self.events + len(self.dead)

    @property
    def oldest(self) -> datetime | None:
        """When the first of its events arrived at the store; None if it holds none."""
        arrived = (pc.min(part["received_at"]).as_py() for part in self.rows if part.num_rows)
        return min(arrived, default=None)


@dataclass
class Collector:
    """Collects messages of a topic, each partition's in order.

    Parameters
    ----------
    contract
        Parser of the topic's messages.
    """

    contract: Contract
    rows: list[pa.RecordBatch] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    count: int = 0
    size: int = 0
    since: float = 0.0

    def add(
        self,
        payloads: Sequence[bytes | None],
        partitions: Sequence[int],
        offsets: Sequence[int],
    ) -> None:
        """Take the next messages.

        Parameters
        ----------
        payloads
            Their values.
        partitions, offsets
            Where they stand in the topic.
        """
        if not self.count:
            self.since = time.monotonic()
        # Of what is stated twice a dictionary keeps the last.
        self.first = dict(zip(reversed(partitions), reversed(offsets), strict=True)) | self.first
        self.last |= zip(partitions, offsets, strict=True)
        self.count += len(payloads)
        self.size += sum(len(payload or b"") for payload in payloads)
        rows, refused = self.contract.rows(payloads, partitions, offsets)
        self.rows.append(rows)
        self.dead += [
            DeadLetter(
                self.contract.topic.value,
                partitions[index],
                offsets[index],
                refusal.reason,
                refusal.schema_version,
                payloads[index] or b"",
            )
            for index, refusal in refused.items()
        ]

    def take(self) -> Batch:
        """Return what was collected and begin anew."""
        ranges = (Range(n, first, self.last[n]) for n, first in sorted(self.first.items()))
        batch = Batch(Cut(self.contract.topic.value, tuple(ranges)), self.rows, self.dead)
        self.rows, self.dead, self.first, self.last = [], [], {}, {}
        self.count = self.size = 0
        return batch
