"""Which offsets a range of a topic means, whether it is told in offsets or in instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from pipelines.ingest.reading import KAFKA_TIMEOUT_S, Span, kept
from storefront_api.events import Topic

Edge = int | datetime
"""An offset, or an instant by the time that Kafka stamped on messages."""


class CutRangeError(ValueError):
    """Retention has deleted part of the range."""


class UnknownPartitionError(ValueError):
    """The topic has no partition of that number."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants of a topic.

    Parameters
    ----------
    since
        First offset of each partition, or the instant from which on; None: from the oldest
        message that Kafka keeps.
    until
        The offset, or instant, before which the range ends; None: up to the newest message.
    partitions
        Numbers of the partitions; none: all of them.
    """

    since: Edge | None = None
    until: Edge | None = None
    partitions: tuple[int, ...] = ()

    def described(self) -> dict[str, object]:
        """Return it in JSON's types, the same for the same range."""
        edges = {"from": self.since, "until": self.until}
        return {
            **{
                name: edge.isoformat() if isinstance(edge, datetime) else edge
                for name, edge in edges.items()
            },
            "partitions": sorted(set(self.partitions)),
        }


def spans_of(consumer: Consumer, topic: Topic, asked: Asked) -> dict[int, Span]:
    """Return the offsets of each partition that a range means now.

    Raises
    ------
    CutRangeError
        If retention has deleted some of it; the error names the offsets that are gone.
    UnknownPartitionError
        If the topic lacks one of the partitions.
    pipelines.ingest.reading.UnknownTopicError
        If there is no such topic.
    """
    there = kept(consumer, topic.value)
    for number in asked.partitions:
        if number not in there:
            raise UnknownPartitionError(
                f"partition: {topic} has none of number {number}, but {sorted(there)}"
            )
    return {
        number: _span(consumer, topic, number, held, asked)
        for number, held in there.items()
        if number in (asked.partitions or there)
    }


def _span(consumer: Consumer, topic: Topic, number: int, held: Span, asked: Asked) -> Span:
    until = asked.until
    end = held.end if until is None else min(held.end, _offset(consumer, topic, number, until))
    if asked.since is None:
        return Span(held.first, max(held.first, end))
    first = _offset(consumer, topic, number, asked.since)
    if isinstance(asked.since, int):
        lost, gone = first, first < min(held.first, end)
    else:
        # Nobody can tell of what time those were that are gone before the oldest one left.
        lost, gone = 0, 0 < held.first == first
    if gone:
        raise CutRangeError(
            f"from: {topic}/{number} begins with offset {held.first}; offsets {lost} to "
            f"{held.first - 1} were deleted by retention"
        )
    first = min(first, held.end)
    return Span(first, max(first, end))


def _offset(consumer: Consumer, topic: Topic, number: int, edge: Edge) -> int:
    if isinstance(edge, int):
        return edge
    asked = TopicPartition(topic.value, number, int(edge.timestamp() * 1000))
    (answer,) = consumer.offsets_for_times([asked], timeout=KAFKA_TIMEOUT_S)
    if answer.offset in {OFFSET_END, -1}:
        return consumer.get_watermark_offsets(answer, timeout=KAFKA_TIMEOUT_S)[1]
    return int(answer.offset)
