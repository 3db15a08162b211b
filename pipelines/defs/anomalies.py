"""Volumes and distributions of a day beside the same weekdays before, as asset checks."""

from collections.abc import Callable, Iterator
from datetime import date

import dagster as dg

from pipelines.defs import raw
from pipelines.defs.partitions import days_of
from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.quality.anomalies import Judgement, look
from pipelines.quality.monitors import Monitor, load_monitors
from pipelines.warehouse.client import connect
from storefront_api.events import Topic

PREFIX = "as_usual_"
NAMED = 20
"""Anomalies that a check's page lists."""
_MODULES = tuple(topic.module for topic in Topic)


def _keys(
    monitor: Monitor, key_of: Callable[[str], dg.AssetKey]
) -> dict[dg.AssetKey, tuple[str, ...]]:
    """Return the assets that a monitor checks, with those keys that are theirs; () for all."""
    if monitor.of_each_raw_table:
        return {raw.key_of(topic): (topic.module,) for topic in Topic}
    return {key_of(monitor.table): ()}


def checks(
    key_of: Callable[[str], dg.AssetKey],
    partitions: dg.PartitionsDefinition[str],
    first_day: date,
) -> list[dg.AssetChecksDefinition]:
    """Return a step for the monitors of the raw tables, and one for those of the marts.

    Parameters
    ----------
    key_of
        Asset key of a qualified table name.
    partitions
        The days.
    first_day
        Days before it are history that is loaded along, and not judged.
    """
    monitors = load_monitors()
    of_raw = [m for m in monitors if m.table.startswith("raw.")]
    of_marts = [m for m in monitors if m not in of_raw]
    return [
        _step("raw_as_usual", of_raw, key_of, partitions, first_day),
        _step("marts_as_usual", of_marts, key_of, partitions, first_day),
    ]


def _step(
    name: str,
    monitors: list[Monitor],
    key_of: Callable[[str], dg.AssetKey],
    partitions: dg.PartitionsDefinition[str],
    first_day: date,
) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            name=f"{PREFIX}{monitor.name}",
            asset=asset,
            blocking=True,
            partitions_def=partitions,
            description=f"{monitor.name} of each day is in the band of the same weekdays before. "
            f"Else a warning; an error, which blocks, beyond {monitor.error_beyond:g} times.",
        )
        for monitor in monitors
        for asset in _keys(monitor, key_of)
    ]

    @dg.multi_asset_check(name=name, specs=specs, can_subset=True)
    def as_usual(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        start, end = days_of(context, partitions)
        with by_class(), connect(warehouse.url) as client:
            for monitor in monitors:
                wanted = {
                    asset: keys
                    for asset, keys in _keys(monitor, key_of).items()
                    if dg.AssetCheckKey(asset, f"{PREFIX}{monitor.name}")
                    in context.selected_asset_check_keys
                }
                if not wanted:
                    continue
                judged = look(client, monitor, max(start, first_day), end, _MODULES)
                for asset, keys in wanted.items():
                    yield _result(monitor, asset, [judged.get(k, []) for k in keys or judged])

    return as_usual


def _result(
    monitor: Monitor, asset: dg.AssetKey, judged: list[list[Judgement]]
) -> dg.AssetCheckResult:
    days = [each for of_key in judged for each in of_key]
    odd = sorted((d for d in days if d.is_anomaly), key=lambda d: (not d.is_error, d.day, d.key))
    latest = max((each.day for each in days), default=None)
    shown = odd[:NAMED] or [each for each in days if each.day == latest][:NAMED]
    lines = [f"| {d.day} | {d.key} | {d.value:g} | {d.low:.4g} to {d.high:.4g} |" for d in shown]
    return dg.AssetCheckResult(
        check_name=f"{PREFIX}{monitor.name}",
        asset_key=asset,
        passed=not odd,
        severity=dg.AssetCheckSeverity.ERROR
        if any(each.is_error for each in odd)
        else dg.AssetCheckSeverity.WARN,
        description="; ".join(
            f"{d.day} {d.key}: {d.value:g}, expected {d.low:.4g} to {d.high:.4g}"
            for d in odd[:NAMED]
        ),
        metadata={
            "judged": len(days),
            "anomalies": len(odd),
            "bands": dg.MetadataValue.md(
                "\n".join(["| day | key | observed | expected |", "| - | - | - | - |", *lines])
            ),
        },
    )
