"""Every dashboard is opened in a browser, as those see it whom it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest
from playwright.sync_api import Page, Response

from deploy.bi.description import FOLDER, Metric, Table
from deploy.bi.importing import bring
from deploy.bi.screenshots import open_board, signed_in
from deploy.marts.catalogue import load
from models.metrics import Question, compile_question
from tests.integration.bi.conftest import Running

pytestmark = pytest.mark.timeout(900)
BOARDS = sorted(path.stem for path in (FOLDER / "dashboards").glob("*.yml"))
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
    shown = executive.locator("[data-test='dashboard-component-chart-holder']")
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
    tile = executive.locator("[data-test='dashboard-component-chart-holder']").filter(
        has_text="Orders so far"
    )
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


def test_importing_again_changes_nothing_and_puts_right_what_was_changed(running: Running) -> None:
    before = everything(running)
    assert len(before["dashboard"]) == len(BOARDS)
    assert len(before["chart"]) == sum(len(b.charts) for b in running.boards.dashboards.values())
    assert len(before["dataset"]) == len(running.boards.datasets)
    with running.signed_in("admin") as admin:
        number = before["chart"][0][0]
        admin.ask("PUT", f"/api/v1/chart/{number}", json={"slice_name": "renamed by hand"})
    assert everything(running) != before
    bring(running.boards, running.settings)
    assert everything(running) == before


def test_what_is_described_no_more_goes_and_what_people_made_stays(running: Running) -> None:
    before = everything(running)
    fewer = running.boards.model_copy(
        update={"dashboards": {n: b for n, b in running.boards.dashboards.items() if n != "models"}}
    )
    with running.signed_in("analyst") as analyst:
        own = analyst.ask("POST", "/api/v1/dashboard/", json={"dashboard_title": "Mine"})["id"]
    bring(fewer, running.settings)
    left = everything(running)
    assert [row[2] for row in left["dashboard"] if row not in before["dashboard"]] == ["Mine"]
    assert len(left["dashboard"]) == len(before["dashboard"])
    bring(running.boards, running.settings)
    with running.signed_in("admin") as admin:
        admin.ask("DELETE", f"/api/v1/dashboard/{own}")
    assert names(everything(running)) == names(before)


def test_a_chart_and_the_one_definition_of_its_metric_give_the_same_number(
    running: Running,
) -> None:
    catalogue = load()
    checked = 0
    with running.signed_in("analyst") as analyst:
        ids = {row["table_name"]: row["id"] for row in analyst.all("dataset", "id", "table_name")}
        for dataset in running.boards.datasets.values():
            if not dataset.defined or dataset.table is None:
                continue
            query = {"metrics": dataset.defined, "columns": [], "filters": []}
            source = {"id": ids[dataset.table.partition(".")[2]], "type": "table"}
            body = {"datasource": source, "queries": [query]}
            [row] = analyst.ask("POST", "/api/v1/chart/data", json=body)["result"][0]["data"]
            for name in dataset.defined:
                compiled = compile_question(catalogue, Question(name))
                [[value]] = running.client.query(
                    compiled.sql, parameters=dict(compiled.parameters)
                ).result_rows
                shown: Metric = dataset.metrics[name]
                scale = 100 if shown.unit in {"usd", "cents"} else 1
                assert row[name] == pytest.approx(float(value) / scale), name
                checked += 1
    assert checked > 20
