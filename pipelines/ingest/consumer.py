"""The sink's loop: fetch and validate here, insert in a thread beside it."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pipelines.ingest import metrics
from pipelines.ingest.batch import Batch, Collector
from pipelines.ingest.contract import Contract
from pipelines.ingest.dead_letters import DeadLetterLimit, DeadLetterTopic
from pipelines.ingest.offsets import NotOursError, commit, pending
from pipelines.ingest.writer import Writer
from pipelines.keys import Keys, KeysAwayError
from storefront_api.events import Topic

GROUP = "warehouse-sink"
LET_GO_AFTER_S = 5.0
"""How long an insert may still take when partitions are given away or the process is to end. What
is left by then stays a pending range, which the next owner inserts under the same token."""
PAUSE_AFTER_S = 10.0
"""How long full buffers wait for an insert before fetching is paused. Pausing throws away what was
fetched ahead, and without it a member that does not poll is taken for dead."""
OBSERVE_EVERY_S = 1.0
ASK_AGAIN_AFTER_S = 0.5
"""For keys, while the store's database is away."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """When what was collected is inserted, and when a member is taken for dead.

    Parameters
    ----------
    rows, size_bytes
        At this much, at once; and at twice this much nothing more is fetched.
    linger_s
        Otherwise this long after its first message.
    fetch
        Messages fetched at a time.
    session_s
        The partitions of a member that was killed are given to others after this long; the broker
        allows 6 s and more.
    """

    rows: int = 100_000
    size_bytes: int = 48 * 2**20
    linger_s: float = 0.2
    fetch: int = 5_000
    session_s: int = 10


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
    keys
        Open what is sealed.
    letters
        Publishes what is refused.
    limits
        When to insert.
    at
        Called with the name of each point between two steps of a batch.
    group
        The consumer group, whose committed offsets say what is in the warehouse.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        writer: Writer,
        keys: Keys,
        letters: DeadLetterTopic,
        limits: Limits = Limits(),  # noqa: B008  # frozen
        at: Callable[[str], None] = _nowhere,
        group: str = GROUP,
    ) -> None:
        self._writer = writer
        self._keys = keys
        self._dead_letters = letters
        self._limits = limits
        self._at = at
        self._collectors: dict[tuple[str, int], Collector] = {}
        self._contracts = {topic.value: Contract(topic) for topic in Topic}
        self._limit = DeadLetterLimit()
        self._in_flight: tuple[Future[None], list[Batch]] | None = None
        self._unopened: list[Message] = []
        self._paused = False
        self._crowded_since: float | None = None
        self._observed = 0.0
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "partition.assignment.strategy": "range",
                "session.timeout.ms": limits.session_s * 1000,
                "heartbeat.interval.ms": limits.session_s * 200,
                "fetch.max.bytes": 32 * 2**20,
                "queued.max.messages.kbytes": 65_536,
                "topic.metadata.refresh.interval.ms": 10_000,
            },
            logger=logging.getLogger("librdkafka"),
        )

    def run(self, stop: threading.Event) -> None:
        """Consume until told to stop, then insert what was collected.

        Raises
        ------
        TooManyDeadLettersError
            If too much is refused.
        clickhouse_connect.driver.exceptions.DatabaseError
            If the warehouse refuses rows for good.
        """
        topics = [topic.value for topic in Topic]
        self._consumer.subscribe(
            topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )
        try:
            while not stop.is_set():
                self._step()
            if self._settle(LET_GO_AFTER_S):
                self._flush(list(self._collectors.values()))
                self._settle(LET_GO_AFTER_S)
        finally:
            self._in_flight = None
            self._writer.give_up()
            self._consumer.close()

    def _step(self) -> None:
        if self._unopened:
            self._wait_for_keys()
        elif self._in_flight is not None and not self._in_flight[0].done() and self._full(2):
            self._wait_for_room(self._in_flight[0])
        else:
            self._take(self._consumer.consume(self._limits.fetch, timeout=0.02))
        try:
            self._flush_when_due()
        except NotOursError as error:
            log.warning("partitions belong to another member", error=str(error))
            self._forget()
        self._observe()

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is not None:
                self._complain(error)
            else:
                self._unopened.append(message)
        if self._unopened:
            self._open()

    def _open(self) -> None:
        """Collect what was fetched, unless the keys of some of it cannot be asked for now."""
        try:
            values = self._keys.values(self._unopened)
        except KeysAwayError as error:
            log.warning("the keys of sealed messages are away", error=str(error))
            return
        for message, value in zip(self._unopened, values, strict=True):
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            collector = self._collectors.get((str(topic), partition or 0))
            if collector is not None and offset is not None:
                collector.add(value, offset)
        self._unopened = []

    @staticmethod
    def _complain(error: KafkaError) -> None:
        if error.fatal() or error.code() in {KafkaError.TOPIC_AUTHORIZATION_FAILED}:
            raise KafkaException(error)
        log.warning("kafka", error=str(error))

    def _wait_for_keys(self) -> None:
        """Stay a member that fetches nothing, and ask again."""
        if not self._paused:
            self._consumer.pause(self._consumer.assignment())
            self._paused = True
        self._take(self._consumer.consume(1, timeout=ASK_AGAIN_AFTER_S))

    def _wait_for_room(self, inserted: Future[None]) -> None:
        wait([inserted], timeout=0.2)
        now = time.monotonic()
        self._crowded_since = self._crowded_since or now
        if now - self._crowded_since >= PAUSE_AFTER_S:
            if not self._paused:
                log.warning("fetching is paused until the warehouse takes what was fetched")
                self._consumer.pause(self._consumer.assignment())
                self._paused = True
            self._take(self._consumer.consume(1, timeout=0))

    def _flush_when_due(self) -> None:
        if self._in_flight is not None:
            if not self._in_flight[0].done():
                return
            self._settle()
        self._crowded_since = None
        if self._paused and not self._unopened:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False
        ready = [collector for collector in self._collectors.values() if collector.ready]
        if not ready:
            return
        oldest = min(c.since for c in ready)
        if self._full(1) or time.monotonic() - oldest >= self._limits.linger_s:
            self._flush(ready)

    def _full(self, factor: int) -> bool:
        rows = sum(c.count for c in self._collectors.values())
        size = sum(c.size for c in self._collectors.values())
        return rows >= factor * self._limits.rows or size >= factor * self._limits.size_bytes

    def _flush(self, collectors: list[Collector]) -> None:
        batches = [collector.take() for collector in collectors if collector.ready]
        if not batches:
            return
        for batch in batches:
            self._limit.count(batch.count, batch.dead)
        self._at("fetched")
        commit(self._consumer, [b.range.begun() for b in batches])
        self._at("pending")
        metrics.PENDING.set(len(batches))
        self._in_flight = (self._in_background(batches), batches)

    def _settle(self, within_s: float | None = None) -> bool:
        """Commit what was inserted; return whether nothing is on its way any more."""
        if self._in_flight is None:
            return True
        (inserted, batches), self._in_flight = self._in_flight, None
        wait([inserted], timeout=within_s)
        if not inserted.done():
            log.warning("left pending", ranges=[batch.range.token for batch in batches])
            return False
        inserted.result()
        self._at("inserted")
        commit(self._consumer, [b.range.done() for b in batches])
        self._at("committed")
        metrics.PENDING.set(0)
        for batch in batches:
            self._tell(batch)
        return True

    def _in_background(self, batches: list[Batch]) -> Future[None]:
        """Insert in a thread that does not keep the process alive: the warehouse may be stuck."""
        outcome: Future[None] = Future()

        def work() -> None:
            try:
                self._insert(batches)
            except Exception as error:  # noqa: BLE001  # raised again where the outcome is read
                outcome.set_exception(error)
            else:
                outcome.set_result(None)

        threading.Thread(target=work, name="insert", daemon=True).start()
        return outcome

    def _insert(self, batches: list[Batch]) -> None:
        for index, batch in enumerate(batches):
            self._at("inserting")
            with metrics.INSERT_SECONDS.time():
                if batch.dead:
                    self._dead_letters.publish(batch.dead)
                self._writer.write(batch)
            if index == 0:
                self._at("first inserted")

    @staticmethod
    def _tell(batch: Batch) -> None:
        topic = batch.range.topic
        metrics.ROWS.labels(topic).inc(len(batch.rows))
        metrics.BATCHES.labels(topic).inc()
        metrics.DEAD.labels(topic).inc(len(batch.dead))
        metrics.LAST_INSERT.set_to_current_time()

    def _observe(self) -> None:
        if time.monotonic() - self._observed < OBSERVE_EVERY_S:
            return
        self._observed = time.monotonic()
        on_its_way = self._in_flight[1] if self._in_flight else []
        closed = Counter((m.topic(), m.partition()) for m in self._unopened)
        for (topic, partition), collector in self._collectors.items():
            where = TopicPartition(topic, partition)
            _, high = self._consumer.get_watermark_offsets(where, cached=True)
            waiting = collector.count + closed[topic, partition]
            waiting += sum(
                b.count
                for b in on_its_way
                if (b.range.topic, b.range.partition) == (topic, partition)
            )
            (position,) = self._consumer.position([where])
            unread = max(0, high - position.offset) if position.offset >= 0 else 0
            metrics.LAG.labels(topic, str(partition)).set(unread + waiting)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for (topic, partition), range_ in pending(consumer, partitions).items():
            if range_ is not None:
                metrics.REPLAYED.inc()
                log.info("replaying a pending range", token=range_.token)
            collector = Collector(self._contracts[topic], partition, range_)
            self._collectors[topic, partition] = collector

    def _revoked(self, _: Consumer, __: list[TopicPartition]) -> None:
        """Let what is on its way arrive; what was only collected belongs to the next owner."""
        try:
            self._settle(LET_GO_AFTER_S)
        except NotOursError as error:
            log.warning("partitions belong to another member", error=str(error))
        self._forget()

    def _lost(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._forget()

    def _forget(self) -> None:
        """Drop everything: with this way of assignment all partitions come and go together."""
        self._in_flight = None
        self._unopened = []
        metrics.LAG.clear()
        self._collectors = {}
        metrics.PENDING.set(0)
