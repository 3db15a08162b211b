"""The sink's loop: fetch and validate here, insert in a thread beside it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from pipelines.ingest import metrics
from pipelines.ingest.batch import Batch, Collector
from pipelines.ingest.contract import Contract
from pipelines.ingest.dead_letters import DeadLetterLimit, DeadLetterTopic
from pipelines.ingest.pending import pending_range
from pipelines.ingest.writer import Writer
from storefront_api.events import Topic

GROUP = "warehouse-sink"
COMMITTED_TIMEOUT_S = 30.0
LONGEST_OUTAGE_MS = 86_400_000
"""While the warehouse is away the loop waits in an insert. A process that died is noticed by its
missing heartbeats, not by this."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """When what was collected is inserted.

    Parameters
    ----------
    rows, size_bytes
        At this much, at once; and at twice this much nothing more is fetched.
    linger_s
        Otherwise this long after its first message.
    fetch
        Messages fetched at a time.
    """

    rows: int = 100_000
    size_bytes: int = 48 * 2**20
    linger_s: float = 0.2
    fetch: int = 5_000


def _nowhere(_: str) -> None:
    """Do nothing: the point is where tests kill the process."""


class Sink:
    """Consumes every topic of the contract into the warehouse.

    Parameters
    ----------
    bootstrap_servers
        The Kafka cluster.
    writer
        Inserts batches.
    limits
        When to insert.
    at
        Called with the name of each point between two steps of a batch.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        writer: Writer,
        limits: Limits = Limits(),  # noqa: B008  # frozen
        at: Callable[[str], None] = _nowhere,
    ) -> None:
        self._writer = writer
        self._limits = limits
        self._at = at
        self._collectors: dict[tuple[str, int], Collector] = {}
        self._contracts = {topic.value: Contract(topic) for topic in Topic}
        self._limit = DeadLetterLimit()
        self._in_flight: tuple[Future[None], list[Batch]] | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="insert")
        logger = logging.getLogger("librdkafka")
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": GROUP,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "range",
                "max.poll.interval.ms": LONGEST_OUTAGE_MS,
                "fetch.max.bytes": 32 * 2**20,
                "queued.max.messages.kbytes": 65_536,
                "topic.metadata.refresh.interval.ms": 10_000,
            },
            logger=logger,
        )
        producer = Producer(
            {"bootstrap.servers": bootstrap_servers, "enable.idempotence": True}, logger=logger
        )
        self._dead_letters = DeadLetterTopic(producer)

    def run(self, stop: Event) -> None:
        """Consume until told to stop, then insert what was collected.

        Raises
        ------
        TooManyDeadLettersError
            If too much is refused.
        clickhouse_connect.driver.exceptions.DatabaseError
            If the warehouse refuses rows for good.
        """
        topics = [topic.value for topic in Topic]
        self._consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked)
        try:
            while not stop.is_set():
                self._take(self._consumer.consume(self._limits.fetch, timeout=0.02))
                self._flush_when_due()
            self._finish()
            self._flush(list(self._collectors.values()))
            self._finish()
        finally:
            self._threads.shutdown()
            self._consumer.close()

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is not None:
                self._complain(error)
                continue
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            collector = self._collectors.get((str(topic), partition or 0))
            if collector is not None and offset is not None:
                collector.add(message.value(), offset)

    @staticmethod
    def _complain(error: KafkaError) -> None:
        if error.fatal() or error.code() in {KafkaError.TOPIC_AUTHORIZATION_FAILED}:
            raise KafkaException(error)
        log.warning("kafka", error=str(error))

    def _flush_when_due(self) -> None:
        if self._in_flight is not None:
            if not self._in_flight[0].done() and not self._full(2):
                return
            self._finish()
        ready = [collector for collector in self._collectors.values() if collector.ready]
        if not ready:
            return
        oldest = min(c.since for c in ready)
        if self._full(1) or time.monotonic() - oldest >= self._limits.linger_s:
            self._flush(ready)

    def _full(self, factor: int) -> bool:
        rows = sum(len(c.rows) for c in self._collectors.values())
        size = sum(c.size for c in self._collectors.values())
        return rows >= factor * self._limits.rows or size >= factor * self._limits.size_bytes

    def _flush(self, collectors: list[Collector]) -> None:
        batches = [collector.take() for collector in collectors if collector.ready]
        if not batches:
            return
        for batch in batches:
            self._limit.count(len(batch.rows) + len(batch.dead), batch.dead)
        self._at("fetched")
        self._consumer.commit(offsets=[b.range.begun() for b in batches], asynchronous=False)
        self._at("pending")
        self._in_flight = (self._threads.submit(self._insert, batches), batches)

    def _finish(self) -> None:
        if self._in_flight is None:
            return
        (inserted, batches), self._in_flight = self._in_flight, None
        inserted.result()
        self._at("inserted")
        self._consumer.commit(offsets=[b.range.done() for b in batches], asynchronous=False)
        self._at("committed")
        for batch in batches:
            self._tell(batch)

    def _insert(self, batches: list[Batch]) -> None:
        for index, batch in enumerate(batches):
            with metrics.INSERT_SECONDS.time():
                if batch.dead:
                    self._dead_letters.publish(batch.dead)
                self._writer.write(batch)
            if index == 0:
                self._at("first inserted")

    def _tell(self, batch: Batch) -> None:
        range_ = batch.range
        metrics.ROWS.labels(range_.topic).inc(len(batch.rows))
        metrics.BATCHES.labels(range_.topic).inc()
        metrics.DEAD.labels(range_.topic).inc(len(batch.dead))
        metrics.LAST_INSERT.set_to_current_time()
        _, high = self._consumer.get_watermark_offsets(
            TopicPartition(range_.topic, range_.partition), cached=True
        )
        lag = max(0, high - range_.last - 1)
        metrics.LAG.labels(range_.topic, str(range_.partition)).set(lag)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._collectors = {}
        committed = consumer.committed(partitions, timeout=COMMITTED_TIMEOUT_S)
        for position in committed:
            pending = pending_range(position)
            if pending is not None:
                metrics.REPLAYED.inc()
                log.info("replaying a pending range", token=pending.token)
            self._collectors[position.topic, position.partition] = Collector(
                self._contracts[position.topic], position.partition, pending
            )

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """Let what is on its way arrive; what was only collected belongs to the next owner."""
        self._finish()
        for partition in partitions:
            self._collectors.pop((partition.topic, partition.partition), None)
