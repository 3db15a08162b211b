"""The jobs, and the schedule that computes the day that ended."""

import dagster as dg
from dagster._core.definitions.partitions.partitioned_schedule import (
    UnresolvedPartitionedAssetScheduleDefinition,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

DAILY = "daily"
SHAPE = "shape"
DOCUMENTS = "documents"


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
        DAILY,
        selection=(dg.AssetSelection.all() - dg.AssetSelection.groups(DOCUMENTS))
        | dg.AssetSelection.all_asset_checks(),
        partitions_def=partitions,
        description="dbt, checks, features, training, evaluation and promotion.",
    )


def shaping_job(partitions: dg.PartitionsDefinition[str]) -> UnresolvedAssetJobDefinition:
    """Return the job that computes the tables for a range of days, and trains nothing."""
    everything = dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks()
    return dg.define_asset_job(
        SHAPE,
        selection=everything - dg.AssetSelection.groups("models", "online", DOCUMENTS),
        partitions_def=partitions,
        description="dbt and checks, from raw to marts and features.",
    )


def documents_job(partitions: dg.PartitionsDefinition[str]) -> UnresolvedAssetJobDefinition:
    """Return the job that publishes what was expected of a day and what was found."""
    return dg.define_asset_job(
        DOCUMENTS,
        selection=dg.AssetSelection.groups(DOCUMENTS),
        partitions_def=partitions,
        description="Great Expectations' site.",
    )


def schedule(
    job: UnresolvedAssetJobDefinition, status: dg.DefaultScheduleStatus
) -> UnresolvedPartitionedAssetScheduleDefinition | dg.ScheduleDefinition:
    """Return the schedule that computes each day two hours after it ended."""
    return dg.build_schedule_from_partitioned_job(
        job, name="every_day", hour_of_day=2, default_status=status
    )


def documents_schedule(
    job: UnresolvedAssetJobDefinition, status: dg.DefaultScheduleStatus
) -> UnresolvedPartitionedAssetScheduleDefinition | dg.ScheduleDefinition:
    """Return the schedule that publishes each day's documents once it is computed."""
    return dg.build_schedule_from_partitioned_job(
        job, name="every_day_documents", hour_of_day=4, default_status=status
    )
