"""The checks of volumes and distributions, run by Dagster over days in the real warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.defs import anomalies, raw
from pipelines.defs.partitions import daily
from pipelines.defs.resources import Warehouse
from pipelines.defs.transform import key_of

FIRST_DAY = date(2026, 1, 5)
USUAL, ODD = date(2026, 4, 8), date(2026, 4, 9)
DAYS = "SELECT toDate('2026-01-05') + number AS day FROM numbers(95)"
CLICKS = f"""
INSERT INTO raw.clickstream (event_id, type, version, occurred_at, received_at, data, _offset)
SELECT generateUUIDv7(), type, 1, day + INTERVAL 12 HOUR AS at, at, '{{}}', n
FROM ({DAYS}) AS days
ARRAY JOIN ['product_viewed', 'product_added', 'products_searched'] AS type
ARRAY JOIN range(if(toDayOfWeek(day) > 5, 300, 200)) AS n
WHERE NOT (day = toDate('{ODD}') AND (type = 'product_added' OR n % 2))
"""
ORDERS = f"""
CREATE TABLE marts.fct_orders ENGINE = MergeTree ORDER BY order_date AS
SELECT day AS order_date, 'EUR' AS currency, 100 + n + 300 * (day = toDate('{ODD}')) AS total_minor,
    's' AS subject, if(n % 2 OR day = toDate('{ODD}'), '', 'd') AS device_id, 'DE' AS destination,
    toNullable(7) AS tax_minor
FROM ({DAYS}) AS days ARRAY JOIN range(100) AS n
"""


@pytest.fixture(scope="module")
def job(client: Client, url: str) -> Iterator[dg.JobDefinition]:
    client.command(CLICKS)
    client.command("CREATE DATABASE IF NOT EXISTS marts")
    client.command(ORDERS)
    partitions = daily(FIRST_DAY)

    @dg.asset(key=key_of("marts.fct_orders"), partitions_def=partitions)
    def fact() -> None:
        """Stand there already."""

    everything = dg.AssetSelection.assets(fact) | dg.AssetSelection.all_asset_checks()
    definitions = dg.Definitions(
        assets=[*raw.specs(partitions), fact],
        asset_checks=anomalies.checks(key_of, partitions, FIRST_DAY),
        jobs=[dg.define_asset_job("look", selection=everything)],
        resources={"warehouse": Warehouse(url=url)},
    )
    yield definitions.resolve_job_def("look")
    client.command("DROP DATABASE marts")


def look(job: dg.JobDefinition, day: date) -> dict[str, dg.AssetCheckEvaluation]:
    """Return what the checks say of a day, but of the raw tables that got nothing."""
    with dg.DagsterInstance.ephemeral() as instance:
        run = job.execute_in_process(
            instance=instance, partition_key=day.isoformat(), raise_on_error=False
        )
    found = {
        each.check_name.removeprefix(anomalies.PREFIX): each
        for each in run.get_asset_check_evaluations()
        if each.asset_key.path[0] != "raw" or each.asset_key == dg.AssetKey(["raw", "clickstream"])
    }
    assert set(found) == {"clicks_by_type", "mean_basket", "missing_of_orders", "topic_rows"}
    return found


def test_a_usual_day_passes_and_tells_its_bands(job: dg.JobDefinition) -> None:
    found = look(job, USUAL)
    assert [name for name, each in found.items() if not each.passed] == []
    bands = str(found["clicks_by_type"].metadata["bands"].value)
    assert f"| {USUAL} | product_added | 200 |" in bands


def test_what_vanished_blocks_and_what_halved_or_doubled_warns(job: dg.JobDefinition) -> None:
    found = look(job, ODD)
    assert [name for name, each in found.items() if each.passed] == []
    severities = {name: each.severity for name, each in found.items()}
    error = dg.AssetCheckSeverity.ERROR
    assert [name for name, severity in severities.items() if severity is error] == [
        "clicks_by_type"
    ]
    assert all(each.blocking for each in found.values())
    told = found["clicks_by_type"].description or ""
    assert told.startswith(f"{ODD} product_added: 0, expected ")
    assert f"{ODD} product_viewed: 100" in told
    assert (found["mean_basket"].description or "").startswith(f"{ODD} EUR: 449.5")
    assert (found["missing_of_orders"].description or "").startswith(f"{ODD} device_id: 1")
