"""The stores that an erasure reaches, with databases that these tests alone use."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import valkey
from clickhouse_connect.driver.client import Client

from deploy.local.stack import Stack
from pipelines.stream.store import connect as connect_online
from pipelines.warehouse import connect, migrate
from storefront_api.migrate import migrate as store_migrated
from tests.integration.storefront.conftest import Database


@pytest.fixture(scope="session")
def environment(
    stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Where the stores are; the store's tables are there, and nothing is in them."""
    found = stack("postgres", "valkey", "warehouse").environment()
    server, name = found["DATABASE_URL"], f"erasing_{uuid.uuid4().hex[:12]}"
    Database(server).rows(f"CREATE DATABASE {name}")
    database = urlsplit(server)._replace(path=f"/{name}").geturl()
    asyncio.run(store_migrated(database))
    return {
        "CLICKHOUSE_URL": found["CLICKHOUSE_URL"],
        "DATABASE_URL": database,
        "VALKEY_URL": f"{found['VALKEY_URL'].rpartition('/')[0]}/4",
        "ARTIFACTS_DIR": str(tmp_path_factory.mktemp("artifacts")),
    }


@pytest.fixture(scope="session")
def client(environment: dict[str, str]) -> Iterator[Client]:
    with connect(environment["CLICKHOUSE_URL"]) as connection:
        migrate(connection)
        yield connection


@pytest.fixture(scope="session")
def store(environment: dict[str, str]) -> Iterator[valkey.Valkey]:
    client: Any = connect_online(environment["VALKEY_URL"])
    yield client
    client.close()


@pytest.fixture(scope="session")
def run(environment: dict[str, str]) -> Callable[[], None]:
    """Erase whoever is to be erased."""

    def erase() -> None:
        command = [sys.executable, "-m", "pipelines.erasing"]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    return erase
