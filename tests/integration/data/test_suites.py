"""Every expectation suite on one good batch and on bad ones, in the real warehouse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import sync_playwright

from pipelines.quality import Suite, load_suites
from pipelines.quality.docs import publish_docs
from pipelines.quality.validate import validate
from pipelines.warehouse import connect

DAY = date(2017, 12, 24)
NEXT = date(2017, 12, 25)
NOON = "toDateTime64('2017-12-24 12:00:00', 3, 'UTC')"


@dataclass(frozen=True)
class Case:
    """A good row, and by expectation a change of it that breaks just that one."""

    row: dict[str, str]
    broken: dict[str, dict[str, str]]


def _order(lines: str, total: int) -> str:
    return f"""'{{"total_minor": {total}, "lines": [{lines}]}}'"""


CASES = {
    "raw_orders": Case(
        row={
            "event_id": "generateUUIDv7()",
            "type": "'order_completed'",
            "version": "1",
            "subject": "'s-0123456789'",
            "occurred_at": NOON,
            "received_at": NOON,
            "data": _order('{"total_minor": 2}, {"total_minor": 3}', 5),
        },
        broken={
            "expect_column_values_to_be_in_set(type)": {"type": "'order_vanished'"},
            "expect_column_values_to_be_between(share_not_adding_up)": {
                "data": _order('{"total_minor": 2}, {"total_minor": 3}', 6)
            },
            "expect_column_values_to_be_between(shortest_delay_seconds)": {
                "received_at": f"{NOON} - INTERVAL 1 HOUR"
            },
            "expect_column_values_to_be_in_set(without_subject)": {"subject": "'s'"},
        },
    ),
    "raw_clickstream": Case(
        row={
            "event_id": "generateUUIDv7()",
            "type": "'product_viewed'",
            "subject": "'s-0123456789'",
            "occurred_at": NOON,
            "data": """'{"session_id": "ses-1"}'""",
        },
        broken={
            "expect_column_values_to_be_in_set(type)": {"type": "'Product Viewed'"},
            "expect_column_values_to_be_in_set(without_session)": {"data": "'{}'"},
        },
    ),
    "marts_fct_orders": Case(
        row={
            "order_id": "generateUUIDv7()",
            "order_date": f"toDate('{DAY}')",
            "subject": "'s-0123456789'",
            "store_id": "'S1'",
            "currency": "'USD'",
            "line_count": "1",
            "list_minor": "120",
            "discount_minor": "20",
            "total_minor": "100",
            "refunded_minor": "0",
            "disputed": "0",
        },
        broken={
            "expect_column_values_to_be_in_set(identity_gap)": {"discount_minor": "10"},
            "expect_column_values_to_be_between(kept_minor)": {"refunded_minor": "101"},
            "expect_column_value_lengths_to_equal(currency)": {"currency": "'$'"},
        },
    ),
    "marts_sales": Case(
        row={
            "day": f"toDate('{DAY}')",
            "department": "'GROCERY'",
            "sales_minor": "toInt64(100)",
            "refunded_minor": "toInt64(0)",
        },
        broken={
            "expect_column_values_to_be_between(lowest_sales_minor)": {"sales_minor": "-1"},
            "expect_column_values_to_be_between(lowest_refunded_minor)": {"refunded_minor": "-1"},
        },
    ),
    "marts_order_footprint": Case(
        row={
            "order_id": "generateUUIDv7()",
            "order_date": f"toDate('{DAY}')",
            "product_kg": "1.5",
            "packaging_kg": "0.1",
            "transport_kg": "0.4",
            "warehouse_kg": "0.1",
            "end_of_life_kg": "0.1",
            "low_kg": "1.0",
            "total_kg": "2.2",
            "high_kg": "4.4",
            "coverage": "0.9",
            "factor_set_version": "'v1'",
        },
        broken={
            "expect_column_values_to_be_between(coverage)": {"coverage": "1.1"},
            "expect_column_values_to_be_between(product_kg)": {"product_kg": "-0.1"},
            "expect_column_value_lengths_to_be_between(factor_set_version)": {
                "factor_set_version": "''"
            },
        },
    ),
    "features_order_fraud": Case(
        row={
            "order_id": "generateUUIDv7()",
            "order_date": f"toDate('{DAY}')",
            "amount_minor": "100",
            "hour_of_day": "12",
            "card_orders_1h": "1",
            "card_orders_24h": "2",
            "known_card": "1",
            "known_device": "0",
            "orders_90d": "3",
            "is_fraud": "0",
        },
        broken={
            "expect_column_values_to_be_between(hour_of_day)": {"hour_of_day": "24"},
            "expect_column_pair_values_a_to_be_greater_than_b()": {"card_orders_1h": "3"},
            "expect_column_values_to_be_in_set(is_fraud)": {"is_fraud": "2"},
        },
    ),
}


@pytest.fixture
def client(clickhouse_url: str) -> Iterator[Client]:
    with connect(clickhouse_url) as connection:
        yield connection


@pytest.fixture
def database(client: Client) -> Iterator[str]:
    name = f"suites_{uuid4().hex[:8]}"
    client.command(f"CREATE DATABASE {name}")
    yield name
    client.command(f"DROP DATABASE {name}")


def _select(row: dict[str, str], rows: int) -> str:
    columns = ", ".join(f"{value} AS {name}" for name, value in row.items())
    return f"SELECT {columns} FROM numbers({rows})"


def _table(client: Client, database: str, suite: Suite, row: dict[str, str]) -> Suite:
    """Create the suite's table with three rows of a kind and return the suite over it."""
    table = f"{database}.{suite.table.replace('.', '_')}"
    select = _select(row, 3)
    client.command(f"CREATE TABLE {table} ENGINE = MergeTree ORDER BY tuple() AS {select}")
    return replace(suite, table=table)


def test_every_suite_has_a_case() -> None:
    assert set(CASES) == set(load_suites())


@pytest.mark.parametrize("name", CASES)
def test_a_good_batch_keeps_every_expectation(
    client: Client, database: str, clickhouse_url: str, name: str
) -> None:
    suite = _table(client, database, load_suites()[name], CASES[name].row)
    assert validate(clickhouse_url, suite, DAY, NEXT).failures == ()


@pytest.mark.parametrize(
    ("name", "expectation"), [(name, key) for name, case in CASES.items() for key in case.broken]
)
def test_a_bad_row_breaks_the_expectation_that_it_is_meant_to(
    client: Client, database: str, clickhouse_url: str, name: str, expectation: str
) -> None:
    case = CASES[name]
    suite = _table(client, database, load_suites()[name], case.row)
    bad = _select({**case.row, **case.broken[expectation]}, 1)
    client.command(f"INSERT INTO {suite.table} {bad}")
    report = validate(clickhouse_url, suite, DAY, NEXT)
    assert [f"{f.expectation}({f.column})" for f in report.failures] == [expectation]


def test_the_site_shows_what_was_expected_and_what_was_found(
    client: Client, database: str, clickhouse_url: str, tmp_path: Path
) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium is not None, "no Chromium is installed: `apt install chromium`"
    case = CASES["marts_sales"]
    suite = _table(client, database, load_suites()["marts_sales"], case.row)
    client.command(f"INSERT INTO {suite.table} {_select({**case.row, 'sales_minor': '-7'}, 1)}")
    index = publish_docs(clickhouse_url, [suite], DAY, NEXT, tmp_path)
    (page,) = (tmp_path / "validations").rglob("*.html")
    assert page.relative_to(tmp_path).as_posix() in index.read_text("utf-8")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = opened.new_page()
        shown.goto(page.as_uri(), wait_until="domcontentloaded")
        text = " ".join(shown.inner_text("body").split())
        opened.close()
    assert "Status: Failed" in text
    assert f"{DAY}_{NEXT}" in text
    assert "lowest_sales_minor" in text
    assert "greater than or equal to 0" in text
    assert "Unexpected Value Count -7 1" in text


def test_an_empty_day_is_a_failure_where_rows_are_expected(
    client: Client, database: str, clickhouse_url: str
) -> None:
    suite = _table(client, database, load_suites()["raw_orders"], CASES["raw_orders"].row)
    report = validate(clickhouse_url, suite, NEXT, date(2017, 12, 26))
    assert report.failures[0].expectation == "expect_table_row_count_to_be_between"
