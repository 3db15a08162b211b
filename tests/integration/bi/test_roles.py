"""Who may do what, and that nobody writes into the warehouse."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.bi.superset_api import Superset, SupersetError
from pipelines.warehouse import connect
from tests.integration.bi.conftest import Running

pytestmark = pytest.mark.timeout(900)
COUNTED = "SELECT count() AS orders FROM marts.fct_orders"


def dataset_of(running: Running, name: str) -> int:
    """Superset's id of the dataset that stands for a table."""
    with running.signed_in("admin") as admin:
        rows = admin.all("dataset", "id", "table_name")
    number: int = next(row["id"] for row in rows if row["table_name"] == name)
    return number


def run_sql(superset: Superset, database: int, sql: str) -> list[dict[str, object]]:
    asked = {"database_id": database, "sql": sql, "runAsync": False, "schema": "marts"}
    rows: list[dict[str, object]] = superset.ask("POST", "/api/v1/sqllab/execute/", json=asked)[
        "data"
    ]
    return rows


def asked(dataset: int) -> dict[str, object]:
    query = {"metrics": ["Orders"], "columns": [], "filters": []}
    return {"datasource": {"id": dataset, "type": "table"}, "queries": [query]}


def database_of(superset: Superset) -> int:
    [row] = superset.all("database", "id")
    number: int = row["id"]
    return number


def test_an_analyst_runs_sql_and_explores_what_no_dashboard_shows(running: Running) -> None:
    [[orders]] = running.client.query(COUNTED).result_rows
    with running.signed_in("analyst") as analyst:
        assert run_sql(analyst, database_of(analyst), COUNTED) == [{"orders": orders}]
        dataset = dataset_of(running, "fct_order_lines")
        answer = analyst.ask("POST", "/api/v1/chart/data", json=asked(dataset))
        assert answer["result"][0]["data"] == [{"Orders": orders}]
        explored = analyst.ask(
            "GET", f"/api/v1/explore/?datasource_id={dataset}&datasource_type=table"
        )
        assert explored["result"]["dataset"]["id"] == dataset


def test_an_executive_has_dashboards_and_nothing_else(running: Running) -> None:
    dataset = dataset_of(running, "fct_order_lines")
    with running.signed_in("admin") as admin:
        database = database_of(admin)
    with running.signed_in("executive") as executive:
        boards = {row["slug"] for row in executive.all("dashboard", "slug")}
        assert boards == running.boards.dashboards.keys()
        for refused in (
            lambda: run_sql(executive, database, COUNTED),
            lambda: executive.ask("POST", "/api/v1/chart/data", json=asked(dataset)),
            lambda: executive.ask(
                "GET", f"/api/v1/explore/?datasource_id={dataset}&datasource_type=table"
            ),
            lambda: executive.all("dataset", "id"),
            lambda: executive.all("database", "id"),
        ):
            with pytest.raises(SupersetError, match=r": 403: "):
                refused()


def test_nobody_writes_through_superset(running: Running) -> None:
    with running.signed_in("admin") as admin:
        database = database_of(admin)
        for sql in (
            "DROP TABLE marts.fct_orders",
            "CREATE TABLE marts.mine (x Int8) ENGINE Memory",
        ):
            with pytest.raises(SupersetError):
                run_sql(admin, database, sql)


def test_the_user_of_the_dashboards_only_reads(running: Running) -> None:
    with connect(running.settings.bi_warehouse_url) as reader:
        assert reader.query("SELECT count() FROM marts.fct_orders").result_rows[0][0] > 0
        for statement in (
            "INSERT INTO raw.erasures (subject) VALUES ('x')",
            "TRUNCATE TABLE marts.fct_orders",
            "CREATE DATABASE mine",
            "ALTER TABLE marts.fct_orders DELETE WHERE 1",
        ):
            with pytest.raises(ClickHouseError, match="readonly"):
                reader.command(statement)
