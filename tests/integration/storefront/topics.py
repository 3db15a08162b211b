"""What is published to topics, read to their end."""

from __future__ import annotations

import time
import uuid

from confluent_kafka import Consumer

from pipelines.ingest.topics import PARTITIONS
from storefront_api.events import Event, Topic, parse

DEADLINE_S = 90.0


def published(bootstrap: str, topics: tuple[Topic, ...]) -> list[Event]:
    """Return every committed event of some topics, in the order of each partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic.value for topic in topics])
    found: list[Event] = []
    ended: set[tuple[str | None, int | None]] = set()
    deadline = time.monotonic() + DEADLINE_S
    try:
        while len(ended) < PARTITIONS * len(topics):
            assert time.monotonic() < deadline, "the topics do not end"
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error() is not None:
                ended.add((message.topic(), message.partition()))
                continue
            payload = message.value()
            assert payload is not None
            found.append(parse(Topic(str(message.topic())), payload))
    finally:
        consumer.close()
    return found
