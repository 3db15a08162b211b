"""The peer of the ingest benchmark: what one writes in an afternoon.

It decodes JSON, inserts rows with clickhouse-connect and commits. It checks nothing, and what is
inserted twice after a crash is there twice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer

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


def plain_loop(
    bootstrap_servers: str, client: Client, topics: list[str], group: str, number: int, batch: int
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
        rows: dict[str, list[list[Any]]] = defaultdict(list)
        for message in messages:
            rows[str(message.topic())].append(
                row(
                    message.value() or b"",
                    str(message.topic()),
                    message.partition() or 0,
                    message.offset() or 0,
                )
            )
        for topic, inserted in rows.items():
            client.insert(
                f"peer.{topic.split('.')[1]}",
                inserted,
                column_names=COLUMNS,
                settings={"async_insert": 0},
            )
        consumer.commit(asynchronous=False)
        done += len(messages)
    consumer.close()


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
