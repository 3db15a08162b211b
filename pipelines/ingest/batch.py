"""What is collected of one partition until it is inserted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pipelines.ingest.contract import Contract, Refusal, Row
from pipelines.ingest.pending import Range
from storefront_api.events.dead_letters import DeadLetter


@dataclass(frozen=True)
class Batch:
    """Rows and dead letters of one range."""

    range: Range
    rows: list[Row]
    dead: list[DeadLetter]

    @property
    def count(self) -> int:
        """How many messages it holds."""
        return len(self.rows) + len(self.dead)


@dataclass
class Collector:
    """Collects one partition's messages in order.

    Parameters
    ----------
    contract
        Parser of the topic's messages.
    partition
        Number of the partition.
    replay
        The range that must be inserted again before anything else, if there is one.
    """

    contract: Contract
    partition: int
    replay: Range | None = None
    rows: list[Row] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    first: int = -1
    last: int = -1
    size: int = 0
    since: float = 0.0
    held: list[tuple[bytes | None, int]] = field(default_factory=list)

    def add(self, payload: bytes | None, offset: int) -> None:
        """Take the next message; one past a range that is replayed waits for its end."""
        if self.replay is not None and offset > self.replay.last:
            self.held.append((payload, offset))
            return
        if self.first < 0:
            self.first, self.since = offset, time.monotonic()
        self.last = offset
        self.size += len(payload or b"")
        outcome = self.contract.row(payload, self.partition, offset)
        if isinstance(outcome, Refusal):
            letter = DeadLetter(
                self.contract.topic.value,
                self.partition,
                offset,
                outcome.reason,
                outcome.schema_version,
                payload or b"",
            )
            self.dead.append(letter)
        else:
            self.rows.append(outcome)

    @property
    def count(self) -> int:
        """How many messages it holds."""
        return len(self.rows) + len(self.dead) + len(self.held)

    @property
    def ready(self) -> bool:
        """Whether there is something that may be inserted now."""
        if self.replay is not None:
            return self.last >= self.replay.last or bool(self.held)
        return self.first >= 0

    def take(self) -> Batch:
        """Return what was collected and begin anew.

        A replayed range keeps the bounds that it was given the first time, whatever of it is
        still in Kafka.
        """
        topic = self.contract.topic.value
        range_ = self.replay or Range(topic, self.partition, self.first, self.last)
        batch = Batch(range_, self.rows, self.dead)
        held, self.held, self.replay = self.held, [], None
        self.rows, self.dead, self.first, self.last, self.size = [], [], -1, -1, 0
        for payload, offset in held:
            self.add(payload, offset)
        return batch
