"""Sources are judged by when they last arrived, beside a clock that is given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import dagster as dg
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.defs import freshness, raw
from pipelines.defs.partitions import daily
from pipelines.defs.resources import Warehouse
from pipelines.manifest import load_manifest
from tests.model.sql.journey import COLUMNS

ARRIVED = datetime(2026, 4, 8, 9, tzinfo=UTC)
HAPPENED = datetime(2017, 12, 20, tzinfo=UTC)
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@pytest.fixture(scope="module", autouse=True)
def _arrived(client: Client) -> None:
    """History of 2017 that was loaded in 2026."""
    row = [uuid4(), "order_completed", 1, HAPPENED, HAPPENED, "", "", "{}", "eco.orders.v1", 0, 0]
    columns = [*COLUMNS, "ingested_at"]
    client.insert("raw.orders", [[*row, ARRIVED]], column_names=columns)


@pytest.mark.parametrize(
    ("age", "passed", "severity"),
    [
        (timedelta(hours=5), True, WARN),
        (timedelta(hours=7), False, WARN),
        (timedelta(days=3), False, ERROR),
    ],
)
def test_a_source_warns_and_then_errs_by_its_promise_and_blocks_nothing(
    url: str, age: timedelta, passed: bool, severity: dg.AssetCheckSeverity
) -> None:
    check = freshness.checks(load_manifest(), lambda: ARRIVED + age)
    definitions = dg.Definitions(
        assets=raw.specs(daily(HAPPENED.date())),
        asset_checks=[check],
        jobs=[dg.define_asset_job("look", selection=dg.AssetSelection.all_asset_checks())],
        resources={"warehouse": Warehouse(url=url)},
    )
    run = definitions.resolve_job_def("look").execute_in_process()
    found = {each.asset_key.path[-1]: each for each in run.get_asset_check_evaluations()}
    assert set(found) == {"orders", "inventory", "clickstream", "decisions"}
    assert (found["orders"].passed, found["orders"].severity) == (passed, severity)
    assert found["orders"].metadata["age_seconds"].value == age.total_seconds()
    assert found["clickstream"].description == "nothing ever arrived"
    assert not any(each.blocking for each in found.values())
