"""The marts beside the store's ledger, as a check of each range of days."""

import asyncio
from collections.abc import Callable
from datetime import date

import dagster as dg

from pipelines.defs.partitions import days_of
from pipelines.defs.resources import Ledger, Warehouse
from pipelines.reconciling import Outcome, UnreachableError, reconcile
from pipelines.reconciling.subjects import SUBJECTS

NAMED = 20
"""Differences of a subject that are named, the first ones."""


def check(
    key_of: Callable[[str], dg.AssetKey],
    partitions: dg.PartitionsDefinition[str],
    first_day: date,
) -> dg.AssetChecksDefinition:
    """Return the check that every money mart has what the ledger has, to the cent.

    It does not block: a difference is named and alerts, while what does not depend on that order
    goes on.

    Parameters
    ----------
    key_of
        Asset key of a qualified table name.
    partitions
        The days.
    first_day
        Before it is history that the store never saw, and that is not compared.
    """
    tables = list(dict.fromkeys(subject.table for subject in SUBJECTS))

    @dg.asset_check(
        asset=key_of("marts.mart_vendor_sales"),
        additional_deps=[key_of(t) for t in tables if t != "marts.mart_vendor_sales"],
        name="reconciles_with_the_ledger",
        description="Orders, payments, refunds, commission and payouts equal the store's ledger.",
        partitions_def=partitions,
    )
    def reconciles(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse, ledger: Ledger
    ) -> dg.AssetCheckResult:
        start, end = days_of(context, partitions)
        try:
            outcomes = asyncio.run(reconcile(ledger.url, warehouse.url, max(start, first_day), end))
        except UnreachableError as error:
            return dg.AssetCheckResult(
                passed=False, severity=dg.AssetCheckSeverity.WARN, description=str(error)
            )
        return _result(outcomes)

    return reconciles


def _result(outcomes: list[Outcome]) -> dg.AssetCheckResult:
    differing = [outcome for outcome in outcomes if not outcome.equal]
    return dg.AssetCheckResult(
        passed=not differing,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(f"{o.subject}: {len(o.differences)} differ" for o in differing),
        metadata={
            **{o.subject: o.ledger.minor for o in outcomes},
            **{
                f"{o.subject} that differ": dg.MetadataValue.md(
                    "\n".join(f"- {difference}" for difference in o.differences[:NAMED])
                )
                for o in differing
            },
        },
    )
