"""What was simulated, brought through the pipeline: raw tables, dbt, checks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import httpx
from rich.console import Console

from deploy.demo import pipeline
from deploy.demo.arrival import Underway, arrived
from deploy.demo.progress import Stage, stage
from deploy.demo.shoppers.simulate import Plan


def days(plan: Plan) -> tuple[date, date]:
    """Return the first and the last day on which something of a run happens.

    A visit that begins before the last midnight ends after it.
    """
    begins = plan.begins.date()
    return begins, begins + timedelta(days=plan.days)


def settle(environment: Mapping[str, str], console: Console) -> None:
    """Wait until the warehouse has all that was simulated, if there is a warehouse.

    Raises
    ------
    UnsettledError
        If events do not arrive.
    """
    try:
        httpx.get(f"{environment['CLICKHOUSE_URL']}/ping", timeout=10.0).raise_for_status()
    except httpx.HTTPError:
        return
    with stage(console, "wait for the warehouse") as shown:
        asyncio.run(arrived(environment, lambda underway: _tell_underway(shown, underway)))


def shape(plan: Plan, environment: Mapping[str, str], first_day: date, console: Console) -> bool:
    """Compute the simulated days' tables; return whether there was a pipeline to do it.

    Parameters
    ----------
    environment
        Where Dagster is.
    first_day
        First partition of the pipeline; it stands for all time before, too.

    Raises
    ------
    PipelineFailedError
        If the run fails.
    """
    url = environment["DAGSTER_URL"]
    start, last = (max(day, first_day) for day in days(plan))
    if not pipeline.is_up(url):
        console.print("[dim]Dagster is not up: the marts stay as they are[/]")
        return False
    if last >= datetime.now(UTC).date():
        console.print("[dim]days that are not over have no marts: they stay as they are[/]")
        return False
    with stage(console, "dbt and checks: the simulated days") as shown:
        run = pipeline.launch(url, start, last + timedelta(days=1), pipeline.SHAPE)
        pipeline.follow(url, run, lambda progress: _tell_progress(shown, progress))
    return True


def _tell_underway(shown: Stage, underway: Underway) -> None:
    shown.show(0, f"{underway.outbox:,} events in the outbox, {underway.read:,} in the warehouse")


def _tell_progress(shown: Stage, progress: pipeline.Progress) -> None:
    note = ", ".join(progress.running) or progress.status.lower()
    shown.show(progress.steps_done, note[:60], progress.steps)
