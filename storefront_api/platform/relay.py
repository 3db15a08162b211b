"""The outbox relay: `python -m storefront_api.platform.relay`.

Each step leaves a state from which the next start goes on; see docs/adr/0002-outbox-relay.md.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import asyncpg
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from prometheus_client import start_http_server

from storefront_api.events import Topic
from storefront_api.events.sealing import SPLITTERS
from storefront_api.events.subject_keys import Headers, SubjectKeys
from storefront_api.platform import logs, metrics, tracing
from storefront_api.platform.errors import DATABASE_AWAY
from storefront_api.platform.failpoints import Failpoints
from storefront_api.settings import Settings

GROUP = "outbox-relay"
"""Prefix of the consumer group and the transactional id; the database's identity follows."""
CARRIER = TopicPartition(Topic.ORDERS.value, 0)
"""Partition whose committed offset, in the relay's own group, counts batches and not messages."""
BATCH_ROWS = 5_000
IDLE_S = 0.02
LOCK = 7_236_402
INIT_TIMEOUT_S = 60.0
BATCH_TIMEOUT_S = 5.0
"""After this long a batch is begun anew by a new producer, which ends the old one's transaction."""
STUCK_S = 3 * BATCH_TIMEOUT_S
"""librdkafka 2.16 heeds no timeout while it looks for a group's coordinator whose broker died
(its issue 5456). After this long the process ends, as if killed, and its supervisor starts it anew.
"""

_IDENTITY = """
SELECT system_identifier || '-' || (SELECT oid FROM pg_database WHERE datname = current_database())
FROM pg_control_system()
"""
_ASSIGN = """
WITH waiting AS (
    SELECT outbox_id FROM outbox
    WHERE batch IS NULL AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY outbox_id LIMIT $1
), numbered AS (
    UPDATE relay SET next_batch = next_batch + 1
    WHERE EXISTS (SELECT FROM waiting) RETURNING next_batch - 1 AS batch
)
UPDATE outbox SET batch = numbered.batch
FROM waiting, numbered WHERE outbox.outbox_id = waiting.outbox_id
RETURNING outbox.batch
"""
_ROWS = """
SELECT topic, key, payload, traceparent, created_at FROM outbox WHERE batch = $1 ORDER BY outbox_id
"""
_UNFINISHED = "SELECT min(batch) FROM outbox WHERE batch IS NOT NULL"
_FORGET = "DELETE FROM outbox WHERE batch <= $1"
_MARK = "UPDATE relay SET published = greatest(published, $1)"
_BACKLOG = "SELECT count(*) AS rows, min(created_at) AS oldest FROM outbox"

log = structlog.get_logger()


class RelayTakenError(RuntimeError):
    """Another relay works on this database."""


class _Message(NamedTuple):
    """A row of the outbox, and what is published of it."""

    row: Any
    value: bytes
    headers: Headers


class Relay:
    """Moves the outbox to Kafka, each event once.

    Parameters
    ----------
    connection
        An asyncpg connection of its own.
    bootstrap_servers
        The Kafka cluster.
    identity
        Of the database: batch numbers of another one say nothing about this one's.
    failpoints
        Called between the steps.
    """

    def __init__(
        self, connection: Any, bootstrap_servers: str, identity: str, failpoints: Failpoints
    ) -> None:
        self._connection = connection
        self._keys = SubjectKeys()
        self._failpoints = failpoints
        group = f"{GROUP}-{identity}"
        logger = logging.getLogger("librdkafka")
        common = {"bootstrap.servers": bootstrap_servers}
        self._producer = Producer(
            {
                **common,
                "transactional.id": group,
                "compression.type": "lz4",
                "linger.ms": 2,
                "queue.buffering.max.messages": 2 * BATCH_ROWS,
                "message.timeout.ms": int(BATCH_TIMEOUT_S * 1000),
                "transaction.timeout.ms": 60_000,
            },
            logger=logger,
        )
        offsets = {"group.id": group, "isolation.level": "read_committed"}
        self._offsets = Consumer({**common, **offsets}, logger=logger)

    async def start(self) -> None:
        """Become the only relay and finish what the one before left.

        Raises
        ------
        RelayTakenError
            If another one is at work.
        """
        if not await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            raise RelayTakenError("another relay holds the lock of this database")
        await asyncio.to_thread(self._producer.init_transactions, INIT_TIMEOUT_S)
        (committed,) = await asyncio.to_thread(self._offsets.committed, [CARRIER], INIT_TIMEOUT_S)
        if committed.offset > 0:
            await self._forget(committed.offset - 1)

    async def step(self) -> int:
        """Publish one batch and return how many events it held; 0 if nothing waits."""
        batch = await self._connection.fetchval(_UNFINISHED)
        if batch is None:
            batch = await self._connection.fetchval(_ASSIGN, BATCH_ROWS)
            if batch is None:
                return 0
            self._failpoints.at("assigned")
        rows = await self._connection.fetch(_ROWS, batch)
        messages = await self._sealed(rows)
        try:
            await asyncio.wait_for(asyncio.to_thread(self._publish, batch, messages), STUCK_S)
        except TimeoutError:
            log.critical("stuck in the Kafka client, ending", batch=batch)
            # The thread cannot be ended, and an orderly end would wait for it.
            os._exit(os.EX_TEMPFAIL)
        self._failpoints.at("committed")
        await self._forget(batch)
        now = datetime.now(UTC)
        for row in rows:
            metrics.LAG.observe((now - row["created_at"]).total_seconds())
        metrics.RELAYED.inc(len(rows))
        metrics.BATCHES.inc()
        return len(rows)

    async def _sealed(self, rows: list[Any]) -> list[_Message]:
        """Return rows as messages, what is personal in them sealed."""
        messages = [_Message(row, row["payload"].encode(), []) for row in rows]
        split = [SPLITTERS[Topic(m.row["topic"])].split(m.value) for m in messages]
        personal = {index: found for index, found in enumerate(split) if found is not None}
        headers = await self._keys.seal(self._connection, list(personal.values()))
        for (index, found), these in zip(personal.items(), headers, strict=True):
            messages[index] = messages[index]._replace(value=found.value, headers=these)
        return messages

    def _publish(self, batch: int, messages: list[_Message]) -> None:
        self._producer.begin_transaction()
        spans = []
        for row, value, headers in messages:
            begun = tracing.published(row["topic"], row["traceparent"])
            spans.append(begun)
            self._producer.produce(
                row["topic"],
                value,
                row["key"].encode(),
                headers=[
                    *headers,
                    *tracing.headers_of(tracing.header_of(begun.get_span_context())),
                ],
            )
        self._failpoints.at("produced")
        done = TopicPartition(CARRIER.topic, CARRIER.partition, batch + 1)
        group = self._offsets.consumer_group_metadata()
        self._producer.send_offsets_to_transaction([done], group, BATCH_TIMEOUT_S)
        self._failpoints.at("offset sent")
        # Whether a commit that timed out went through, the offset says at the next start.
        self._producer.commit_transaction(BATCH_TIMEOUT_S)
        for begun in spans:
            begun.end()

    async def _forget(self, batch: int) -> None:
        async with self._connection.transaction():
            await self._connection.execute(_FORGET, batch)
            await self._connection.execute(_MARK, batch)

    async def tell(self) -> None:
        """Set the gauges of what waits."""
        row = await self._connection.fetchrow(_BACKLOG)
        metrics.BACKLOG.set(row["rows"])
        oldest = row["oldest"]
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        metrics.OLDEST.set(age)


def is_transient(error: Exception) -> bool:
    """Tell by its class whether a new start can mend an error."""
    if isinstance(error, KafkaException):
        cause: KafkaError = error.args[0]
        return cause.code() != KafkaError._FENCED
    return isinstance(error, DATABASE_AWAY)


async def run(settings: Settings, stop: asyncio.Event, failpoints: Failpoints) -> None:
    """Relay until told to stop."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        identity = await connection.fetchval(_IDENTITY)
        relay = Relay(connection, settings.kafka_bootstrap_servers, identity, failpoints)
        await relay.start()
        log.info("relaying")
        told = 0.0
        while not stop.is_set():
            if time.monotonic() - told > 1:
                await relay.tell()
                told = time.monotonic()
            if await relay.step() == 0:
                await asyncio.sleep(IDLE_S)
    finally:
        await connection.close(timeout=5)


async def serve(settings: Settings, failpoints: Failpoints | None = None) -> None:
    """Relay until SIGTERM, starting anew when PostgreSQL or Kafka was away."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    start_http_server(settings.metrics_port, "127.0.0.1")
    wait = 0.2
    while not stop.is_set():
        try:
            await run(settings, stop, failpoints or Failpoints())
        except (KafkaException, asyncpg.PostgresError, *DATABASE_AWAY) as error:
            if not is_transient(error):
                raise
            log.warning("starting anew", error=str(error))
            await asyncio.sleep(wait)
            wait = min(5.0, wait * 2)
        except RelayTakenError:
            log.info("waiting for the other relay")
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    logs.configure()
    chosen = Settings()
    end_tracing = tracing.start("relay", *chosen.tracing)
    try:
        asyncio.run(serve(chosen))
    finally:
        end_tracing()
