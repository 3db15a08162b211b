"""How far consumer groups are behind the event log, and for how long that has been too far."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from pipelines.alerting import Trouble

TIMEOUT_S = 30.0
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


class LagReader:
    """Asks Kafka for offsets, in three requests however many partitions there are.

    Parameters
    ----------
    bootstrap_servers
        The Kafka cluster.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AdminClient(
            {"bootstrap.servers": bootstrap_servers}, logger=logging.getLogger("librdkafka")
        )

    def read(self, group: str, topics: Sequence[str]) -> Lag:
        """Return the lag of a group in the topics that it consumes, of those that are there.

        A partition of which nothing was committed yet is read from its oldest message on.

        Raises
        ------
        confluent_kafka.KafkaException
            If Kafka does not answer within `TIMEOUT_S`, or refuses.
        """
        known = self._admin.list_topics(timeout=TIMEOUT_S).topics
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            if topic in known
            for number in known[topic].partitions
        ]
        committed = self._committed(group)
        ends = self._offsets(partitions, OffsetSpec.latest())
        fresh = [at for at in partitions if (at.topic, at.partition) not in committed]
        begins = committed | self._offsets(fresh, OffsetSpec.earliest())
        behind: Counter[str] = Counter()
        for place, end in ends.items():
            behind[place[0]] += max(0, end - begins[place])
        return Lag(group, +behind)

    def _committed(self, group: str) -> dict[tuple[str, int], int]:
        asked = [ConsumerGroupTopicPartitions(group)]
        answers = self._admin.list_consumer_group_offsets(asked, request_timeout=TIMEOUT_S)
        found = _result(answers[group]).topic_partitions
        return {(at.topic, at.partition): at.offset for at in found if at.offset >= 0}

    def _offsets(
        self, partitions: Iterable[TopicPartition], wanted: OffsetSpec
    ) -> dict[tuple[str, int], int]:
        asked = dict.fromkeys(partitions, wanted)
        if not asked:
            return {}
        answers = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT_S
        )
        return {(at.topic, at.partition): _result(each).offset for at, each in answers.items()}


def _result(answer: Future[Any]) -> Any:
    return answer.result(TIMEOUT_S)


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
