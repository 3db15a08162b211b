"""Reading a range of a topic once, outside any consumer group."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

KAFKA_TIMEOUT_S = 30.0
SILENT_FOR_S = 60.0
"""A broker that says nothing for so long, neither a message nor that there is none, is away."""
_AT_A_TIME = 5_000


class UnknownTopicError(ValueError):
    """The cluster has no topic of that name."""


@dataclass(frozen=True)
class Span:
    """Offsets ``[first, end)`` of one partition."""

    first: int
    end: int

    @property
    def count(self) -> int:
        """How many offsets it has; not each of them need hold a message."""
        return max(0, self.end - self.first)


def reader(bootstrap_servers: str) -> Consumer:
    """Return a consumer that commits nothing and sees only what was committed."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"reader-{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        },
        logger=logging.getLogger("librdkafka"),
    )


def partitions_of(consumer: Consumer, topic: str) -> list[int]:
    """Return the numbers of a topic's partitions.

    Raises
    ------
    UnknownTopicError
        If there is no such topic.
    """
    found = consumer.list_topics(topic, timeout=KAFKA_TIMEOUT_S).topics[topic]
    if found.error is not None:
        raise UnknownTopicError(f"topic: the cluster has no {topic}")
    return sorted(found.partitions)


def kept(consumer: Consumer, topic: str) -> dict[int, Span]:
    """Return what Kafka holds of each partition of a topic."""
    return {
        number: Span(*_watermarks(consumer, topic, number))
        for number in partitions_of(consumer, topic)
    }


def _watermarks(consumer: Consumer, topic: str, number: int) -> tuple[int, int]:
    where = TopicPartition(topic, number)
    low, high = consumer.get_watermark_offsets(where, timeout=KAFKA_TIMEOUT_S)
    return low, high


def messages(consumer: Consumer, topic: str, spans: Mapping[int, Span]) -> Iterator[Message]:
    """Yield every committed message of the spans, each partition's in order.

    Raises
    ------
    confluent_kafka.KafkaException
        If Kafka refuses, is silent for `SILENT_FOR_S`, or lacks an offset of the spans.
    """
    left = {number: span for number, span in spans.items() if span.count}
    consumer.assign([TopicPartition(topic, n, span.first) for n, span in left.items()])
    while left:
        awaited = consumer.poll(SILENT_FOR_S)
        if awaited is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        for message in [awaited, *consumer.consume(_AT_A_TIME, timeout=0)]:
            number, offset = message.partition() or 0, message.offset()
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                if error.retriable():
                    continue
                raise KafkaException(error)
            span = left.get(number)
            if span is None or offset is None:
                continue
            # The last offsets may be control records, which nobody is shown.
            if error is None and offset < span.end:
                yield message
            if offset >= span.end - (error is None):
                del left[number]
    consumer.unassign()
