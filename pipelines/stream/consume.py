"""Read the event log and keep the online store level with it."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from pipelines.keys import Keys, KeysAwayError
from pipelines.stream import metrics
from pipelines.stream.batch import Batch
from pipelines.stream.decode import decode
from pipelines.stream.errors import PoisonEventError, StoreAwayError, StoreMovedError
from pipelines.stream.store import OnlineStore, Partition
from storefront_api.events import Topic

GROUP = "stream"
TOPICS = (Topic.ORDERS, Topic.CLICKSTREAM)
BATCH_MESSAGES = 50_000
POLL_S = 0.25
"""How long an idle consumer waits; a message ends the wait at once."""
RETRY_FIRST_S = 0.05
RETRY_MOST_S = 2.0

log = structlog.get_logger(__name__)


def consumer_config(bootstrap_servers: str) -> dict[str, object]:
    """Return the settings of librdkafka that the guarantees rest on."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "group.id": GROUP,
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        # The store's own offsets decide; Kafka's copy, for lag tools, only follows a write.
        "enable.auto.commit": True,
        "enable.auto.offset.store": False,
        "auto.commit.interval.ms": 1000,
        # A process that was killed holds its partitions until then; brokers allow no less.
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 2000,
        "topic.metadata.refresh.interval.ms": 10_000,
        "partition.assignment.strategy": "range",
        "queued.max.messages.kbytes": 32_768,
    }


class StreamConsumer:
    """Consumes orders and clicks in batches, writing each batch before the next is read.

    Parameters
    ----------
    bootstrap_servers
        The Kafka cluster.
    store
        What is kept level.
    keys
        Open what is sealed.
    """

    def __init__(self, bootstrap_servers: str, store: OnlineStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._written: dict[Partition, int | None] = {}
        self._rewind_due = False
        self._consumer = Consumer(
            consumer_config(bootstrap_servers), logger=logging.getLogger("kafka")
        )

    def run(self, stop: threading.Event) -> None:
        """Consume until told to stop, outliving the absence of Kafka and of the store."""
        self._consumer.subscribe(list(TOPICS), on_assign=self._on_assign, on_revoke=self._on_revoke)
        try:
            while not stop.is_set():
                messages = self._poll()
                if self._rewind_due:
                    self._rewind(stop)
                elif messages:
                    self._apply(messages, stop)
                else:
                    self._observe_lag()
        finally:
            self._consumer.close()

    def _poll(self) -> list[Message]:
        """Wait for one message, then take along what has already arrived."""
        first = self._consumer.poll(POLL_S)
        if first is None:
            return []
        return [first, *self._consumer.consume(BATCH_MESSAGES - 1, 0)]

    def _apply(self, messages: list[Message], stop: threading.Event) -> None:
        batch = Batch()
        try:
            orders = self._orders(messages)
        except KeysAwayError as away:
            log.warning("the keys of sealed messages are away", reason=str(away))
            self._rewind_due = True
            stop.wait(RETRY_MOST_S)
            return
        last: dict[Partition, Message] = {}
        outcomes: Counter[tuple[str, str]] = Counter()
        for message in messages:
            error = message.error()
            if error is not None:
                self._note(error)
                continue
            topic = cast("str", message.topic())
            value = next(orders) if topic == Topic.ORDERS else message.value()
            outcomes[topic, self._take(batch, message, value)] += 1
            last[topic, cast("int", message.partition())] = message
        if not last:
            return
        offsets = {place: cast("int", message.offset()) + 1 for place, message in last.items()}
        newest_ms = max(message.timestamp()[1] for message in last.values())
        started = time.perf_counter()
        try:
            self._store.write(batch, offsets, self._written)
        except (StoreAwayError, StoreMovedError) as error:
            log.warning("batch not written", reason=str(error), messages=len(messages))
            self._rewind_due = True
            return
        metrics.WRITE_SECONDS.observe(time.perf_counter() - started)
        metrics.DELAY_SECONDS.observe(max(0.0, time.time() - newest_ms / 1000))
        self._written.update(offsets)
        self._consumer.store_offsets(offsets=_at(offsets))
        for (topic, outcome), count in outcomes.items():
            metrics.EVENTS.labels(topic, outcome).inc(count)
        self._observe_lag()

    def _orders(self, messages: list[Message]) -> Iterator[bytes | None]:
        """Return the values of the orders among messages; nothing sealed is needed of clicks."""
        orders = [m for m in messages if m.error() is None and m.topic() == Topic.ORDERS]
        return iter(self._keys.values(orders))

    @staticmethod
    def _take(batch: Batch, message: Message, value: bytes | str | None) -> str:
        try:
            seen = decode(cast("str", message.topic()), cast("bytes", value or b""))
        except PoisonEventError as error:
            # The sink keeps the message itself among the dead letters.
            log.warning(
                "poison event",
                reason=str(error),
                partition=message.partition(),
                offset=message.offset(),
            )
            return "poison"
        if seen is None:
            return "ignored"
        batch.add(seen)
        return "written"

    def _rewind(self, stop: threading.Event) -> None:
        """Ask the store, for as long as it takes, where to read on from."""
        partitions = [(p.topic, p.partition) for p in self._consumer.assignment()]
        wait = RETRY_FIRST_S
        while not stop.is_set():
            try:
                stored = self._store.offsets(partitions)
            except StoreAwayError as error:
                log.warning("online store away", reason=str(error), retry_in_s=wait)
                stop.wait(wait)
                wait = min(wait * 2, RETRY_MOST_S)
                continue
            self._written = stored
            self._consumer.assign(_at(stored))
            self._rewind_due = False
            metrics.REWINDS.inc()
            log.info("reading on", offsets={f"{t}/{n}": o for (t, n), o in stored.items()})
            return

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        self._rewind_due = True

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._written.clear()
        for partition in partitions:
            metrics.LAG.remove(partition.topic, str(partition.partition))

    def _observe_lag(self) -> None:
        for (topic, number), offset in self._written.items():
            partition = TopicPartition(topic, number)
            low, high = self._consumer.get_watermark_offsets(partition, cached=True)
            lag = max(0, high - (low if offset is None else offset))
            metrics.LAG.labels(topic, str(number)).set(lag)

    @staticmethod
    def _note(error: object) -> None:
        code = getattr(error, "name", lambda: "unknown")()
        metrics.KAFKA_ERRORS.labels(code).inc()
        if getattr(error, "fatal", lambda: False)():
            raise KafkaException(error)
        log.warning("kafka", code=code, reason=str(error))


def _at(offsets: Mapping[Partition, int | None]) -> list[TopicPartition]:
    return [
        TopicPartition(topic, number, OFFSET_BEGINNING if offset is None else offset)
        for (topic, number), offset in offsets.items()
    ]
