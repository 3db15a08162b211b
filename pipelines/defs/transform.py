"""The dbt project as assets: one per model, all of them partitioned by day."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from pipelines.defs.partitions import BEGINNING, days_of


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
    manifest: Mapping[str, Any], partitions: dg.PartitionsDefinition[str]
) -> list[dg.AssetsDefinition]:
    """Return every dbt model with its tests as checks; a range of days is one dbt run.

    The models of people are a run of their own, since the stitching stands in between.
    """
    return [
        _models("dbt_models", manifest, partitions, exclude=f"resource_type:seed {OF_PEOPLE}"),
        _models("dbt_people", manifest, partitions, select=OF_PEOPLE),
    ]


def _models(
    name: str,
    manifest: Mapping[str, Any],
    partitions: dg.PartitionsDefinition[str],
    *,
    select: str = "fqn:*",
    exclude: str = "",
) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=_ByFolder(),
        name=name,
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        select=select,
        exclude=exclude,
    )
    def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        start, end = days_of(context, partitions)
        days = {"end_date": end.isoformat()}
        if start > BEGINNING:
            days["start_date"] = start.isoformat()
        yield from dbt.cli(["build", "--vars", json.dumps(days)], context=context).stream()

    return dbt_models


def seeds(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """Return the reference tables: emission factors and the mappings onto them."""

    @dbt_assets(
        manifest=manifest,
        select="resource_type:seed",
        name="dbt_seeds",
        dagster_dbt_translator=_ByFolder(),
    )
    def dbt_seeds(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        yield from dbt.cli(["build"], context=context).stream()

    return dbt_seeds
