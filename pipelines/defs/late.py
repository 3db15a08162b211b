"""The sensor that rebuilds the days which got events after they were last built."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from pipelines.defs.automation import DAILY, SHAPE
from pipelines.defs.resources import Warehouse
from pipelines.late_days import SETTLED_AFTER, Build, Decision, Outcome, Touch, decide

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
WATERMARK = "ecomarket/ingest_watermark"
"""Tag of a run: all that was ingested up to then is in what it builds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OUTCOMES: dict[dg.DagsterRunStatus, Outcome] = {
    dg.DagsterRunStatus.SUCCESS: "built",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "failed",
}


def _now() -> datetime:
    return datetime.now(UTC)


def late_events(
    job: UnresolvedAssetJobDefinition | dg.JobDefinition,
    status: dg.DefaultSensorStatus,
    first_day: date,
    now: Callable[[], datetime] = _now,
) -> dg.SensorDefinition:
    """Return the sensor that rebuilds exactly the days which late events touched.

    Parameters
    ----------
    job
        What it asks for.
    status
        Whether it starts switched on.
    first_day
        First day that is computed on its own; events before it are told, not rebuilt.
    now
        The clock.
    """

    @dg.sensor(
        job=job,
        name="late_events",
        minimum_interval_seconds=60,
        default_status=status,
        description="Rebuilds the past days that got events after they were last built.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, warehouse: Warehouse
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        at = now()
        since = datetime.fromisoformat(context.cursor) if context.cursor else _EPOCH
        decision = decide(
            _touches(warehouse, since, at), _builds(context.instance, since), first_day, at
        )
        watermark = (at - SETTLED_AFTER).isoformat()
        told = _told(decision, first_day)
        for start, end in decision.ranges:
            yield dg.RunRequest(
                run_key=json.dumps([start.isoformat(), end.isoformat(), watermark]),
                tags={
                    RANGE_START: start.isoformat(),
                    RANGE_END: end.isoformat(),
                    WATERMARK: watermark,
                },
            )
        if not decision.ranges:
            yield dg.SkipReason(told)
        elif decision.before:
            context.log.warning(told)
        context.update_cursor(max(since, decision.settled).isoformat())

    return sensor


def _touches(warehouse: Warehouse, since: datetime, now: datetime) -> list[Touch]:
    rows = warehouse.rows(
        "SELECT day, toUnixTimestamp64Milli(min(ingested_at)),"
        " toUnixTimestamp64Milli(max(ingested_at)) FROM raw.touched_days "
        "WHERE ingested_at > {since:DateTime64(3, 'UTC')} AND day <= {today:Date} "
        "GROUP BY day, toStartOfMinute(ingested_at)",
        {"since": since, "today": now.date()},
    )
    return [Touch(day, _instant(first), _instant(last)) for day, first, last in rows]


def _instant(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _builds(instance: dg.DagsterInstance, since: datetime) -> list[Build]:
    """Return the runs that compute days; what ended before a touch cannot hold it."""
    found = []
    for record in (
        *instance.get_run_records(dg.RunsFilter(updated_after=since)),
        *instance.get_run_records(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)),
    ):
        run = record.dagster_run
        start = run.tags.get(RANGE_START, run.tags.get(PARTITION))
        if run.job_name not in {DAILY, SHAPE} or start is None:
            continue
        end = run.tags.get(RANGE_END, start)
        begun = _EPOCH + timedelta(seconds=record.start_time or record.create_timestamp.timestamp())
        mark = run.tags.get(WATERMARK)
        found.append(
            Build(
                date.fromisoformat(start),
                date.fromisoformat(end),
                _OUTCOMES.get(run.status, "running"),
                datetime.fromisoformat(mark) if mark else begun - SETTLED_AFTER,
                _EPOCH + timedelta(seconds=record.end_time or record.update_timestamp.timestamp()),
            )
        )
    return found


def _told(decision: Decision, first_day: date) -> str:
    waiting = [f"{day}: {reason}" for day, reason in decision.waiting.items()]
    before = []
    if decision.before:
        days = f"{decision.before[0]} to {decision.before[-1]}"
        before = [
            f"events of {len(decision.before)} days ({days}) precede the first day {first_day}, "
            "which holds them all; whoever wants them in rebuilds that day"
        ]
    return "; ".join([*before, *waiting]) or "no day got events after it was built"
