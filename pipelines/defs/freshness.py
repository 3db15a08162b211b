"""Whether sources still arrive and marts keep up with them, as asset checks.

What dbt's sources declare holds here too, and so does what its variable `mart_freshness` promises.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of
from pipelines.quality.freshness import Freshness, declared

NAME = "arrives"
KEEPS_UP = "keeps_up"
MART = "mart_freshness"
_FRESHNESS = (
    "SELECT mart, is_behind, newest_day, source_day, days_behind, allowed_days, written_at "
    f"FROM marts.{MART}"
)
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


def marts_of(manifest: Mapping[str, Any]) -> list[str]:
    """Return the marts whose freshness dbt computes, in order."""
    parents = manifest["nodes"][f"model.ecomarket.{MART}"]["depends_on"]["nodes"]
    marts = (manifest["nodes"][name] for name in parents)
    return sorted(node["name"] for node in marts if node["schema"] == "marts")


def mart_checks(manifest: Mapping[str, Any]) -> dg.AssetChecksDefinition:
    """Return the step that warns of each mart which lacks days that its sources have.

    Parameters
    ----------
    manifest
        dbt's.
    """
    specs = [
        dg.AssetCheckSpec(
            name=KEEPS_UP,
            asset=key_of(f"marts.{mart}"),
            additional_deps=[key_of(f"marts.{MART}")],
            description="It holds the newest day, of those that are over, of what it is made of.",
        )
        for mart in marts_of(manifest)
    ]

    @dg.multi_asset_check(name="marts_keep_up", specs=specs, can_subset=True)
    def marts_keep_up(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        with by_class():
            [is_built] = warehouse.row(f"EXISTS TABLE marts.{MART}")
            rows = warehouse.rows(_FRESHNESS) if is_built else []
        found = {key_of(f"marts.{row[0]}"): row[1:] for row in rows}
        for check in sorted(context.selected_asset_check_keys):
            if is_built:
                yield _compare(check.asset_key, *found[check.asset_key])
            else:
                yield _unknown(check.asset_key)

    return marts_keep_up


def _unknown(asset: dg.AssetKey) -> dg.AssetCheckResult:
    """Return that nobody knows: a run of some marts came before the first run of all of them."""
    return dg.AssetCheckResult(
        check_name=KEEPS_UP,
        asset_key=asset,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"marts.{MART}, by which it is judged, is not built yet",
    )


def _compare(
    asset: dg.AssetKey,
    is_behind: int,
    newest: date | None,
    due: date | None,
    behind: int | None,
    allowed: int,
    written: datetime | None,
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=KEEPS_UP,
        asset_key=asset,
        passed=not is_behind,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"it holds days up to {newest}, its sources up to {due}",
        metadata={
            "days_behind": behind,
            "allowed_days": allowed,
            "written_at": written.isoformat() if written else None,
        },
    )
