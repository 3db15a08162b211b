"""What is published to topics, read to their end."""

from __future__ import annotations

import time
import uuid
from typing import NamedTuple

from confluent_kafka import Consumer, Message

from pipelines.ingest.topics import PARTITIONS
from pipelines.keys import Keys
from storefront_api.events import DEAD_LETTERS, Event, Topic, parse
from storefront_api.events.sealing import HEADER

DEADLINE_S = 90.0


class Letter(NamedTuple):
    """A message of the topic of dead letters."""

    key: bytes
    payload: bytes
    headers: list[tuple[str, bytes]]


def published(bootstrap: str, topics: tuple[Topic, ...], database_url: str) -> list[Event]:
    """Return every committed event of some topics, in the order of each partition.

    What a database's keys open is opened; the rest is without what was personal.
    """
    read = messages(bootstrap, [topic.value for topic in topics], PARTITIONS * len(topics))
    with Keys(database_url) as keys:
        values = keys.values(read)
    return [
        parse(Topic(str(message.topic())), value or b"")
        for message, value in zip(read, values, strict=True)
    ]


def letters_of(bootstrap: str, database_url: str) -> list[Letter]:
    """Return every dead letter, oldest first, opened if a database's keys do that."""
    read = messages(bootstrap, [DEAD_LETTERS], 1)
    with Keys(database_url) as keys:
        values = keys.values(read)
    return [
        Letter(message.key() or b"", value or b"", _headers(message))
        for message, value in zip(read, values, strict=True)
    ]


def _headers(message: Message) -> list[tuple[str, bytes]]:
    stated = dict(message.headers() or [])
    stated.pop(HEADER, None)
    return [(name, value) for name, value in stated.items() if isinstance(value, bytes)]


def messages(bootstrap: str, topics: list[str], partitions: int) -> list[Message]:
    """Return every committed message of some topics, which have so many partitions together."""
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
    consumer.subscribe(topics)
    found: list[Message] = []
    ended: set[tuple[str | None, int | None]] = set()
    deadline = time.monotonic() + DEADLINE_S
    try:
        while len(ended) < partitions:
            assert time.monotonic() < deadline, "the topics do not end"
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error() is not None:
                ended.add((message.topic(), message.partition()))
                continue
            found.append(message)
    finally:
        consumer.close()
    return found
