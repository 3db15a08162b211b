"""How far consumer groups are behind the event log, and for how long that has been too far."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import stamina
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pipelines.alerting import Trouble
from pipelines.ingest.reading import KAFKA_TIMEOUT_S, UnknownTopicError, kept

_PASSING = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
    }
)
"""What a broker says of a group while another one is taking over its offsets."""
_SHOWN = 5
"""Topics that an alert names, those furthest behind first."""


@dataclass(frozen=True)
class Lag:
    """How many committed messages a group has not committed yet, by topic.

    Parameters
    ----------
    topics
        Messages of each topic that it is behind in; the others are left out.
    """

    group: str
    topics: Mapping[str, int]

    @property
    def messages(self) -> int:
        """Over all topics."""
        return sum(self.topics.values())

    def __str__(self) -> str:
        """Name the topics, the furthest behind first."""
        ranked = sorted(self.topics.items(), key=lambda each: (-each[1], each[0]))
        told = [f"{topic}: {count:,}" for topic, count in ranked[:_SHOWN]]
        return ", ".join([*told, *(["…"] if len(ranked) > _SHOWN else [])])


@dataclass(frozen=True)
class Behind:
    """Since when a group is behind too far, and whether that was told."""

    since: datetime
    told: bool


def lag_of(bootstrap_servers: str, group: str, topics: Sequence[str]) -> Lag:
    """Ask Kafka for the lag of a group in the topics that it consumes, of those that are there.

    A partition of which nothing was committed yet is read from its oldest message on.

    Raises
    ------
    confluent_kafka.KafkaException
        If Kafka does not answer within `KAFKA_TIMEOUT_S`, or refuses.
    """
    # Never subscribed, so that it is no member of the group.
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        },
        logger=logging.getLogger("librdkafka"),
    )
    try:
        behind = {topic: _behind(consumer, topic) for topic in topics}
    finally:
        consumer.close()
    return Lag(group, {topic: count for topic, count in behind.items() if count})


def _is_passing(error: Exception) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _PASSING


@stamina.retry(on=_is_passing, attempts=None, timeout=KAFKA_TIMEOUT_S)
def _committed(
    consumer: Consumer, partitions: Sequence[TopicPartition]
) -> Sequence[TopicPartition]:
    found = consumer.committed(list(partitions), timeout=KAFKA_TIMEOUT_S)
    for at in found:
        if at.error is not None:
            raise KafkaException(at.error)
    return found


def _behind(consumer: Consumer, topic: str) -> int:
    try:
        spans = kept(consumer, topic)
    except UnknownTopicError:
        return 0
    partitions = [TopicPartition(topic, number) for number in spans]
    messages = 0
    for at in _committed(consumer, partitions):
        span = spans[at.partition]
        messages += max(0, span.end - (at.offset if at.offset >= 0 else span.first))
    return messages


def judge(
    lags: Iterable[Lag],
    known: Mapping[str, Behind],
    limit: int,
    patience: timedelta,
    now: datetime,
) -> tuple[dict[str, Behind], list[Trouble]]:
    """Return which groups are behind too far, and what is to be told of them now.

    Parameters
    ----------
    known
        What the last look returned, by group.
    limit
        Messages that a group may be behind for as long as it likes.
    patience
        How long it may be behind further than that before it is told, once.
    """
    behind: dict[str, Behind] = {}
    news = []
    for lag in lags:
        before = known.get(lag.group)
        if lag.messages <= limit:
            if before is not None and before.told:
                over = f"{lag.messages:,} messages behind after {_span(now - before.since)}"
                news.append(Trouble(lag.group, f"{lag.group} keeps up again", over))
            continue
        since = before.since if before is not None else now
        due = now - since >= patience
        if due and not (before is not None and before.told):
            title = f"{lag.group} is {lag.messages:,} messages behind"
            told = f"more than {limit:,} for {_span(now - since)}; {lag}"
            news.append(Trouble(lag.group, title, told))
        behind[lag.group] = Behind(since, due or (before is not None and before.told))
    return behind, news


def _span(time: timedelta) -> str:
    return f"{time.total_seconds() / 60:.0f} minutes"
