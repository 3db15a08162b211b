"""Waiting until the warehouse has everything that the store has told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import asyncpg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from pipelines.ingest.consumer import GROUP
from storefront_api.events import Topic

STUCK_S = 600.0
"""So long nothing may move on before it is given up."""
POLL_S = 0.5
KAFKA_TIMEOUT_S = 30.0


class UnsettledError(RuntimeError):
    """Events did not arrive in the warehouse in time."""


@dataclass(frozen=True)
class Underway:
    """What is between the store and the warehouse.

    Parameters
    ----------
    outbox
        Events that the relay has not published.
    read
        Sum of the offsets up to which the sink has written to the warehouse.
    at_the_end
        Whether nothing that was published is left for the sink.
    """

    outbox: int
    read: int
    at_the_end: bool

    @property
    def over(self) -> bool:
        """Whether everything has arrived."""
        return self.outbox == 0 and self.at_the_end


async def arrived(environment: Mapping[str, str], on_look: Callable[[Underway], None]) -> None:
    """Wait until the outbox is empty and the sink has written all that was published.

    The sink's committed offsets say what is in the warehouse. A partition's end is no measure:
    transactions leave markers behind that nobody is given.

    Raises
    ------
    UnsettledError
        If nothing moves for `STUCK_S`.
    """
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    try:
        before, deadline = None, 0.0
        while True:
            # The outbox first: what leaves it is in Kafka by then.
            outbox = await connection.fetchval("SELECT count(*) FROM outbox")
            now = Underway(outbox, *_sink(environment["KAFKA_BOOTSTRAP_SERVERS"]))
            on_look(now)
            if now.over:
                return
            if now != before:
                before, deadline = now, time.monotonic() + STUCK_S
            elif time.monotonic() > deadline:
                raise UnsettledError(
                    f"{now.outbox:,} events wait in the outbox, and the sink "
                    f"{'has read all others' if now.at_the_end else 'lags behind'}; "
                    "are the services relay and sink up?"
                )
            await asyncio.sleep(POLL_S)
    finally:
        await connection.close()


def _sink(bootstrap_servers: str) -> tuple[int, bool]:
    """Return the sum of the sink's offsets, and whether nothing comes after them."""
    # Of the sink's group by name alone: it neither joins nor commits.
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": GROUP,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    try:
        known = consumer.list_topics(timeout=KAFKA_TIMEOUT_S).topics
        wanted = [
            TopicPartition(topic.value, partition)
            for topic in Topic
            for partition in known[topic.value].partitions
        ]
        committed = consumer.committed(wanted, timeout=KAFKA_TIMEOUT_S)
        read = sum(max(0, at.offset) for at in committed)
        for at in committed:
            at.offset = at.offset if at.offset >= 0 else OFFSET_BEGINNING
        consumer.assign(committed)
        return read, _ends(consumer, len(wanted))
    finally:
        consumer.close()


def _ends(consumer: Consumer, partitions: int) -> bool:
    """Return whether every partition ends where it is read from."""
    for _ in range(partitions):
        message = consumer.poll(KAFKA_TIMEOUT_S)
        if message is None:
            return False
        error = message.error()
        if error is None:
            return False
        if error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
    return True
