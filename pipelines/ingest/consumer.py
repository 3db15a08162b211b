"""The sink's loop: fetch and validate here, insert in a thread beside it."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pipelines.ingest import metrics, telling
from pipelines.ingest.batch import Batch, Collector
from pipelines.ingest.contract import Contract
from pipelines.ingest.dead_letters import DeadLetterLimit, DeadLetterTopic
from pipelines.ingest.offsets import NotOursError, commit, passes, pending
from pipelines.ingest.pending import MOST_RANGES, Cut
from pipelines.ingest.repeating import read_again
from pipelines.ingest.writer import Writer
from pipelines.keys import Keys, KeysAwayError
from storefront_api.events import Topic

GROUP = "warehouse-sink"
LET_GO_AFTER_S = 5.0
"""How long an insert may still take when partitions are given away or the process is to end. What
is left by then stays a pending cut, which the next owner inserts under the same token."""
PAUSE_AFTER_S = 10.0
"""How long full buffers wait for an insert before fetching is paused. Pausing throws away what was
fetched ahead, and without it a member that does not poll is taken for dead."""
OBSERVE_EVERY_S = 1.0
POLL_S = 0.02
ASK_AGAIN_AFTER_S = 0.5
"""For keys, while the store's database is away; for a pending cut, while Kafka is."""

log = structlog.get_logger()
_Columns = tuple[list[bytes | None], list[int], list[int]]
"""Values of messages, their partitions and their offsets."""


@dataclass(frozen=True)
class Limits:
    """When what was collected is inserted, and when a member is taken for dead.

    Parameters
    ----------
    rows, size_bytes
        At this much, at once; and at twice this much nothing more is fetched.
    linger_s
        Otherwise this long after its first message, if there are few.
    many, longest_linger_s
        If there are so many, this long after: an insert costs as much as the parsing of thousands
        of rows, and one that is twice as large saves one.
    fetch
        Messages fetched at a time; with more of them the processor's caches are of less use.
    session_s
        The partitions of a member that was killed are given to others after this long; the broker
        allows 6 s and more.
    """

    rows: int = 100_000
    size_bytes: int = 48 * 2**20
    linger_s: float = 0.2
    many: int = 5_000
    longest_linger_s: float = 0.5
    fetch: int = 1_000
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
        self._servers = bootstrap_servers
        self._writer = writer
        self._keys = keys
        self._dead_letters = letters
        self._limits = limits
        self._at = at
        self._mine: set[tuple[str, int]] = set()
        self._collectors: dict[tuple[str, int], Collector] = {}
        self._to_repeat: list[Cut] = []
        self._contracts = {topic.value: Contract(topic) for topic in Topic}
        self._limit = DeadLetterLimit()
        self._in_flight: tuple[Future[None], list[Batch]] | None = None
        self._unopened: list[Message] = []
        self._paused = self._stuck = False
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
                # A broker that told of each event at once would do little else.
                "fetch.min.bytes": 256 * 2**10,
                "fetch.wait.max.ms": 100,
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
            if self._settle(LET_GO_AFTER_S) and not self._to_repeat:
                self._flush()
                self._settle(LET_GO_AFTER_S)
        finally:
            self._in_flight = None
            self._writer.give_up()
            self._consumer.close()

    def _step(self) -> None:
        if self._unopened or self._to_repeat:
            self._wait()
        elif self._in_flight is not None and not self._in_flight[0].done() and self._full(2):
            self._wait_for_room(self._in_flight[0])
        else:
            self._take(self._consumer.consume(self._limits.fetch, timeout=POLL_S))
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
            self._stuck = True
            return
        found: dict[tuple[str, int], _Columns] = defaultdict(lambda: ([], [], []))
        for message, value in zip(self._unopened, values, strict=True):
            topic, partition = str(message.topic()), message.partition() or 0
            if (topic, partition) in self._mine:
                columns = found[topic, partition // MOST_RANGES]
                columns[0].append(value)
                columns[1].append(partition)
                columns[2].append(message.offset() or 0)
        for key, columns in found.items():
            if key not in self._collectors:
                self._collectors[key] = Collector(self._contracts[key[0]])
            self._collectors[key].add(*columns)
        self._unopened, self._stuck = [], False

    @staticmethod
    def _complain(error: KafkaError) -> None:
        if error.fatal() or error.code() in {KafkaError.TOPIC_AUTHORIZATION_FAILED}:
            raise KafkaException(error)
        log.warning("kafka", error=str(error))

    def _wait(self) -> None:
        """Stay a member that fetches nothing, until what came before is out of the way."""
        if not self._paused:
            self._consumer.pause(self._consumer.assignment())
            self._paused = True
        timeout = ASK_AGAIN_AFTER_S if self._stuck else POLL_S
        self._take(self._consumer.consume(1, timeout=timeout))

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
        if self._to_repeat:
            self._repeat()
            return
        if self._paused and not self._unopened:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False
        since = [each.since for each in self._collectors.values() if each.count]
        if since and (self._full(1) or time.monotonic() - min(since) >= self._linger_s()):
            self._flush()

    def _linger_s(self) -> float:
        limits = self._limits
        return limits.linger_s if self._rows() < limits.many else limits.longest_linger_s

    def _rows(self) -> int:
        return sum(each.count for each in self._collectors.values())

    def _full(self, factor: int) -> bool:
        size = sum(each.size for each in self._collectors.values())
        return (
            self._rows() >= factor * self._limits.rows or size >= factor * self._limits.size_bytes
        )

    def _repeat(self) -> None:
        """Insert a cut that was left pending, before anything else."""
        cut = self._to_repeat[0]
        try:
            batch = read_again(self._servers, self._contracts[cut.topic], self._keys, cut)
        except (KeysAwayError, KafkaException) as error:
            if isinstance(error, KafkaException) and not passes(error):
                raise
            log.warning("a pending cut cannot be read now", token=cut.token, error=str(error))
            self._stuck = True
            return
        self._stuck = False
        del self._to_repeat[0]
        self._begin([batch])

    def _flush(self) -> None:
        batches = [each.take() for each in self._collectors.values() if each.count]
        if not batches:
            return
        for batch in batches:
            self._limit.count(batch.count, batch.dead)
        self._at("fetched")
        commit(self._consumer, [at for batch in batches for at in batch.cut.begun()])
        self._at("pending")
        self._begin(batches)

    def _begin(self, batches: list[Batch]) -> None:
        metrics.PENDING.set(len(batches))
        self._in_flight = (self._in_background(batches), batches)

    def _settle(self, within_s: float | None = None) -> bool:
        """Commit what was inserted; return whether nothing is on its way any more."""
        if self._in_flight is None:
            return True
        (inserted, batches), self._in_flight = self._in_flight, None
        wait([inserted], timeout=within_s)
        if not inserted.done():
            log.warning("left pending", cuts=[batch.cut.token for batch in batches])
            return False
        inserted.result()
        self._at("inserted")
        done = [at for batch in batches for at in batch.cut.done()]
        # Of a cut that was left pending others may have partitions, and insert it, too.
        commit(self._consumer, [at for at in done if (at.topic, at.partition) in self._mine])
        self._at("committed")
        metrics.PENDING.set(0)
        for batch in batches:
            telling.inserted(batch)
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

    def _observe(self) -> None:
        if time.monotonic() - self._observed < OBSERVE_EVERY_S:
            return
        self._observed = time.monotonic()
        telling.lag(self._consumer, self._mine, self._first_left())

    def _first_left(self) -> dict[tuple[str, int], int]:
        """Return the first offset that was read and is not inserted, by partition."""
        found = {
            (str(message.topic()), message.partition() or 0): message.offset() or 0
            for message in reversed(self._unopened)
        }
        for (topic, _), collector in self._collectors.items():
            found |= {(topic, partition): first for partition, first in collector.first.items()}
        on_their_way = [batch.cut for batch in self._in_flight[1]] if self._in_flight else []
        for cut in (*self._to_repeat, *on_their_way):
            found |= {(cut.topic, each.partition): each.first for each in cut.ranges}
        return found

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        left = pending(consumer, partitions)
        self._mine = set(left)
        self._to_repeat = list(dict.fromkeys(cut for cut in left.values() if cut is not None))
        for cut in self._to_repeat:
            metrics.REPEATED.inc()
            log.info("repeating a pending cut", token=cut.token)
        behind = {(at.topic, at.partition): at for cut in self._to_repeat for at in cut.done()}
        consumer.assign([behind.get((at.topic, at.partition), at) for at in partitions])

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
        self._unopened, self._to_repeat = [], []
        self._mine = set()
        self._collectors = {}
        metrics.LAG.clear()
        metrics.PENDING.set(0)
