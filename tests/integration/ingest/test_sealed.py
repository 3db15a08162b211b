"""What is sealed in Kafka is open in the warehouse, for as long as its subject's key is there."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import asyncpg
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer

from pipelines.ingest.ranges import Asked
from pipelines.ingest.reading import kept, messages, reader
from pipelines.ingest.replaying import Replay
from pipelines.keys import Keys
from storefront_api.events import Topic
from storefront_api.events.sealing import SPLITTERS
from tests.integration.ingest.conftest import SinkProcess, until
from tests.integration.ingest.feed import example

EXAMPLES = {
    Topic.ORDERS: example(Topic.ORDERS, "order_completed.v3"),
    Topic.CLICKSTREAM: example(Topic.CLICKSTREAM, "products_searched.v1"),
}


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


@pytest.fixture
def words() -> dict[str, str]:
    """What somebody typed, and two things that somebody has."""
    return {name: f"{name}-{uuid.uuid4().hex}" for name in ("typed", "card", "device")}


@pytest.fixture
def subject(environment: dict[str, str], keys: Keys, words: dict[str, str]) -> str:
    """Somebody who searched and ordered, sealed in Kafka."""
    subject = f"p-{uuid.uuid4().hex[:24]}"
    order, search = (json.loads(json.dumps(e | {"subject": subject})) for e in EXAMPLES.values())
    order["data"]["payment"]["fingerprint"] = words["card"]
    order["data"]["device_id"] = search["data"]["device_id"] = words["device"]
    search["data"]["query"] = words["typed"]
    producer = Producer({"bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"]})
    for topic, event in zip(EXAMPLES, (order, search), strict=True):
        split = SPLITTERS[topic].split(json.dumps(event).encode())
        assert split is not None
        (headers,) = keys.headers([split])
        producer.produce(topic.value, split.value, partition=0, headers=headers)
    assert producer.flush(60) == 0
    return subject


def data(client: Client, table: str) -> dict[str, Any]:
    rows = client.query(f"SELECT data FROM {table}").result_rows
    assert len(rows) == 1
    found: dict[str, Any] = json.loads(rows[0][0])
    return found


def arrived(client: Client) -> int:
    return sum(
        int(client.query(f"SELECT count() FROM raw.{topic.module}").result_rows[0][0])
        for topic in EXAMPLES
    )


def test_it_waits_for_keys_that_cannot_be_asked_for_and_is_without_those_that_are_destroyed(
    environment: dict[str, str],
    sink: SinkProcess,
    warehouse: Client,
    keys: Keys,
    subject: str,
    words: dict[str, str],
) -> None:
    database, consumer = environment["DATABASE_URL"], reader(environment["KAFKA_BOOTSTRAP_SERVERS"])
    for topic in EXAMPLES:
        for message in messages(consumer, topic.value, kept(consumer, topic.value)):
            headers: dict[str, Any] = dict(message.headers() or [])
            whole = b"".join([message.value() or b"", *headers.values()])
            assert [word for word in words.values() if word.encode() in whole] == []
    execute(database, "ALTER TABLE subject_keys RENAME TO subject_keys_away")
    try:
        sink.start()
        until(lambda: sink.log().count("keys of sealed messages are away") > 2, "it asks again")
        assert arrived(warehouse) == 0
    finally:
        execute(database, "ALTER TABLE subject_keys_away RENAME TO subject_keys")
    until(lambda: arrived(warehouse) == 2, "both are there")
    assert sink.end() == 0
    assert data(warehouse, "raw.clickstream")["query"] == words["typed"]
    order = data(warehouse, "raw.orders")
    found = (order["device_id"], order["payment"]["fingerprint"], order["delivery"]["area"])
    assert found == (words["device"], words["card"], "452")

    warehouse.command("DROP DATABASE IF EXISTS replayed SYNC")
    assert keys.destroy([subject]) == 1
    assert keys.destroy([subject]) == 0
    with Keys(database) as others:
        for topic in EXAMPLES:
            work = Replay(warehouse, consumer, others, topic)
            again = work.run(work.begin(Asked()), lambda _: None)
            assert (again.rows, again.refused) == (1, 0)
        later = json.dumps(EXAMPLES[Topic.CLICKSTREAM] | {"subject": subject}).encode()
        split = SPLITTERS[Topic.CLICKSTREAM].split(later)
        assert split is not None
        assert others.headers([split]) == [[]], "no other key is made"
    consumer.close()
    left = data(warehouse, "replayed.orders")
    assert left == order | {
        **dict.fromkeys(("device_id", "session_id", "ip_country"), ""),
        "payment": order["payment"] | {"fingerprint": "", "country": ""},
        "delivery": order["delivery"] | {"area": ""},
    }
    assert data(warehouse, "replayed.clickstream")["query"] == ""
