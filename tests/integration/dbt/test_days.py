"""Days built one range after another equal everything built at once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from pipelines.dbt_command import DbtError, dbt
from tests.integration.dbt.conftest import WITHOUT_TESTS
from tests.model.sql.journey import Journey, insert, journey, load, order_rows
from tests.model.sql.money import load_money

pytestmark = pytest.mark.timeout(600)

FIRST_DAY = date(2016, 12, 31)
CUT = date(2017, 12, 20)
LAST_DAY = date(2018, 3, 1)
Contents = dict[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def happened() -> Journey:
    return journey(every=100, since=date(2017, 10, 1))


def contents(client: Client) -> Contents:
    """Return rows and a checksum of every table; floats are compared to a billionth."""
    tables: dict[str, list[str]] = {}
    for database, table, column, type_ in client.query(
        "SELECT c.database, c.table, c.name, c.type FROM system.columns AS c "
        "INNER JOIN system.tables AS t ON c.database = t.database AND c.table = t.name "
        "WHERE c.database IN ('marts', 'features') AND t.engine = 'MergeTree' "
        "ORDER BY c.database, c.table, c.position"
    ).result_rows:
        value = f"round({column}, 9)" if "Float64" in type_ else column
        tables.setdefault(f"{database}.{table}", []).append(value)
    found: Contents = {}
    for table, values in tables.items():
        # Ranges also write the day after their end, which everything at once has no orders for.
        where = "WHERE as_of <= '2018-01-01'" if table == "features.feat_shopper_daily" else ""
        hashed = ", ".join(values)
        (row,) = client.query(
            f"SELECT count(), sum(sipHash64(tuple({hashed}))) FROM {table} {where}"
        ).result_rows
        found[table] = tuple(row)
    return found


@pytest.fixture(scope="module")
def by_ranges(client: Client, url: str, target: Path, happened: Journey) -> Contents:
    load(client, happened, until=CUT)
    load_money(client, happened, until=CUT)
    dbt(url, target, "build", *WITHOUT_TESTS, days=(FIRST_DAY, CUT))
    load(client, happened, since=CUT)
    load_money(client, happened, since=CUT)
    dbt(url, target, "build", days=(CUT, LAST_DAY))
    return contents(client)


def test_building_a_range_again_changes_nothing(
    by_ranges: Contents, client: Client, url: str, target: Path
) -> None:
    dbt(url, target, "run", days=(CUT, LAST_DAY))
    assert contents(client) == by_ranges


def test_ranges_one_after_another_equal_everything_at_once(
    by_ranges: Contents, client: Client, url: str, target: Path
) -> None:
    dbt(url, target, "run", "--full-refresh")
    assert contents(client) == by_ranges
    assert by_ranges["marts.fct_orders"][0] > 300


def test_the_documentation_describes_every_column(
    by_ranges: Contents, url: str, target: Path
) -> None:
    dbt(url, target, "docs", "generate")
    assert {path.name for path in target.iterdir()} >= {
        "catalog.json",
        "manifest.json",
        "index.html",
    }


def test_an_order_that_arrived_twice_fails_the_build(
    by_ranges: Contents, client: Client, url: str, target: Path, happened: Journey
) -> None:
    insert(client, "orders", order_rows(happened.orders[-1:]))
    with pytest.raises(DbtError, match="unique_stg_orders__completed_order_id"):
        dbt(url, target, "build", "--select", "stg_orders__completed")


def test_tests_look_at_the_days_of_the_run(
    by_ranges: Contents, client: Client, url: str, target: Path
) -> None:
    sessions = "marts.fct_sessions"
    (day,) = client.query(f"SELECT max(session_date) FROM {sessions}").result_rows[0]
    once = f"SELECT * FROM {sessions} WHERE session_date = '{day}' LIMIT 1"
    client.command(f"INSERT INTO {sessions} {once}")
    unique = ("test", "--select", "unique_fct_sessions_session_id")
    with pytest.raises(DbtError, match="unique_fct_sessions_session_id"):
        dbt(url, target, *unique, days=(day, day + timedelta(days=1)))
    dbt(url, target, *unique, days=(day - timedelta(days=9), day - timedelta(days=8)))
