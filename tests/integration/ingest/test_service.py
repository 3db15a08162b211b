"""The service as it is started: commands, examples, views, migrations, metrics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.ports import free_port
from pipelines.ingest.topics import create_topics
from pipelines.warehouse import MigrationError, migrate
from storefront_api.events import EVENTS, Topic
from storefront_api.events.registry import name_of
from tests.integration.ingest.conftest import ROOT, SinkProcess, until
from tests.integration.ingest.feed import EXAMPLES, Feed, count, example


def test_every_published_example_goes_through_the_service(
    environment: dict[str, str], feed: Feed, warehouse: Client, tmp_path: Path
) -> None:
    for topic in Topic:
        names = [path.stem for path in sorted((EXAMPLES / topic.value).glob("*.json"))]
        feed.send_events(topic, [example(topic, name) for name in names])
    port = free_port()
    log = tmp_path / "service.log"
    with log.open("wb") as out:
        service = subprocess.Popen(
            [sys.executable, "-m", "pipelines.ingest"],
            cwd=ROOT,
            env=os.environ | environment | {"METRICS_PORT": str(port)},
            stderr=out,
        )
    try:
        until(lambda: feed.arrived(warehouse), "the examples are there")
        told = [
            f'ecomarket_sink_rows_total{{topic="{topic}"}} {float(len(EVENTS[topic]))}'
            for topic in Topic
        ]
        until(lambda: all(line in metrics(port) for line in told), "the metrics tell every row")
        assert 'lag_messages{partition="0"' in metrics(port)
        # The examples arrived at the store years ago.
        late = 'ecomarket_sink_freshness_seconds_bucket{le="3600.0",topic="eco.orders.v1"} 0.0'
        assert late in metrics(port)
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0
    finally:
        service.kill()
    feed.check(warehouse)
    for topic in Topic:
        types = warehouse.query(f"SELECT type, version, _topic FROM raw.{topic.module}").result_rows
        newest: dict[str, int] = {}
        for event in EVENTS[topic]:
            name, version = name_of(event)
            newest[name] = max(version, newest.get(name, 0))
        assert {(name, version) for name, version, _ in types} == set(newest.items())
        assert {found for _, _, found in types} == {topic.value}
    assert '"level": "error"' not in log.read_text("utf-8")


def metrics(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
            return str(page.read().decode())
    except OSError:
        return ""


def test_a_view_of_ones_own_is_deduplicated_too(
    sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    warehouse.command(
        "CREATE TABLE raw.by_partition (_partition Int32, events UInt64) ENGINE = SummingMergeTree"
        " ORDER BY _partition SETTINGS non_replicated_deduplication_window = 1000"
    )
    warehouse.command(
        "CREATE MATERIALIZED VIEW raw.by_partition_mv TO raw.by_partition AS"
        " SELECT _partition, count() AS events FROM raw.orders GROUP BY _partition"
    )
    feed.produce(2000)
    for _ in range(2):
        sink.start("inserted")
        sink.wait()
    sink.start()
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert sink.end() == 0
    feed.check(warehouse)
    events = warehouse.query(
        "SELECT sum(events), uniqExact(_partition) FROM raw.by_partition"
    ).result_rows
    assert events == [(1000, 4)]


def test_events_of_many_years_go_in_together(
    sink: SinkProcess, feed: Feed, warehouse: Client
) -> None:
    view = example(Topic.CLICKSTREAM, "product_viewed.v1")
    feed.send_events(
        Topic.CLICKSTREAM,
        [
            view
            | {
                "id": f"0160a2b4-5c00-7000-8000-{year:012d}",
                "occurred_at": f"{year}-{month:02d}-01T00:00:00+02:00",
            }
            for year, month in ((1971 + n, n % 12 + 1) for n in range(150))
        ],
    )
    sink.start()
    until(lambda: feed.arrived(warehouse), "everything is there")
    assert sink.end() == 0
    feed.check(warehouse)
    days = warehouse.query("SELECT uniqExact(day), min(day) FROM raw.touched_days").result_rows
    assert [(number, str(first)) for number, first in days] == [(150, "1970-12-31")]


def test_migrating_and_creating_topics_again_changes_nothing(
    environment: dict[str, str], feed: Feed, warehouse: Client
) -> None:
    assert migrate(warehouse) == 0
    create_topics(environment["KAFKA_BOOTSTRAP_SERVERS"], 1)
    assert count(warehouse, Topic.ORDERS) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("ALTER TABLE raw.migrations UPDATE sha256 = 'x' WHERE 1", "0001_raw_tables was edited"),
        ("ALTER TABLE raw.migrations UPDATE name = 'x' WHERE 1", ""),
        ("INSERT INTO raw.migrations (number, name) VALUES (9999, 'x')", "not in the code"),
    ],
)
def test_a_migration_that_was_edited_or_is_gone_is_refused(
    warehouse: Client, change: str, message: str
) -> None:
    warehouse.command(change, settings={"mutations_sync": 1})
    if not message:
        assert migrate(warehouse) == 0
        return
    with pytest.raises(MigrationError, match=message):
        migrate(warehouse)
