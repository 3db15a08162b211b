"""Late events have exactly their days rebuilt, by Dagster, from the warehouse's own ledger."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from uuid import uuid4

import dagster as dg
import pytest
from clickhouse_connect.driver.client import Client

from pipelines.defs.automation import DAILY
from pipelines.defs.late import WATERMARK, late_events
from pipelines.defs.partitions import daily
from pipelines.defs.resources import Warehouse
from pipelines.late_days import RETRY_AFTER
from tests.model.sql.journey import COLUMNS

NOW = datetime.now(UTC)
TODAY = NOW.date()
FIRST_DAY = TODAY - timedelta(days=20)
HOUR = timedelta(hours=1)
HALF = timedelta(minutes=30)
BEFORE, OLD, NEXT, LATER = (TODAY - timedelta(days=n) for n in (30, 12, 11, 5))


class Platform:
    """The sensor as the daemon asks it, and a job that writes down which days it computed."""

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url
        self._offsets = count()
        self._cursor: str | None = None
        self.instance = dg.DagsterInstance.ephemeral()
        self.at = NOW
        self.built: list[str] = []
        self.broken = False
        self.told = ""
        partitions = daily(FIRST_DAY)

        @dg.asset(partitions_def=partitions, backfill_policy=dg.BackfillPolicy.single_run())
        def days(context: dg.AssetExecutionContext) -> None:
            if self.broken:
                raise dg.Failure("broken")
            self.built.extend(context.partition_keys)

        job = dg.define_asset_job(DAILY, selection=[days])
        sensor = late_events(job, dg.DefaultSensorStatus.RUNNING, FIRST_DAY, lambda: self.at)
        self.definitions = dg.Definitions(assets=[days], jobs=[job], sensors=[sensor])
        self._sensor = sensor

    def deliver(self, *days: date, token: str = "", ago: timedelta = HALF) -> None:
        """Write an event of each day to the raw table, in one insert."""
        rows = [
            [uuid4(), "product_viewed", 1, datetime.combine(day, time(12), UTC), self.at]
            + ["", "", "{}", "eco.clickstream.v1", 0, next(self._offsets), self.at - ago]
            for day in days
        ]
        self._client.insert(
            "raw.clickstream",
            rows,
            column_names=[*COLUMNS, "ingested_at"],
            settings={
                "insert_deduplication_token": token or uuid4().hex,
                "deduplicate_blocks_in_dependent_materialized_views": 1,
                "async_insert": 0,
            },
        )

    def tick(self) -> list[str]:
        """Ask the sensor, run what it asks for, and return the days that were computed."""
        self.built.clear()
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self._cursor,
            definitions=self.definitions,
            resources={"warehouse": Warehouse(url=self._url)},
        )
        outcome = self._sensor.evaluate_tick(context)
        self._cursor = outcome.cursor
        self.told = outcome.skip_message or ""
        job = self.definitions.resolve_job_def(DAILY)
        for request in outcome.run_requests or ():
            assert WATERMARK in request.tags
            job.execute_in_process(instance=self.instance, tags=request.tags, raise_on_error=False)
        return list(self.built)


@pytest.fixture
def platform(client: Client, url: str) -> Iterator[Platform]:
    client.command("TRUNCATE TABLE raw.clickstream")
    client.command("TRUNCATE TABLE raw.touched_days")
    made = Platform(client, url)
    yield made
    made.instance.dispose()


def test_late_events_of_two_old_days_rebuild_these_two_once(platform: Platform) -> None:
    platform.at = NOW - 6 * HOUR
    platform.deliver(OLD, NEXT, LATER)
    assert platform.tick() == [str(OLD), str(NEXT), str(LATER)]
    assert platform.tick() == []
    assert platform.told == "no day got events after it was built"

    platform.at = NOW - 5 * HOUR
    platform.deliver(OLD, LATER, token="late")
    assert platform.tick() == [str(OLD), str(LATER)]
    platform.at = NOW - 4 * HOUR
    platform.deliver(OLD, LATER, token="late")
    assert platform.tick() == []

    platform.at = NOW - 3 * HOUR
    platform.deliver(LATER, ago=timedelta(minutes=2))
    assert platform.tick() == []
    assert platform.told == f"{LATER}: events still arrive"
    platform.at += timedelta(minutes=9)
    assert platform.tick() == [str(LATER)]


def test_a_failed_run_is_asked_for_again_and_a_successful_one_is_not(platform: Platform) -> None:
    platform.at = NOW - HOUR
    platform.deliver(OLD)
    platform.broken = True
    assert platform.tick() == []
    platform.broken = False
    assert platform.tick() == []
    assert platform.told == f"{OLD}: its build failed 1 times"
    platform.at = datetime.now(UTC) + RETRY_AFTER
    assert platform.tick() == [str(OLD)]
    assert platform.tick() == []
    statuses = [run.status for run in platform.instance.get_runs()]
    assert statuses == [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def test_what_is_older_than_the_first_day_is_told_and_not_rebuilt(platform: Platform) -> None:
    platform.at = NOW - 2 * HOUR
    platform.deliver(BEFORE)
    assert platform.tick() == []
    assert f"events of 1 days ({BEFORE} to {BEFORE}) precede the first day" in platform.told
    platform.at += HOUR
    platform.deliver(BEFORE, FIRST_DAY)
    assert platform.tick() == [str(FIRST_DAY)]


def test_a_day_that_a_run_of_another_origin_computed_is_not_asked_for(platform: Platform) -> None:
    platform.at = NOW - HOUR
    platform.deliver(OLD, LATER)
    job = platform.definitions.resolve_job_def(DAILY)
    assert job.execute_in_process(instance=platform.instance, partition_key=str(OLD)).success
    assert platform.tick() == [str(LATER)]
