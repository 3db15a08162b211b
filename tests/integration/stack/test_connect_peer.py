"""Kafka Connect starts from the jars that are listed; the connector itself is not ours to bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.bench import _connect_peer
from deploy.bench.result import BenchError
from pipelines.warehouse import connect


@pytest.fixture
def warehouse(clickhouse_url: str) -> Iterator[Client]:
    with connect(clickhouse_url) as client:
        client.command("CREATE DATABASE peer")
        yield client
        client.command("DROP DATABASE peer")


def test_a_folder_without_the_connector_is_told_by_the_worker_that_looked_there(
    kafka_bootstrap: str, clickhouse_url: str, warehouse: Client, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    started = _connect_peer.connect(
        tmp_path / "empty", kafka_bootstrap, clickhouse_url, warehouse, tmp_path
    )
    with pytest.raises(BenchError, match="matches .*ClickHouseSinkConnector"), started:
        pass


def test_a_release_that_is_not_there_is_told_before_anything_is_fetched(
    clickhouse_url: str, warehouse: Client, tmp_path: Path
) -> None:
    missing = tmp_path / "clickhouse-kafka-connect"
    started = _connect_peer.connect(missing, "nowhere:1", clickhouse_url, warehouse, tmp_path)
    with pytest.raises(BenchError, match=f"{missing} does not exist"), started:
        pass
