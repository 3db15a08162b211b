"""Peer of the ingest benchmark that others run in production: Kafka Connect with ClickHouse's sink.

Connect's jars come from Maven. The connector's does not, since ClickHouse puts it on no registry;
its release has to be unpacked by hand. It runs in two ways, each into tables of its own: as its
guide sets it up for JSON without a schema, where Connect decodes each message to a map that the
connector encodes again, and as fast as it goes, where the engine is sent each message as it is.

Both are tuned for speed: large polls, one insert for all partitions of a topic, no compression on
the way. Neither checks anything, and what is inserted twice after a crash is there twice: for once
only the connector needs a KeeperMap, and that a Keeper, which one machine has not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
from clickhouse_connect.driver.client import Client

from deploy.bench._connect_worker import STRINGS, worker
from deploy.bench.result import BenchError
from storefront_api.events import Topic

TOPICS = (Topic.ORDERS, Topic.CLICKSTREAM)
WAYS = {
    "kafka_connect_maps": {
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
    },
    "kafka_connect_strings": {
        "value.converter": STRINGS,
        "customInsertFormat": "true",
        "insertFormat": "JSON",
    },
}
_COMMON = {
    "connector.class": "com.clickhouse.kafka.connect.ClickHouseSinkConnector",
    "tasks.max": "2",
    "topics": ",".join(TOPICS),
    "key.converter": STRINGS,
    "consumer.override.auto.offset.reset": "earliest",
    "consumer.override.max.poll.records": "50000",
    "consumer.override.fetch.max.bytes": str(64 * 2**20),
    "consumer.override.max.partition.fetch.bytes": str(32 * 2**20),
    "ignorePartitionsWhenBatching": "true",
    "bypassSchemaValidation": "true",
    # The warehouse on one machine does not speak the driver's block compression.
    "jdbcConnectionProperties": "?compress=0&decompress=0",
    "clickhouseSettings": "date_time_input_format=best_effort,"
    "input_format_json_read_objects_as_strings=1,insert_deduplicate=0",
}
# As the raw tables, with the names that the messages have, and without their place in Kafka.
_TABLE = """CREATE TABLE peer.{name} (
    id UUID,
    type LowCardinality(String),
    version UInt16,
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    subject String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    data String CODEC(ZSTD),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD)
)
ENGINE = MergeTree PARTITION BY toYYYYMM(occurred_at) ORDER BY (type, occurred_at, id)"""
_READY_S = 60.0
_MOVED_S = 300.0
_ASK_EVERY_S = 0.05


@dataclass(frozen=True)
class Peer:
    """A connector that stands still but while it is asked to move."""

    name: str
    client: Client
    rest: httpx.Client

    def move(self, expected: int) -> float:
        """Let it run until its tables hold so many rows; return the seconds that it took.

        Raises
        ------
        BenchError
            If one of its tasks fails, or there are fewer rows in the end, or more.
        """
        started = time.perf_counter()
        self.rest.put(f"/connectors/{self.name}/resume").raise_for_status()
        while (found := self._rows()) < expected and time.perf_counter() < started + _MOVED_S:
            time.sleep(_ASK_EVERY_S)
        took = time.perf_counter() - started
        self.pause()
        if found != expected:
            raise BenchError(f"{self.name}: {found} rows instead of {expected} after {took:.0f} s")
        return took

    def pause(self) -> None:
        """Make it stand still, with its place in the topics kept."""
        self.rest.put(f"/connectors/{self.name}/pause").raise_for_status()
        self.wait("PAUSED")

    def wait(self, state: str) -> None:
        """Wait until all its tasks are in a state.

        Raises
        ------
        BenchError
            If one fails, or is not in time.
        """
        deadline = time.monotonic() + _READY_S
        while (states := self._states()) != {state}:
            if time.monotonic() > deadline:
                raise BenchError(f"{self.name} is {states} and not {state} after {_READY_S:g} s")
            time.sleep(_ASK_EVERY_S)

    def _states(self) -> set[str]:
        status = self.rest.get(f"/connectors/{self.name}/status").raise_for_status().json()
        for each in (status["connector"], *status["tasks"]):
            if each["state"] == "FAILED":
                raise BenchError(f"{self.name}: {each['trace']}")
        # A connector is RUNNING before it has made its tasks.
        return {each["state"] for each in status["tasks"]}

    def _rows(self) -> int:
        counts = (f"(SELECT count() FROM {_table(self.name, topic)})" for topic in TOPICS)
        return int(self.client.query(f"SELECT {' + '.join(counts)}").result_rows[0][0])


@contextmanager
def connect(
    connector: Path, bootstrap_servers: str, warehouse_url: str, client: Client, folder: Path
) -> Iterator[list[Peer]]:
    """Start a Connect worker; yield its connectors, one for each way, idle and with empty tables.

    Parameters
    ----------
    connector
        The connector's release, unpacked, or its jar.
    bootstrap_servers
        A broker with the topics, which nobody has written to yet.
    warehouse_url
        The warehouse, with a database ``peer``.
    client
        A connection to it.
    folder
        An empty one for the worker's files.

    Raises
    ------
    BenchError
        If there is no connector, or it does not start.
    """
    with worker(connector, bootstrap_servers, folder) as rest:
        yield [_start(name, client, rest, warehouse_url) for name in WAYS]


def _start(name: str, client: Client, rest: httpx.Client, warehouse_url: str) -> Peer:
    for topic in TOPICS:
        client.command(_TABLE.format(name=f"{name}_{topic.module}"))
    parts = urlsplit(warehouse_url)
    settings = {
        **_COMMON,
        **WAYS[name],
        "hostname": parts.hostname,
        "port": str(parts.port),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "database": "peer",
        "topic2TableMap": ",".join(f"{topic}={name}_{topic.module}" for topic in TOPICS),
    }
    answer = rest.post("/connectors", json={"name": name, "config": settings})
    if answer.is_error:
        raise BenchError(f"{name}: {answer.text}")
    peer = Peer(name, client, rest)
    # One that is paused from the start has no tasks until it is resumed.
    peer.wait("RUNNING")
    peer.pause()
    return peer


def _table(name: str, topic: Topic) -> str:
    return f"peer.{name}_{topic.module}"
