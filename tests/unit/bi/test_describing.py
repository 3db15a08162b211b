"""What is written down is checked before anything is asked, and becomes whole files of Superset."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from deploy.bi.bundle import database_file, files
from deploy.bi.description import Boards, DescriptionError, Series, read
from deploy.bi.importing import described_columns, time_range
from deploy.bi.settings import BiSettings
from deploy.local.environment import client_environment
from deploy.local.settings import LocalSettings
from deploy.local.superset import HOME
from pipelines.manifest import PROJECT_DIR

DATASET = """
description: Orders.
table: marts.fct_orders
time: order_date
metrics:
  orders: {label: Orders, sql: count(), unit: count}
"""
BOARD = """
title: Orders
description: Orders.
text: Orders.
rows:
  - height: 20
    charts:
      - {kind: number, title: Orders, dataset: orders, metric: orders, width: 12}
"""


def folder(directory: Path, dataset: str = DATASET, board: str = BOARD) -> Path:
    for name, text in (("datasets", dataset), ("dashboards", board)):
        (directory / name).mkdir()
        (directory / name / "orders.yml").write_text(text, "utf-8")
    return directory


@pytest.fixture(scope="module")
def boards() -> Boards:
    return read()


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("width: 12", "width: 7", r"orders.yml: rows.0: .*the widths add up to 7, not to 12"),
        ("kind: number", "kind: pie", r"rows.0.charts.0: .*'pie'.*expected tags"),
        (
            "metric: orders",
            "metric: sales",
            "Orders: metric sales is none of orders of the dataset",
        ),
        ("dataset: orders", "dataset: sales", "Orders: dataset: sales is none of orders"),
        ("title: Orders\n", "titel: Orders\n", "titel: Extra inputs are not permitted"),
        ("text: Orders.", "text: [", "is no YAML"),
    ],
)
def test_a_dashboard_that_breaks_a_rule_is_refused_with_file_field_and_rule(
    tmp_path: Path, was: str, becomes: str, told: str
) -> None:
    with pytest.raises(DescriptionError, match=told):
        read(folder(tmp_path, board=BOARD.replace(was, becomes, 1)))


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("table: marts.fct_orders\n", "", "either `table` or `sql` is given"),
        ("unit: count", "unit: pieces", "metrics.orders.unit: Input should be 'usd'"),
        ("metrics:", "defined: [order_value]\nmetrics:", "defined: there is no metric order_value"),
        (
            "metrics:",
            "defined: [net_sales]\nmetrics:",
            "net_sales is of marts.mart_sales by day, and not of marts.fct_orders by order_date",
        ),
    ],
)
def test_a_dataset_that_breaks_a_rule_is_refused_with_file_field_and_rule(
    tmp_path: Path, was: str, becomes: str, told: str
) -> None:
    with pytest.raises(DescriptionError, match=told) as caught:
        read(folder(tmp_path, dataset=DATASET.replace(was, becomes, 1)))
    assert "datasets/orders.yml" in str(caught.value)


def test_each_chart_has_one_place_on_its_dashboard(boards: Boards) -> None:
    types = {name: {"order_date": "Date"} for name in boards.datasets}
    made = files(boards, database_file("clickhousedb://x"), types, {}, {13: "a : b"})
    charts = {file["uuid"] for path, file in made.items() if path.startswith("charts/")}
    placed = [
        piece["meta"]["uuid"]
        for path, file in made.items()
        if path.startswith("dashboards/")
        for piece in file["position"].values()
        if isinstance(piece, dict) and piece["type"] == "CHART"
    ]
    assert len(placed) == len(set(placed)) == sum(len(b.charts) for b in boards.dashboards.values())
    assert set(placed) == charts


def test_no_two_files_are_taken_for_the_same_thing(boards: Boards) -> None:
    types: dict[str, dict[str, str]] = {name: {} for name in boards.datasets}
    made = files(boards, database_file("clickhousedb://x"), types, {}, {13: "a : b"})
    uuids = [file["uuid"] for file in made.values() if "uuid" in file]
    assert len(uuids) == len(set(uuids))
    again = files(boards, database_file("clickhousedb://x"), types, {}, {13: "a : b"})
    assert uuids == [file["uuid"] for file in again.values() if "uuid" in file]


def test_dashboards_of_a_time_compare_with_as_long_a_time_before(boards: Boards) -> None:
    compared = [
        (board.weeks, chart.before)
        for board in boards.dashboards.values()
        for chart in board.charts
        if isinstance(chart, Series) and chart.before
    ]
    assert compared
    assert {f"{7 * (weeks or 0)} days ago" == before for weeks, before in compared} == {True}


def test_columns_of_a_mart_are_described_as_dbt_describes_them(boards: Boards) -> None:
    told = described_columns(boards)
    assert told["orders"]["order_date"] == "UTC day of ordered_at."
    assert all(told[name] for name, dataset in boards.datasets.items() if dataset.table)


def test_a_store_of_the_past_is_shown_as_it_was_and_a_living_one_goes_along() -> None:
    today = date(2026, 11, 26)
    past = time_range(date(2017, 12, 31), 13, today)
    assert past == "2017-10-02 : 2018-01-01"
    for newest in (None, today, today - timedelta(days=7)):
        assert time_range(newest, 13, today).startswith('DATEADD(DATETIME("today"), -91, day) : ')


def test_superset_reads_no_variable_but_those_that_are_documented(tmp_path: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in HOME.glob("*.py"))
    read_ = set(re.findall(r"os\.environ\[\"(\w+)\"\]", text))
    documented = {name.upper() for name in BiSettings.model_fields}
    assert read_
    assert read_ <= documented
    stack = client_environment(LocalSettings(_env_file=None, data_dir=tmp_path))
    assert documented <= stack.keys()


def test_roles_are_named_with_all_that_they_may_do() -> None:
    roles = yaml.safe_load((HOME / "roles.yml").read_text("utf-8"))
    assert roles.keys() == {"analyst", "executive"}
    executive = {tuple(pair) for pair in roles["executive"]["permissions"]}
    assert not any("sql" in f"{pair}".lower() or "all_" in pair[0] for pair in executive)


def test_dbt_s_exposure_names_the_models_that_dashboards_ask(boards: Boards) -> None:
    asked = {
        table
        for dataset in boards.datasets.values()
        for table in re.findall(r"\bmarts\.(\w+)", dataset.table or dataset.sql or "")
    }
    exposures = yaml.safe_load((PROJECT_DIR / "models" / "exposures.yml").read_text("utf-8"))
    [told] = [one for one in exposures["exposures"] if one["name"] == "dashboards"]
    assert {ref.removeprefix("ref('").removesuffix("')") for ref in told["depends_on"]} == asked


def test_titles_state_the_baseline_and_the_target_that_the_seeds_hold(boards: Boards) -> None:
    def seed(name: str) -> dict[str, str]:
        with (PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            [row] = csv.DictReader(file)
        return row

    charts = boards.dashboards["carbon"].charts
    told = " ".join(" ".join((c.title, getattr(c, "subtitle", ""))) for c in charts)
    target, baseline = seed("footprint_targets"), seed("footprint_baselines")
    since, until = (date.fromisoformat(target[name]) for name in ("base_from", "base_until"))
    assert f"{target['yearly_reduction_percent']} % a year" in told
    assert f"{since:%B} to {until - timedelta(days=1):%B %Y}" in told
    assert f"on target since {until:%B %Y}" in told
    assert (baseline["packaging"], baseline["delivery_mode"]) == ("cardboard_box", "van")
    assert all(
        "new " in c.title and "box by diesel van" in c.title
        for c in charts
        if c.dataset == "avoided"
    )
