"""The expectation suites as blocking asset checks."""

from collections.abc import Callable

import dagster as dg

from pipelines.defs.partitions import days_of
from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.quality import Suite, load_suites


def _check(
    suite: Suite, asset: dg.AssetKey, partitions: dg.PartitionsDefinition[str]
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=f"expectations_{suite.name}",
        description=f"Great Expectations suite {suite.name}, at the boundary {suite.boundary}.",
        blocking=True,
        partitions_def=partitions,
    )
    def expectations(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> dg.AssetCheckResult:
        from pipelines.quality.validate import validate  # takes seconds

        start, end = days_of(context, partitions)
        with by_class():
            report = validate(warehouse.url, suite, start, end)
        broken = {
            f"{i}. {failure.expectation}({failure.column})": failure.observed
            for i, failure in enumerate(report.failures, start=1)
        }
        return dg.AssetCheckResult(
            passed=report.success, metadata={"expectations": report.evaluated, **broken}
        )

    return expectations


def checks(
    key_of: Callable[[str], dg.AssetKey], partitions: dg.PartitionsDefinition[str]
) -> list[dg.AssetChecksDefinition]:
    """Return one blocking check per suite.

    Parameters
    ----------
    key_of
        Asset key of a qualified table name.
    partitions
        The days.
    """
    return [_check(suite, key_of(suite.table), partitions) for suite in load_suites().values()]
