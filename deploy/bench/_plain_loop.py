"""Peers of the ingest benchmark: what one writes in an afternoon, and in a day.

Both consume, decode, insert and commit. They check nothing, and what is inserted twice after a
crash is there twice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Message

COLUMNS = [
    "event_id",
    "type",
    "version",
    "occurred_at",
    "received_at",
    "subject",
    "trace_id",
    "data",
    "_topic",
    "_partition",
    "_offset",
]
SETTINGS = {"async_insert": 0, "insert_deduplicate": 0}
"""The loops bring the same rows into the same table, one after the other."""
Put = Callable[[Client, str, Sequence[Message]], None]
"""Inserts messages of a topic."""


def consume(
    bootstrap_servers: str,
    client: Client,
    topics: list[str],
    group: str,
    number: int,
    batch: int,
    put: Put,
) -> None:
    """Move so many messages into ``peer.<module>``, so many at a time."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.max.bytes": 32 * 2**20,
        }
    )
    consumer.subscribe(topics)
    done = 0
    while done < number:
        messages = consumer.consume(min(batch, number - done), timeout=1.0)
        if not messages:
            continue
        found: dict[str, list[Message]] = defaultdict(list)
        for message in messages:
            found[str(message.topic())].append(message)
        for topic, those in found.items():
            put(client, topic, those)
        consumer.commit(asynchronous=False)
        done += len(messages)
    consumer.close()


def _table(topic: str) -> str:
    return f"peer.{topic.split('.')[1]}"


def put_rows(client: Client, topic: str, messages: Sequence[Message]) -> None:
    """Decode with the standard library, insert rows with clickhouse-connect."""
    rows = [
        row(each.value() or b"", topic, each.partition() or 0, each.offset() or 0)
        for each in messages
    ]
    client.insert(_table(topic), rows, column_names=COLUMNS, settings=SETTINGS)


def row(payload: bytes, topic: str, partition: int, offset: int) -> list[Any]:
    """Return one message as a row."""
    event = json.loads(payload)
    return [
        event["id"],
        event["type"],
        event["version"],
        datetime.fromisoformat(event["occurred_at"]),
        datetime.fromisoformat(event["received_at"]),
        event["subject"],
        event["trace_id"],
        json.dumps(event["data"]),
        topic,
        partition,
        offset,
    ]


class _Event(msgspec.Struct, gc=False):
    id: str
    type: str
    version: int
    occurred_at: str
    received_at: str
    subject: str
    trace_id: str
    data: msgspec.Raw


class _Line(msgspec.Struct, gc=False):
    event_id: str
    type: str
    version: int
    occurred_at: str
    received_at: str
    subject: str
    trace_id: str
    data: msgspec.Raw
    _topic: str
    _partition: int
    _offset: int


_decode = msgspec.json.Decoder(_Event).decode
_encode = msgspec.json.Encoder().encode_lines


def put_lines(client: Client, topic: str, messages: Sequence[Message]) -> None:
    """Decode with msgspec, which leaves the data as bytes, and insert lines of JSON."""
    lines = []
    for each in messages:
        event = _decode(each.value() or b"")
        lines.append(
            _Line(
                event.id,
                event.type,
                event.version,
                event.occurred_at,
                event.received_at,
                event.subject,
                event.trace_id,
                event.data,
                topic,
                each.partition() or 0,
                each.offset() or 0,
            )
        )
    client.raw_insert(
        _table(topic),
        insert_block=_encode(lines),
        fmt="JSONEachRow",
        settings={
            **SETTINGS,
            "date_time_input_format": "best_effort",
            "input_format_json_read_objects_as_strings": 1,
        },
    )
