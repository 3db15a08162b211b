"""The range that is being inserted, kept in the metadata of the consumer's offset commit.

Kafka stores a string beside a committed offset. While a range is on its way into the warehouse,
the commit stays at the range's first offset and the string names the range; once it is in, the
commit moves past its last offset and the string is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from confluent_kafka import TopicPartition

_FORM = re.compile(r"pending (\d+)-(\d+)")


class PendingError(ValueError):
    """The metadata of a committed offset was not written by this sink."""


@dataclass(frozen=True)
class Range:
    """Messages of one partition from the first to the last offset, both included."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def token(self) -> str:
        """The name under which the warehouse remembers the insert."""
        return f"{self.topic}/{self.partition}/{self.first}-{self.last}"

    def begun(self) -> TopicPartition:
        """Return the commit that says the range is on its way."""
        metadata = f"pending {self.first}-{self.last}"
        return TopicPartition(self.topic, self.partition, self.first, metadata)

    def done(self) -> TopicPartition:
        """Return the commit that says the range is in."""
        return TopicPartition(self.topic, self.partition, self.last + 1, "")


def pending_range(committed: TopicPartition) -> Range | None:
    """Return the range that a committed offset leaves pending, if it does.

    Raises
    ------
    PendingError
        If the metadata has another form; committing over it could double events.
    """
    if not committed.metadata:
        return None
    match = _FORM.fullmatch(committed.metadata)
    if match is None or int(match[1]) != committed.offset or int(match[2]) < int(match[1]):
        raise PendingError(
            f"{committed.topic}/{committed.partition}: offset {committed.offset} was committed "
            f"with metadata {committed.metadata!r}, which is not a pending range of this sink"
        )
    return Range(committed.topic, committed.partition, int(match[1]), int(match[2]))
