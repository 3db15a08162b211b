"""Every dashboard is opened in a browser as an executive; roles and numbers are tried.

One file, so that one worker runs it: what it needs takes a minute to start.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import scrypt
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from playwright.sync_api import Locator, Page, Response, TimeoutError

from deploy.bi.cli import USERS
from deploy.bi.description import FOLDER, Series, Table, divisor
from deploy.bi.importing import bring, time_range
from deploy.bi.latency import measure
from deploy.bi.screenshots import TILE, open_board, sign_in, signed_in
from deploy.bi.superset_api import SupersetError
from deploy.marts.catalogue import load
from pipelines.warehouse import connect
from serving.settings import Settings
from tests.integration.bi.asking import answer_for, answered, laid_out, number, shown_by_command
from tests.integration.bi.conftest import Running
from tests.integration.bi.keeping import (
    database_of,
    dataset_of,
    everything,
    names,
    orders_of,
    run_sql,
)
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


def test_an_order_comes_onto_the_screen_by_itself(running: Running, executive: Page) -> None:
    board = running.boards.dashboards["today"]
    assert 0 < board.refresh_s <= 5
    [[newest, data]] = running.client.query(
        "SELECT occurred_at, data FROM raw.orders WHERE type = 'order_completed' "
        "ORDER BY occurred_at DESC LIMIT 1"
    ).result_rows
    columns = ["event_id", "type", "version", "occurred_at", "received_at", "subject", "trace_id"]

    def place() -> str:
        order, at = str(uuid4()), newest + timedelta(milliseconds=1)
        told = orjson.dumps(orjson.loads(data) | {"order_id": order}).decode()
        row = [uuid4(), "order_completed", 2, at, datetime.now(UTC), "", "", told]
        running.client.insert("raw.orders", [row], column_names=[*columns, "data"])
        return order

    taken = list(measure(executive, len(board.charts), place, running.client, orders=2))
    assert len(taken) == 2
    assert all(one.warehouse_s < one.screen_s for one in taken)


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


def time_of_sales(running: Running) -> dict[str, str]:
    """The days that Sales shows, as the API is asked for them."""
    weeks = running.boards.dashboards["sales"].weeks
    assert weeks is not None
    [[newest]] = running.client.query("SELECT max(order_date) FROM marts.fct_orders").result_rows
    since, _, until = time_range(newest, weeks, datetime.now(UTC).date()).partition(" : ")
    return {"from": since, "until": until}


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
    checked, catalogue = set(), load()
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
                scale = divisor(catalogue.metrics[name].unit)
                by_api = answered(api, name)
                assert by_api is not None
                assert shown_by_command(running.warehouse_url, name) == pytest.approx(by_api)
                assert in_notebook[name] == pytest.approx(by_api)
                assert row[shown.label] == pytest.approx(by_api / scale), name
                checked.add(name)
    assert len(checked) > 30


def test_a_chart_on_the_screen_shows_the_number_of_the_api(
    running: Running, executive: Page, api: httpx.Client
) -> None:
    board = running.boards.dashboards["sales"]
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
        by_api = answered(api, name, **time_of_sales(running))
        assert by_api
        assert cells[label] == pytest.approx(by_api / scale)


def choose(row: Locator, menu: str, choice: str) -> None:
    """Right-click a row and choose from a menu's menu, again while it closes under the pointer.

    It does so whenever the table is drawn anew.
    """
    for left in reversed(range(5)):
        row.click(button="right")
        row.page.get_by_role("menuitem", name=menu).hover()
        chosen = row.page.get_by_role("menuitem").filter(has_text=choice).last
        try:
            chosen.click(timeout=8_000)
        except TimeoutError:
            if not left:
                raise
            row.page.keyboard.press("Escape")
        else:
            return


def test_an_analyst_goes_from_a_department_to_what_it_consists_of(
    running: Running, executive: Page, api: httpx.Client
) -> None:
    password = running.settings.bi_analyst_password.get_secret_value()
    assert executive.context.browser is not None
    page = sign_in(executive.context.browser, running.settings.bi_url, "analyst", password)
    open_board(page, "sales", len(running.boards.dashboards["sales"].charts))
    tile = page.locator(TILE).filter(has_text="Order revenue, USD")
    whole = tile.inner_text()
    row = page.locator(TILE).filter(has_text="Departments, amounts in USD").locator("td").first
    name = row.inner_text()
    alone = {"where": f"department:{name.upper()}", **time_of_sales(running)}

    # A click on the row has the other charts show this department alone.
    with page.expect_response(answer_for("Order revenue", [], name)) as answer:
        row.click()
    [cells, *_] = answer.value.json()["result"][0]["data"]
    revenue = answered(api, "order_revenue", **alone)
    assert revenue
    assert cells["Order revenue"] == pytest.approx(revenue / 100)
    page.wait_for_function(
        "([tile, whole]) => tile.innerText !== whole", arg=[tile.element_handle(), whole]
    )
    assert number(tile) == pytest.approx(revenue / 100, rel=0.01)

    # A right-click lays the department out by channel.
    with page.expect_response(answer_for("Net sales", ["channel"], name)) as answer:
        choose(row, "Drill by", "Channel")
    by_channel = {
        row["channel"]: row["Net sales"] for row in answer.value.json()["result"][0]["data"]
    }
    expected = laid_out(api, "net_sales", by="channel", **alone)
    assert by_channel == {row["channel"]: pytest.approx(row["value"] / 100) for row in expected}
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()

    # And another one shows the rows behind it.
    with page.expect_response(lambda told: "/datasource/samples" in told.url) as answer:
        choose(row, "Drill to detail by", name)
    rows = answer.value.json()["result"]["data"]
    assert {row["department"] for row in rows} == {name.upper()}
    page.close()


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


def passwords(path: Path) -> dict[str, str]:
    """What each user's password is hashed to (scrypt:N:r:p$salt$hash)."""
    with closing(sqlite3.connect(path)) as database:
        return dict(database.execute("SELECT username, password FROM ab_user").fetchall())


def test_metadata_of_a_second_stack_are_a_copy_with_passwords_of_its_own(
    running: Running, tmp_path: Path
) -> None:
    given = {f"BI_{name.upper()}_PASSWORD": f"{name} of the second" for name in USERS}
    path = tmp_path / "bi" / "superset.db"
    around = {"BI_METADATA_URL": f"sqlite:///{path}", "ECOMARKET_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "deploy.local.superset", "prepare"]
    done = subprocess.run(
        command, env=os.environ | given | around, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # No migration has run, which would have told so.
    assert "alembic" not in done.stderr
    first, second = (
        passwords(Path(running.settings.bi_metadata_url.partition(":///")[2])),
        passwords(path),
    )
    assert first.keys() == second.keys() == set(USERS)
    for name in USERS:
        assert first[name] != second[name]
        _, salt, hashed = second[name].split("$")
        password = given[f"BI_{name.upper()}_PASSWORD"].encode()
        found = scrypt(password, salt=salt.encode(), n=2**15, r=8, p=1, maxmem=2**26)
        assert found.hex() == hashed


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
