"""The site of what was expected of each day and what was found."""

from pathlib import Path

import dagster as dg

from pipelines.defs.automation import DOCUMENTS
from pipelines.defs.partitions import days_of
from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of
from pipelines.quality import load_suites


def assets(partitions: dg.PartitionsDefinition[str], folder: Path) -> list[dg.AssetsDefinition]:
    """Return the site as an asset; a job of its own publishes it, since it validates all again.

    Parameters
    ----------
    folder
        Where the site is.
    """
    suites = load_suites()

    @dg.asset(
        key=dg.AssetKey(["quality", "data_docs"]),
        deps=[key_of(table) for table in dict.fromkeys(s.table for s in suites.values())],
        group_name=DOCUMENTS,
        kinds={"greatexpectations"},
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        description="Great Expectations' site: every suite over the days of the run.",
    )
    def data_docs(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> dg.MaterializeResult[None]:
        from pipelines.quality.docs import publish_docs  # takes seconds

        start, end = days_of(context, partitions)
        with by_class():
            index = publish_docs(warehouse.url, suites.values(), start, end, folder)
        return dg.MaterializeResult(
            metadata={"site": dg.MetadataValue.url(index.resolve().as_uri()), "suites": len(suites)}
        )

    return [data_docs]
