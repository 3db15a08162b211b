"""Serving over HTTP on a port of its own, on real Valkey and Kafka."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
import uvicorn
import valkey
from confluent_kafka import Consumer, KafkaException, TopicPartition

from deploy.local.ports import free_port
from pipelines.ingest.topics import create_topics
from pipelines.stream.store import connect
from serving.app import create_app
from serving.artifacts import Loaders
from serving.settings import Settings
from storefront_api.events import Topic
from tests.integration import plain
from tests.integration.serving.scorers import LOADERS, publish_all

DEADLINE_S = 30.0


def until(true: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
    """Poll until something is true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.02)


@contextmanager
def running(settings: Settings, loaders: Loaders = LOADERS) -> Iterator[httpx.Client]:
    """Run serving until the block ends; the client's base URL is its own."""
    port = free_port()
    app = create_app(settings, loaders)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "serving has started")
        with plain.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """A folder with an artifact of each family, version v1."""
    publish_all(tmp_path / "artifacts")
    return tmp_path / "artifacts"


@pytest.fixture(scope="session")
def features_url(valkey_url: str) -> str:
    """A database that only the serving tests use."""
    return f"{valkey_url.rpartition('/')[0]}/4"


@pytest.fixture
def store(features_url: str) -> Iterator[valkey.Valkey]:
    """An empty database."""
    client: Any = connect(features_url)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture(scope="session")
def broker(kafka_bootstrap: str) -> str:
    """host:port of a broker that has the topics."""
    create_topics(kafka_bootstrap, 1)
    return kafka_bootstrap


@pytest.fixture
def settings(artifacts: Path, features_url: str, broker: str) -> Settings:
    """Settings by which everything is there."""
    return Settings(
        valkey_url=features_url,
        kafka_bootstrap_servers=broker,
        artifacts_dir=artifacts,
        artifacts_poll_s=0.05,
        features_timeout_ms=2000,
    )


@pytest.fixture
def serving(settings: Settings, store: valkey.Valkey) -> Iterator[httpx.Client]:
    """A client of serving with everything there."""
    with running(settings) as client:
        yield client


class Decisions:
    """The decision events on Kafka from now on."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": uuid.uuid4().hex,
                "enable.auto.commit": False,
            }
        )
        partitions = self._consumer.list_topics(Topic.DECISIONS, 20).topics[Topic.DECISIONS]
        places = [TopicPartition(Topic.DECISIONS, number) for number in partitions.partitions]
        for place in places:
            place.offset = self._end_of(place)
        self._consumer.assign(places)
        self.seen: dict[str, dict[str, Any]] = {}

    @stamina.retry(on=KafkaException, attempts=10)
    def _end_of(self, place: TopicPartition) -> int:
        """Return where a partition ends; one that was just made has no leader for a moment."""
        return int(self._consumer.get_watermark_offsets(place, 20)[1])

    def of(self, *decision_ids: str) -> list[dict[str, Any]]:
        """Return the events of these decisions, waiting for them."""
        until(lambda: self._has(decision_ids), f"decisions {decision_ids[:3]} are on Kafka")
        return [self.seen[decision_id] for decision_id in decision_ids]

    def _has(self, decision_ids: tuple[str, ...]) -> bool:
        for message in self._consumer.consume(1000, 0.2):
            assert message.error() is None
            event = json.loads(message.value() or b"")
            decision_id = event["data"]["decision_id"]
            assert decision_id not in self.seen, "a decision was published twice"
            self.seen[decision_id] = event
        return set(decision_ids) <= set(self.seen)

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


@pytest.fixture
def decisions(broker: str) -> Iterator[Decisions]:
    """The decision events that a test causes."""
    reader = Decisions(broker)
    yield reader
    reader.close()
