"""The cut of a topic that is being inserted, kept in the metadata of the consumer's offset commits.

Kafka stores a string beside each committed offset. While a cut is on its way into the warehouse,
each of its partitions' commits stays at the first offset that the cut takes of it, and the string
names the whole cut: whoever gets any of the partitions can insert exactly the same again. Once the
cut is in, the commits move past it and the strings are empty. One request commits all partitions of
a cut, and Kafka takes it whole or not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from confluent_kafka import TopicPartition

MOST_RANGES = 64
"""In one cut: a broker takes 4,096 bytes of metadata, and a range has 44 digits at most."""
_RANGE = re.compile(r"(\d+):(\d+)-(\d+)")
_FORM = re.compile(rf"pending ({_RANGE.pattern}(?:,{_RANGE.pattern})*)")


class PendingError(ValueError):
    """The metadata of a committed offset was not written by this sink."""


@dataclass(frozen=True)
class Range:
    """Messages of one partition from the first to the last offset, both included."""

    partition: int
    first: int
    last: int


@dataclass(frozen=True)
class Cut:
    """What one insert takes of a topic: a range of each of some partitions, in their order."""

    topic: str
    ranges: tuple[Range, ...]

    @property
    def token(self) -> str:
        """The name under which the warehouse remembers the insert."""
        return f"{self.topic}/{self._named}"

    @property
    def _named(self) -> str:
        return ",".join(f"{each.partition}:{each.first}-{each.last}" for each in self.ranges)

    def begun(self) -> list[TopicPartition]:
        """Return the commits that say that the cut is on its way."""
        metadata = f"pending {self._named}"
        return [TopicPartition(self.topic, r.partition, r.first, metadata) for r in self.ranges]

    def done(self) -> list[TopicPartition]:
        """Return the commits that say that the cut is in."""
        return [TopicPartition(self.topic, r.partition, r.last + 1, "") for r in self.ranges]


def pending_cut(committed: TopicPartition) -> Cut | None:
    """Return the cut that a committed offset leaves pending, if it does.

    Raises
    ------
    PendingError
        If the metadata has another form; committing over it could double events.
    """
    if not committed.metadata:
        return None
    match = _FORM.fullmatch(committed.metadata)
    found = _RANGE.findall(match[1]) if match else ()
    ranges = tuple(Range(*map(int, numbers)) for numbers in found)
    ours = {each.first for each in ranges if each.partition == committed.partition}
    if ours != {committed.offset} or any(each.last < each.first for each in ranges):
        raise PendingError(
            f"{committed.topic}/{committed.partition}: offset {committed.offset} was committed "
            f"with metadata {committed.metadata!r}, which is not a pending cut of this sink"
        )
    return Cut(committed.topic, ranges)
