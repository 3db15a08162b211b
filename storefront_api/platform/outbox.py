"""Writing events in the transaction that they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import uuid_utils

from storefront_api.events import Event, Topic
from storefront_api.platform.database import Connection
from storefront_api.platform.tracing import traceparent

_INSERT = """
INSERT INTO outbox (topic, key, payload, traceparent)
SELECT *, $4 FROM unnest($1::text[], $2::text[], $3::text[])
"""


def new_id() -> UUID:
    """Return a new UUIDv7."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


async def enqueue(connection: Connection, events: Sequence[tuple[Topic, str, Event]]) -> None:
    """Add events to the transaction of a connection, and the trace that they are a part of.

    Parameters
    ----------
    events
        Topic, key and event, in the order in which they are to be read.
    """
    topics, keys, payloads = [], [], []
    for topic, key, event in events:
        topics.append(topic.value)
        keys.append(key)
        payloads.append(event.model_dump_json())
    await connection.execute(_INSERT, topics, keys, payloads, traceparent())
