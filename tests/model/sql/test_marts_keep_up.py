"""A mart that lags behind its sources is named, and no other."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.defs import freshness
from pipelines.defs.resources import Warehouse
from pipelines.defs.transform import key_of
from pipelines.manifest import load_manifest

WITHOUT = {"dim_days", "mart_freshness", "mart_shopper_lifetime"}
"""Nothing arrives for a calendar; the others are views of marts that are watched."""
UNSTITCHED = {"dim_identifiers", "dim_people"}
"""Nobody says who is who in this warehouse, so that these are empty though there are clicks."""
BEHIND = (
    "SELECT mart, newest_day, source_day, days_behind FROM marts.mart_freshness WHERE is_behind"
)


@pytest.fixture(scope="module")
def job(built: Client, warehouse: str) -> dg.JobDefinition:
    manifest = load_manifest()
    marts = [dg.AssetSpec(key_of(f"marts.{mart}")) for mart in freshness.marts_of(manifest)]
    definitions = dg.Definitions(
        assets=[*marts, dg.AssetSpec(key_of("marts.mart_freshness"))],
        asset_checks=[freshness.mart_checks(manifest)],
        jobs=[dg.define_asset_job("look", selection=dg.AssetSelection.all_asset_checks())],
        resources={"warehouse": Warehouse(url=warehouse)},
    )
    return definitions.resolve_job_def("look")


def look(job: dg.JobDefinition) -> dict[str, dg.AssetCheckEvaluation]:
    """Return what is said of each mart."""
    run = job.execute_in_process()
    return {each.asset_key.path[-1]: each for each in run.get_asset_check_evaluations()}


def test_every_mart_is_watched_or_has_nothing_to_lag_behind() -> None:
    nodes = load_manifest()["nodes"].values()
    models = [each for each in nodes if each["resource_type"] == "model"]
    tables = {each["name"] for each in models if each["fqn"][1] == "marts"}
    assert set(freshness.marts_of(load_manifest())) == tables - WITHOUT


def test_what_was_built_as_a_whole_keeps_up(built: Client, job: dg.JobDefinition) -> None:
    behind = built.query(BEHIND).result_rows
    assert {row[0]: row[1] for row in behind} == dict.fromkeys(UNSTITCHED)
    found = look(job)
    assert {mart for mart, each in found.items() if not each.passed} == UNSTITCHED
    assert not any(each.blocking for each in found.values())
    days = built.query("SELECT mart, newest_day, source_day FROM marts.mart_freshness").result_rows
    told = {mart: (newest, source) for mart, newest, source in days}
    assert told["fct_orders"] == (date(2018, 1, 1), date(2018, 1, 1))
    assert told["fct_refunds"][0] == told["fct_refunds"][1] > date(2018, 1, 1)
    written = built.query(
        "SELECT count(), countIf(written_at > now() - INTERVAL 1 DAY) FROM marts.mart_freshness "
        "WHERE newest_day IS NOT NULL"
    ).result_rows
    assert written[0][0] == written[0][1] > 25


def test_a_mart_that_lacks_its_newest_days_is_named_and_warns(
    built: Client, job: dg.JobDefinition
) -> None:
    days = ("2017-12-31", "2018-01-01")
    try:
        for day in days:
            built.command(f"ALTER TABLE marts.mart_order_footprint DETACH PARTITION '{day}'")
        behind = {row[0]: row[1:] for row in built.query(BEHIND).result_rows}
        assert set(behind) == {"mart_order_footprint", *UNSTITCHED}
        assert behind["mart_order_footprint"] == (date(2017, 12, 30), date(2018, 1, 1), 2)
        late = {mart: each for mart, each in look(job).items() if not each.passed}
        assert set(late) == {"mart_order_footprint", *UNSTITCHED}
        each = late["mart_order_footprint"]
        assert each.severity is dg.AssetCheckSeverity.WARN
        assert each.description == "it holds days up to 2017-12-30, its sources up to 2018-01-01"
    finally:
        for day in days:
            built.command(f"ALTER TABLE marts.mart_order_footprint ATTACH PARTITION '{day}'")
    assert {row[0] for row in built.query(BEHIND).result_rows} == UNSTITCHED
