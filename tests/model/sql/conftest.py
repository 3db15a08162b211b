"""One warehouse with a slice of the year, built once by dbt as a whole."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import httpx
import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from deploy.local.ports import free_port
from pipelines import training
from pipelines.dbt_command import dbt
from pipelines.defs.resources import Warehouse
from pipelines.lifetime import look_ahead
from pipelines.warehouse import connect, migrate
from tests.integration import plain
from tests.model.sql.journey import Journey, decision_rows, insert, journey, load
from tests.model.sql.money import load_money, stock
from tests.model.sql.notebooks import Executed, execute
from tests.model.sql.promotions import load_promotions

READY_WITHIN_S = 60


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    folder = tmp_path_factory.mktemp("warehouse")
    command = [sys.executable, "-m", "deploy.local.warehouse", "--path", str(folder / "data")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    try:
        _wait_until_ready(port, folder / "log")
        yield f"http://default:@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=READY_WITHIN_S)


def _wait_until_ready(port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if plain.get(f"http://127.0.0.1:{port}/ping").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the warehouse did not answer: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def happened() -> Journey:
    return journey()


@pytest.fixture(scope="session")
def built(
    warehouse: str, happened: Journey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    with connect(warehouse) as client:
        migrate(client)
        load(client, happened)
        load_money(client, happened)
        load_promotions(client, happened)
        insert(client, "inventory", stock())
        insert(client, "decisions", decision_rows(happened))
        dbt(warehouse, tmp_path_factory.mktemp("target"), "build")
        source = Warehouse(url=warehouse)
        as_of = training.last_midnight(source)
        artifact = training.lifetime_artifact(source)
        look_ahead(client, artifact, training.purchase_days(source, as_of), as_of)
        yield client


@pytest.fixture(scope="session")
def orders(happened: Journey) -> pd.DataFrame:
    """Every order that happened, one row each, without dbt's help."""
    return pd.DataFrame(
        {
            "order_id": [str(order.id) for order in happened.orders],
            "at": [pd.Timestamp(order.at) for order in happened.orders],
            "subject": [order.subject for order in happened.orders],
            "card": [order.card for order in happened.orders],
            "device": [order.device for order in happened.orders],
            "total": [order.total for order in happened.orders],
            "units": [order.units for order in happened.orders],
        }
    )


@pytest.fixture(scope="session")
def executed(built: Client, warehouse: str) -> Callable[[str], Executed]:
    """What came of a notebook, by its name; each runs once."""
    return cache(lambda name: execute(name, warehouse))
