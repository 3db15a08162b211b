"""One warehouse, empty at the beginning of each module, and where dbt writes for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.stack import Stack
from pipelines.warehouse import connect, migrate
from tests.integration.conftest import private_settings

WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
OF_THE_SERVER = "'system', 'default', 'INFORMATION_SCHEMA', 'information_schema'"


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stack = Stack(private_settings(tmp_path_factory.mktemp("stack")))
    try:
        stack.up(["warehouse"])
        yield stack.environment()["CLICKHOUSE_URL"]
    finally:
        stack.down()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Client]:
    with connect(url) as connection:
        left = connection.query(
            f"SELECT name FROM system.databases WHERE name NOT IN ({OF_THE_SERVER})"
        ).result_rows
        for (name,) in left:
            connection.command(f"DROP DATABASE {name} SYNC")
        migrate(connection)
        yield connection


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("target")
