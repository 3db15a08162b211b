"""What is no event is kept with its reason, and too much of it stops the sink."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Message

from pipelines.ingest.dead_letters import MIN_COUNT
from pipelines.keys import Keys
from storefront_api.events import DEAD_LETTERS, Topic
from storefront_api.events.sealing import HEADER
from tests.integration.ingest.conftest import SinkProcess, until
from tests.integration.ingest.feed import ORDER, VIEW, Feed, count


def wrong(**changed: Any) -> bytes:
    return json.dumps(ORDER | {"id": str(uuid.uuid4())} | changed).encode()


def wrong_total() -> bytes:
    order = copy.deepcopy(ORDER)
    order["data"]["total_minor"] += 1
    return json.dumps(order).encode()


POISON: dict[str, tuple[bytes, str, int]] = {
    "no JSON": (b'{"id": ', "payload: not JSON", 0),
    "no text": (b"\xff\x00\xfe", "payload: not JSON", 0),
    "a list": (b"[]", "payload: an event is a JSON object", 0),
    "empty": (b"", "payload: not JSON", 0),
    "deep": (b"[" * 100_000, "payload: ", 0),
    "an unknown type": (wrong(type="order_lost"), "type: 'order_lost' v1", 1),
    "a version to come": (wrong(version=7), "version: unknown version 7 of order_completed", 7),
    "an odd id": (wrong(id="7"), "id: ", 1),
    "an unknown field": (wrong(colour="red"), "colour: ", 1),
    "no time zone": (wrong(occurred_at="2017-12-24T08:00:00.123"), "occurred_at: ", 1),
    "too long ago": (wrong(occurred_at="0001-01-01T00:00:00Z"), "occurred_at: must be from", 1),
    "too far ahead": (wrong(received_at="9999-01-01T00:00:00Z"), "received_at: must be from", 1),
    "a wrong total": (wrong_total(), "data: Value error, total_minor must equal", 1),
}


@pytest.fixture
def letters(environment: dict[str, str]) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([DEAD_LETTERS])
    yield consumer
    consumer.close()


def read(consumer: Consumer, number: int) -> list[Message]:
    found: list[Message] = []
    until(
        lambda: found.extend(consumer.consume(100, 0.2)) or len(found) >= number,  # type: ignore[func-returns-value]
        f"{number} dead letters are published",
    )
    return found


def test_poison_is_kept_with_its_place_and_reason_and_its_neighbours_arrive(
    sink: SinkProcess, feed: Feed, warehouse: Client, letters: Consumer, keys: Keys
) -> None:
    feed.produce(400)
    feed.send(Topic.ORDERS, [payload for payload, _, _ in POISON.values()], partition=1)
    feed.produce(400)
    sink.start()
    until(lambda: feed.arrived(warehouse), "the good events are there")
    published = read(letters, len(POISON))
    assert [m for m in published if b"cj-26190" in (m.value() or b"")] == [], "they are sealed"
    headers_of = [dict(m.headers() or []) for m in published]
    found = dict(zip(keys.values(published), headers_of, strict=True))
    assert sink.end() == 0
    feed.check(warehouse)
    rows = warehouse.query(
        "SELECT topic, partition, offset, reason, schema_version FROM raw.dead_letters"
        " ORDER BY offset"
    ).result_rows
    assert len(rows) == len(POISON)
    offsets = [row[2] for row in rows]
    assert offsets == list(range(offsets[0], offsets[0] + len(POISON)))
    for row, (payload, reason, version) in zip(rows, POISON.values(), strict=True):
        assert row[3].startswith(reason)
        assert (row[0], row[1], row[4]) == (Topic.ORDERS.value, 1, version)
        headers = {
            name: json.loads(value)
            for name, value in found[payload].items()
            if value and name != HEADER
        }
        assert headers == {
            "topic": row[0],
            "partition": row[1],
            "offset": row[2],
            "reason": row[3],
            "schema_version": row[4],
        }


def test_a_range_with_poison_that_is_repeated_keeps_one_letter_each(
    sink: SinkProcess, feed: Feed, warehouse: Client, letters: Consumer
) -> None:
    feed.send(Topic.CLICKSTREAM, [b"{", b"}"])
    sink.start("inserted")
    sink.wait()
    feed.produce(200)
    sink.start()
    until(lambda: feed.arrived(warehouse), "the good events are there")
    assert sink.end() == 0
    feed.check(warehouse)
    (counted,) = warehouse.query("SELECT count() FROM raw.dead_letters").result_rows
    assert counted == (2,)
    keys = [message.key() for message in read(letters, 4)]
    assert len(keys) == 4
    assert len(set(keys)) == 2


def test_too_much_poison_stops_the_sink_before_anything_of_it_is_committed(
    sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    feed.send(Topic.ORDERS, [wrong_total() for _ in range(MIN_COUNT)])
    for _ in range(2):
        sink.start()
        assert sink.wait() == 1
    assert "TooManyDeadLettersError" in sink.log()
    assert "total_minor must equal" in sink.log()
    (counted,) = warehouse.query("SELECT count() FROM raw.dead_letters").result_rows
    assert counted == (0,)


def test_what_only_the_contracts_classes_accept_arrives_as_they_understand_it(
    sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    odd = VIEW | {
        "id": "{0160a2b4-5c00-7000-8000-00000000000a}",
        "occurred_at": 1514102400.123,
        "data": VIEW["data"] | {"price_minor": "199"},
    }
    feed.send(Topic.CLICKSTREAM, [json.dumps(odd).encode()])
    sink.start()
    until(lambda: count(warehouse, Topic.CLICKSTREAM) == 1, "it is there")
    assert sink.end() == 0
    (row,) = warehouse.query(
        "SELECT toString(event_id), toUnixTimestamp64Milli(occurred_at),"
        " JSONExtractInt(data, 'price_minor') FROM raw.clickstream"
    ).result_rows
    assert row == ("0160a2b4-5c00-7000-8000-00000000000a", 1514102400123, 199)
