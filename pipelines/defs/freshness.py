"""Whether sources still arrive, as asset checks; what dbt's sources declare holds here too."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of
from pipelines.quality.freshness import Freshness, declared

NAME = "arrives"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


def checks(
    manifest: Mapping[str, Any], now: Callable[[], datetime] = _now
) -> dg.AssetChecksDefinition:
    """Return the step that looks at every source which promises something; it blocks nothing.

    An arrival's age is counted from when it was ingested, not from when it happened: history that
    is loaded today is fresh.

    Parameters
    ----------
    manifest
        dbt's.
    now
        The clock.
    """
    promises = {key_of(each.table): each for each in declared(manifest)}
    specs = [
        dg.AssetCheckSpec(
            name=NAME,
            asset=asset,
            description=f"Something arrived within {each.warn_after}; an error after "
            f"{each.error_after}.",
        )
        for asset, each in promises.items()
    ]

    @dg.multi_asset_check(name="sources_arrive", specs=specs, can_subset=True)
    def sources_arrive(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        with by_class():
            for check in sorted(context.selected_asset_check_keys):
                yield _look(warehouse, promises[check.asset_key], check.asset_key, now())

    return sources_arrive


def _look(
    warehouse: Warehouse, promise: Freshness, asset: dg.AssetKey, now: datetime
) -> dg.AssetCheckResult:
    (milliseconds,) = warehouse.row(
        f"SELECT toUnixTimestamp64Milli(max({promise.loaded_at})) FROM {promise.table}"
    )
    latest = _EPOCH + timedelta(milliseconds=milliseconds) if milliseconds else None
    verdict = promise.judge(latest, now)
    dead = verdict == "dead"
    return dg.AssetCheckResult(
        check_name=NAME,
        asset_key=asset,
        passed=verdict == "fresh",
        severity=dg.AssetCheckSeverity.ERROR if dead else dg.AssetCheckSeverity.WARN,
        description=f"the latest arrived {latest:%F %T} UTC" if latest else "nothing ever arrived",
        metadata={"age_seconds": (now - latest).total_seconds() if latest else None},
    )
