"""The dbt project as assets: one per model, all of them partitioned by day."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from clickhouse_connect.driver.client import Client
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from pipelines.dbt_command import AT_WORK, environment_of_days
from pipelines.defs.partitions import BEGINNING, days_of
from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.warehouse.client import connect


class _ByFolder(DagsterDbtTranslator):
    """Groups models by their folder, which is also their schema."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return staging, intermediate, marts, features, or reference for seeds."""
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        return str(dbt_resource_props["fqn"][1])


def key_of(table: str) -> dg.AssetKey:
    """Return the asset key of a qualified table name, ``schema.name``."""
    return dg.AssetKey(table.split("."))


OF_PEOPLE = "tag:people"
"""Models that read who is who, which is stitched after the others and before these."""


def models(
    manifest: Mapping[str, Any], partitions: dg.PartitionsDefinition[str], backfill_days: int
) -> list[dg.AssetsDefinition]:
    """Return every dbt model with its tests as checks; a range of days is one dbt run.

    The models of people are a run of their own, since the stitching stands in between. A backfill
    is runs of at most ``backfill_days`` days each, so that one that fails costs only these.
    """
    days = dg.BackfillPolicy.multi_run(backfill_days)
    return [
        _models(
            "dbt_models", manifest, partitions, days, exclude=f"resource_type:seed {OF_PEOPLE}"
        ),
        _models("dbt_people", manifest, partitions, days, select=OF_PEOPLE),
    ]


def _models(
    name: str,
    manifest: Mapping[str, Any],
    partitions: dg.PartitionsDefinition[str],
    backfill: dg.BackfillPolicy,
    *,
    select: str = "fqn:*",
    exclude: str = "",
) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=_ByFolder(),
        name=name,
        partitions_def=partitions,
        backfill_policy=backfill,
        select=select,
        exclude=exclude,
    )
    def dbt_models(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse
    ) -> Iterator[Any]:
        start, end = days_of(context, partitions)
        os.environ.update(environment_of_days(start if start > BEGINNING else None, end))
        yield from _run(context, dbt, warehouse)

    return dbt_models


def _run(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse
) -> Iterator[Any]:
    """Run dbt, and tell of each table beside dbt's seconds how many rows and bytes it has."""
    invocation = dbt.cli(["build", *AT_WORK], context=context)
    results = invocation.target_path / "run_results.json"
    with by_class(results), connect(warehouse.url) as client:
        for event in invocation.stream():
            if isinstance(event, dg.Output):
                asset = context.asset_key_for_output(event.output_name)
                yield event.with_metadata({**event.metadata, **_size(client, asset)})
            else:
                yield event


def _size(client: Client, asset: dg.AssetKey) -> dict[str, int]:
    """Return a table's rows and bytes on disk; nothing of a view."""
    database, table = asset.path
    found = client.query(
        "SELECT total_rows, total_bytes FROM system.tables WHERE database = {database:String} "
        "AND name = {table:String} AND total_rows IS NOT NULL",
        parameters={"database": database, "table": table},
    ).result_rows
    return {"dagster/row_count": int(found[0][0]), "bytes": int(found[0][1])} if found else {}


def seeds(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """Return the reference tables: emission factors and the mappings onto them."""

    @dbt_assets(
        manifest=manifest,
        select="resource_type:seed",
        name="dbt_seeds",
        dagster_dbt_translator=_ByFolder(),
    )
    def dbt_seeds(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse
    ) -> Iterator[Any]:
        yield from _run(context, dbt, warehouse)

    return dbt_seeds
