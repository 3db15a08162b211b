"""Events for the sink, and what must have become of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import KafkaError, Message, Producer

import storefront_api.events as events
from storefront_api.events import Topic

EXAMPLES = Path(events.__file__).parent / "examples"
PARTITIONS = 4


def example(topic: Topic, name: str) -> dict[str, Any]:
    """Return a published example."""
    path = EXAMPLES / topic.value / f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


ORDER = example(Topic.ORDERS, "order_completed.v1")
VIEW = example(Topic.CLICKSTREAM, "product_viewed.v1")
KINDS = ((Topic.ORDERS, ORDER), (Topic.CLICKSTREAM, VIEW))


@dataclass
class Feed:
    """What was acknowledged by Kafka as committed, by topic."""

    bootstrap: str
    sent: dict[Topic, set[str]] = field(default_factory=dict)

    def produce(self, count: int, transaction: int = 0, abort: bool = False) -> None:
        """Send events to both topics and all partitions, alternating.

        With `transaction` they go in transactions of so many, whose control records leave gaps in
        the offsets; with `abort` those are given up in the end.
        """
        made = [(*KINDS[n % 2], n // 2 % PARTITIONS) for n in range(count)]
        if not transaction:
            self._keep(self._send(self._producer(), made))
            return
        producer = self._producer(uuid.uuid4().hex)
        producer.init_transactions(60)
        for start in range(0, count, transaction):
            producer.begin_transaction()
            sent = self._send(producer, made[start : start + transaction])
            if abort:
                producer.abort_transaction(60)
            else:
                producer.commit_transaction(60)
                self._keep(sent)

    def send(self, topic: Topic, payloads: Iterable[bytes], partition: int = 0) -> None:
        """Send bytes as they are."""
        producer = self._producer()
        for payload in payloads:
            producer.produce(topic.value, value=payload, partition=partition)
        assert producer.flush(60) == 0

    def send_events(self, topic: Topic, payloads: Sequence[dict[str, Any]]) -> None:
        """Send events, which are to arrive."""
        self.send(topic, (json.dumps(payload).encode() for payload in payloads))
        self._keep([(topic, payload["id"]) for payload in payloads])

    def _producer(self, transactional_id: str = "") -> Producer:
        configuration: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "enable.idempotence": True,
            "linger.ms": 5,
        }
        if transactional_id:
            configuration["transactional.id"] = transactional_id
        return Producer(configuration)

    @staticmethod
    def _send(
        producer: Producer, made: Sequence[tuple[Topic, dict[str, Any], int]]
    ) -> list[tuple[Topic, str]]:
        acknowledged: list[tuple[Topic, str]] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            acknowledged.append((Topic(str(message.topic())), str((message.key() or b"").decode())))

        for topic, content, partition in made:
            id_ = str(uuid.uuid4())
            payload = json.dumps(content | {"id": id_}).encode()
            producer.produce(
                topic.value, key=id_, value=payload, partition=partition, on_delivery=delivered
            )
            producer.poll(0)
        assert producer.flush(60) == 0
        return acknowledged

    def _keep(self, sent: Iterable[tuple[Topic, str]]) -> None:
        for topic, id_ in sent:
            self.sent.setdefault(topic, set()).add(id_)

    def arrived(self, client: Client) -> bool:
        """Tell whether at least as much is in the warehouse as was sent."""
        return all(count(client, topic) >= len(ids) for topic, ids in self.sent.items())

    def check(self, client: Client) -> None:
        """Assert that every event is there once, in the raw tables and in the views behind them."""
        for topic, ids in self.sent.items():
            module = topic.module
            rows = client.query(f"SELECT toString(event_id) FROM raw.{module}").result_rows
            assert len(rows) == len(ids)
            assert {row[0] for row in rows} == ids
            (counted,) = client.query(
                "SELECT count(), uniqExact(event_id), uniqExact(_partition, _offset),"
                f" (SELECT sum(rows) FROM raw.touched_days WHERE module = '{module}')"
                f" FROM raw.{module}"
            ).result_rows
            assert counted == (len(ids),) * 4


def count(client: Client, topic: Topic) -> int:
    """Return the rows of a topic's raw table."""
    return int(client.query(f"SELECT count() FROM raw.{topic.module}").result_rows[0][0])
