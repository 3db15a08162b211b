"""Every dashboard is opened in a browser as an executive; roles and numbers are tried.

One file, so that one worker runs it: what it needs takes a minute to start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from playwright.sync_api import Page, Response
from typer.testing import CliRunner

from deploy.bi.description import FOLDER, Series, Table
from deploy.bi.importing import bring, time_range
from deploy.bi.screenshots import TILE, open_board, signed_in
from deploy.bi.superset_api import Superset, SupersetError
from deploy.marts.cli import metrics as command
from pipelines.warehouse import connect
from serving.settings import Settings
from tests.integration.bi.conftest import Running
from tests.integration.serving.conftest import running as serving
from tests.model.sql.notebooks import execute

pytestmark = pytest.mark.timeout(900)
BOARDS = sorted(path.stem for path in (FOLDER / "dashboards").glob("*.yml"))
COUNTED = "SELECT count() AS orders FROM marts.fct_orders"
ERRORS = ".ant-alert-error, [data-test='error-boundary'], .missing-chart-container"


@pytest.fixture(scope="module")
def executive(running: Running) -> Iterator[Page]:
    password = running.settings.bi_executive_password.get_secret_value()
    with signed_in(running.settings.bi_url, "executive", password) as page:
        yield page


def rows_of(answer: Response) -> int:
    counts: list[int] = [result["rowcount"] for result in answer.json()["result"]]
    return max(counts)


@pytest.mark.parametrize("name", BOARDS)
def test_every_chart_of_a_dashboard_shows_something(
    running: Running, executive: Page, name: str
) -> None:
    board = running.boards.dashboards[name]
    answers = open_board(executive, name, len(board.charts))
    assert [answer.text() for answer in answers if answer.status != 200] == []
    assert executive.locator(ERRORS).all_inner_texts() == []
    shown = executive.locator(TILE)
    titles = [chart.title for chart in board.charts]
    assert shown.count() == len(titles)
    with_data = [answer for answer in answers if rows_of(answer)]
    may_be_empty = [c for c in board.charts if isinstance(c, Table) and c.empty]
    assert len(with_data) >= len(titles) - len(may_be_empty)
    page_text = shown.all_inner_texts()
    assert all(any(title in text for text in page_text) for title in titles)
    empty = executive.get_by_text("No results were returned", exact=False).count()
    assert empty <= len(may_be_empty)


def test_an_order_comes_onto_the_screen_by_itself(
    running: Running, executive: Page, until: Callable[[Callable[[], bool], str], None]
) -> None:
    board = running.boards.dashboards["today"]
    assert 0 < board.refresh_s <= 5
    open_board(executive, "today", len(board.charts))
    tile = executive.locator(TILE).filter(has_text="Orders so far")
    before = tile.inner_text()
    [[newest, data]] = running.client.query(
        "SELECT occurred_at, data FROM raw.orders WHERE type = 'order_completed' "
        "ORDER BY occurred_at DESC LIMIT 1"
    ).result_rows
    now = datetime.now(UTC)
    order = orjson.dumps(orjson.loads(data) | {"order_id": str(uuid4())}).decode()
    row = [uuid4(), "order_completed", 2, newest + timedelta(milliseconds=1), now, "", "", order]
    names = ["event_id", "type", "version", "occurred_at", "received_at", "subject", "trace_id"]
    running.client.insert("raw.orders", [row], column_names=[*names, "data"])
    until(lambda: tile.inner_text() != before, "the order on the screen")


Kept = dict[str, list[tuple[int, str, str]]]


def everything(running: Running) -> Kept:
    """Id, UUID and title of all that Superset keeps."""
    with running.signed_in("admin") as admin:
        return {
            kind: sorted(
                (row["id"], row["uuid"], row[title]) for row in admin.all(kind, "id", "uuid", title)
            )
            for kind, title in (
                ("dashboard", "dashboard_title"),
                ("chart", "slice_name"),
                ("dataset", "table_name"),
                ("database", "database_name"),
            )
        }


def names(kept: Kept) -> dict[str, set[tuple[str, str]]]:
    return {kind: {row[1:] for row in rows} for kind, rows in kept.items()}


def test_an_import_puts_right_what_was_changed_and_leaves_what_people_made(
    running: Running,
) -> None:
    before = everything(running)
    assert len(before["dashboard"]) == len(BOARDS)
    assert len(before["chart"]) == sum(len(b.charts) for b in running.boards.dashboards.values())
    assert len(before["dataset"]) == len(running.boards.datasets)
    fewer = running.boards.model_copy(
        update={"dashboards": {n: b for n, b in running.boards.dashboards.items() if n != "models"}}
    )
    with running.signed_in("analyst") as analyst:
        own = analyst.ask("POST", "/api/v1/dashboard/", json={"dashboard_title": "Mine"})["id"]
    bring(fewer, running.settings)
    left = everything(running)
    assert [row[2] for row in left["dashboard"] if row not in before["dashboard"]] == ["Mine"]
    assert len(left["dashboard"]) == len(before["dashboard"])
    with running.signed_in("admin") as admin:
        admin.ask("DELETE", f"/api/v1/dashboard/{own}")
        number = left["chart"][0][0]
        admin.ask("PUT", f"/api/v1/chart/{number}", json={"slice_name": "renamed by hand"})
    bring(running.boards, running.settings)
    after = everything(running)
    assert names(after) == names(before)
    kept = {kind: {row[0] for row in rows} for kind, rows in left.items()}
    assert {row for row in after["chart"] if row[0] in kept["chart"]} <= set(before["chart"])


def test_holidays_are_drawn_over_the_lines_that_want_them(running: Running) -> None:
    wanted = {
        chart.title
        for board in running.boards.dashboards.values()
        for chart in board.charts
        if isinstance(chart, Series) and chart.annotated
    }
    layers: dict[str, list[dict[str, Any]]] = {}
    with running.signed_in("executive") as executive:
        for board in running.boards.dashboards:
            for chart in executive.ask("GET", f"/api/v1/dashboard/{board}/charts")["result"]:
                layers[chart["slice_name"]] = chart["form_data"].get("annotation_layers", [])
        assert {title for title, drawn in layers.items() if drawn} == wanted
        [layer] = {drawn["value"] for title in wanted for drawn in layers[title]}
        there = executive.all(f"annotation_layer/{layer}/annotation", "short_descr", "start_dttm")
    days = {row["start_dttm"][:10]: row["short_descr"] for row in there}
    assert days["2017-12-25"] == "Christmas 2017"


def shown_by_command(warehouse: str, name: str, *bounds: str) -> float | None:
    done = CliRunner().invoke(
        command, ["query", name, *bounds, "--json"], env={"CLICKHOUSE_URL": warehouse}
    )
    assert done.exit_code == 0, done.output
    [row] = json.loads(done.stdout)["rows"]
    value: float | None = row["value"]
    return value


def answered(api: httpx.Client, name: str, **bounds: str) -> float | None:
    [row] = api.get(f"/v1/metrics/{name}", params=bounds).raise_for_status().json()["rows"]
    value: float | None = row["value"]
    return value


@pytest.fixture(scope="module")
def api(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Serving with the same warehouse, and nothing else that answers."""
    settings = Settings(
        clickhouse_url=running.warehouse_url,
        valkey_url="redis://127.0.0.1:1/0",
        kafka_bootstrap_servers="127.0.0.1:1",
        artifacts_dir=tmp_path_factory.mktemp("artifacts"),
        decision_flush_s=0,
    )
    with serving(settings) as client:
        yield client


def test_superset_the_api_the_command_and_a_notebook_return_the_same_number(
    running: Running, api: httpx.Client
) -> None:
    in_notebook = execute("metrics", running.warehouse_url).values["overview"]
    checked = set()
    with running.signed_in("analyst") as analyst:
        ids = {row["table_name"]: row["id"] for row in analyst.all("dataset", "id", "table_name")}
        for dataset in running.boards.datasets.values():
            if not dataset.defined or dataset.table is None:
                continue
            labels = [dataset.metrics[name].label for name in dataset.defined]
            query = {"metrics": labels, "columns": [], "filters": []}
            source = {"id": ids[dataset.table.partition(".")[2]], "type": "table"}
            body = {"datasource": source, "queries": [query]}
            [row] = analyst.ask("POST", "/api/v1/chart/data", json=body)["result"][0]["data"]
            for name in dataset.defined:
                shown = dataset.metrics[name]
                scale = 100 if shown.unit in {"usd", "cents"} else 1
                by_api = answered(api, name)
                assert by_api is not None
                assert shown_by_command(running.warehouse_url, name) == pytest.approx(by_api)
                assert in_notebook[name] == pytest.approx(by_api)
                assert row[shown.label] == pytest.approx(by_api / scale), name
                checked.add(name)
    assert len(checked) > 20


def test_a_chart_on_the_screen_shows_the_number_of_the_api(
    running: Running, executive: Page, api: httpx.Client
) -> None:
    board = running.boards.dashboards["sales"]
    assert board.weeks is not None
    [[newest]] = running.client.query("SELECT max(order_date) FROM marts.fct_orders").result_rows
    since, _, until = time_range(newest, board.weeks, datetime.now(UTC).date()).partition(" : ")
    cells: dict[str, float] = {}
    for answer in open_board(executive, "sales", len(board.charts)):
        rows = answer.json()["result"][0]["data"]
        if len(rows) == 1:
            cells |= rows[0]
    for label, name, scale in (
        ("Order revenue", "order_revenue", 100),
        ("Orders", "orders", 1),
        ("Average order value", "average_order_value", 100),
        ("Buyers", "buyers", 1),
    ):
        by_api = answered(api, name, **{"from": since, "until": until})
        assert by_api
        assert cells[label] == pytest.approx(by_api / scale)


def dataset_of(running: Running, name: str) -> int:
    """Superset's id of the dataset that stands for a table."""
    with running.signed_in("admin") as admin:
        rows = admin.all("dataset", "id", "table_name")
    number: int = next(row["id"] for row in rows if row["table_name"] == name)
    return number


def run_sql(superset: Superset, database: int, sql: str) -> list[dict[str, object]]:
    body = {"database_id": database, "sql": sql, "runAsync": False, "schema": "marts"}
    rows: list[dict[str, object]] = superset.ask("POST", "/api/v1/sqllab/execute/", json=body)[
        "data"
    ]
    return rows


def orders_of(dataset: int) -> dict[str, object]:
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
        answer = analyst.ask("POST", "/api/v1/chart/data", json=orders_of(dataset))
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
            lambda: executive.ask("POST", "/api/v1/chart/data", json=orders_of(dataset)),
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
