"""What starts a run: a schedule for the day that ended, a sensor for days that changed late."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import dagster as dg
from dagster._core.definitions.partitions.partitioned_schedule import (
    UnresolvedPartitionedAssetScheduleDefinition,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from pipelines.defs.resources import Warehouse

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
QUIET_FOR = timedelta(minutes=10)
"""A touched day is rebuilt once no event has been written to it for this long."""


def schedule_status(switched_on: bool) -> dg.DefaultScheduleStatus:
    """Return the status that the schedule starts with."""
    status = dg.DefaultScheduleStatus
    return status.RUNNING if switched_on else status.STOPPED


def sensor_status(switched_on: bool) -> dg.DefaultSensorStatus:
    """Return the status that the sensor starts with."""
    status = dg.DefaultSensorStatus
    return status.RUNNING if switched_on else status.STOPPED


def daily_job(partitions: dg.PartitionsDefinition[str]) -> UnresolvedAssetJobDefinition:
    """Return the job that computes everything for a range of days, from raw to served."""
    return dg.define_asset_job(
        "daily",
        selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
        partitions_def=partitions,
        description="dbt, checks, features, training, evaluation and promotion.",
    )


def shaping_job(partitions: dg.PartitionsDefinition[str]) -> UnresolvedAssetJobDefinition:
    """Return the job that computes the tables for a range of days, and trains nothing."""
    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    return dg.define_asset_job(
        "shape",
        selection=everything - dg.AssetSelection.groups("models", "online"),
        partitions_def=partitions,
        description="dbt and checks, from raw to marts and features.",
    )


def contiguous(days: list[date]) -> list[tuple[date, date]]:
    """Group sorted days into ranges of neighbours, both ends included."""
    if not days:
        return []
    breaks = [i for i, (a, b) in enumerate(pairwise(days), start=1) if b - a > timedelta(days=1)]
    edges = [0, *breaks, len(days)]
    return [(days[i], days[j - 1]) for i, j in pairwise(edges)]


def schedule(
    job: UnresolvedAssetJobDefinition, status: dg.DefaultScheduleStatus
) -> UnresolvedPartitionedAssetScheduleDefinition | dg.ScheduleDefinition:
    """Return the schedule that computes each day two hours after it ended."""
    return dg.build_schedule_from_partitioned_job(
        job, name="every_day", hour_of_day=2, default_status=status
    )


def late_events(
    job: UnresolvedAssetJobDefinition, status: dg.DefaultSensorStatus
) -> dg.SensorDefinition:
    """Return the sensor that rebuilds exactly the days which late events touched."""

    @dg.sensor(
        job=job,
        name="late_events",
        minimum_interval_seconds=60,
        default_status=status,
        description="Rebuilds the past days that events were written to since the last look.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, warehouse: Warehouse
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        since = context.cursor or "1970-01-01T00:00:00+00:00"
        until = datetime.now(UTC) - QUIET_FOR
        rows = warehouse.rows(
            "SELECT DISTINCT day FROM raw.touched_days "
            "WHERE ingested_at > {since:DateTime64(3, 'UTC')} "
            "AND ingested_at <= {until:DateTime64(3, 'UTC')} AND day < today('UTC') ORDER BY day",
            {"since": datetime.fromisoformat(since), "until": until},
        )
        if not rows:
            yield dg.SkipReason("no past day was touched")
            return
        for start, end in contiguous([row[0] for row in rows]):
            yield dg.RunRequest(
                run_key=json.dumps([str(start), str(end), until.isoformat()]),
                tags={RANGE_START: start.isoformat(), RANGE_END: end.isoformat()},
            )
        context.update_cursor(until.isoformat())

    return sensor
