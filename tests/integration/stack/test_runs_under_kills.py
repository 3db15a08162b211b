"""A run goes on when the daemon is killed, and is done again when it is killed itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import psutil
import pytest

from deploy.demo.pipeline import SHAPE, follow
from deploy.local import processes
from deploy.local.settings import Port
from deploy.local.stack import Stack
from pipelines.warehouse import connect
from tests.model.sql.journey import journey, load

pytestmark = pytest.mark.timeout(600)

SERVICES = ("warehouse", "dagster-daemon", "dagster-webserver")
DAY = "2017-12-20"
ASSETS = (
    *("staging/stg_orders__completed", "staging/stg_orders__refunded"),
    *("staging/stg_orders__cancelled", "staging/stg_clickstream__clicks"),
    *("staging/stg_raw__days", "staging/stg_raw__dead_letters"),
    *("quarantine/quarantined_orders", "quarantine/quarantined_clicks"),
    *("intermediate/int_staged_days", "intermediate/int_unusable_days"),
    "marts/mart_data_quality",
)
LAUNCH = """
mutation ($selector: JobOrPipelineSelector!, $tags: [ExecutionTag!]!) {
  launchRun(executionParams: {selector: $selector, executionMetadata: {tags: $tags}}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}
"""
RUNS = "{ runsOrError { ... on Runs { results { runId parentRunId } } } }"
Until = Callable[[Callable[[], bool], str], None]


class Dagster:
    """The stack's Dagster, and the warehouse that it works on."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.url = f"http://127.0.0.1:{stack.settings.port(Port.DAGSTER)}"

    def ask(self, query: str, **variables: Any) -> Any:
        """Return what Dagster answers."""
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, timeout=120).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def launch(self) -> str:
        """Start a run of a day and return its id."""
        selector = {
            "jobName": SHAPE,
            "repositoryLocationName": "pipelines.definitions",
            "repositoryName": "__repository__",
            "assetSelection": [{"path": asset.split("/")} for asset in ASSETS],
        }
        tags = [{"key": "dagster/partition", "value": DAY}]
        launched = self.ask(LAUNCH, selector=selector, tags=tags)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def dbt_of(self) -> list[psutil.Process]:
        """Return the dbt that runs in this stack, if one does."""
        mine = self.stack.environment()["DAGSTER_HOME"]
        found = []
        for process in psutil.process_iter(["cmdline"]):
            if "build" not in (process.info["cmdline"] or []):
                continue
            try:
                if process.environ().get("DAGSTER_HOME") == mine:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def retry_of(self, run: str) -> list[str]:
        """Return the runs that do a run again."""
        runs = self.ask(RUNS)["runsOrError"]["results"]
        return [each["runId"] for each in runs if each["parentRunId"] == run]

    def accounted_for(self) -> bool:
        """Tell whether the mart has every event of the day, staged."""
        with connect(self.stack.environment()["CLICKHOUSE_URL"]) as client:
            rows = client.query(
                "SELECT source, sum(events), sum(staged) FROM marts.mart_data_quality "
                f"WHERE day = '{DAY}' AND source IN ('orders', 'clickstream') GROUP BY source"
            ).result_rows
            (raw,) = client.query(
                f"SELECT count() FROM raw.clickstream WHERE toDate(occurred_at) = '{DAY}'"
            ).result_rows
        told = {source: (events, staged) for source, events, staged in rows}
        return bool(told["clickstream"] == (raw[0], raw[0]) and raw[0] and told["orders"][1])


@pytest.fixture(scope="module")
def dagster(own: Stack) -> Dagster:
    own.up(SERVICES)
    with connect(own.environment()["CLICKHOUSE_URL"]) as client:
        load(client, journey(every=100, since=date(2017, 12, 15)))
    return Dagster(own)


def test_a_run_goes_on_when_the_daemon_is_killed_under_it(dagster: Dagster, until: Until) -> None:
    run = dagster.launch()
    until(lambda: bool(dagster.dbt_of()), "dbt runs")
    dagster.stack.kill("dagster-daemon")
    dagster.stack.up(SERVICES)
    follow(dagster.url, run, lambda _: None)
    assert dagster.accounted_for()


def test_a_run_that_is_killed_itself_is_done_again(dagster: Dagster, until: Until) -> None:
    run = dagster.launch()
    until(lambda: bool(dagster.dbt_of()), "dbt runs")
    (dbt,) = dagster.dbt_of()
    worker = dbt.parent()
    assert worker is not None
    assert worker.pid != os.getpid()
    for process in (worker, dbt):
        process.kill()
    processes.wait_ended([worker, dbt], 30)
    until(lambda: bool(dagster.retry_of(run)), "the daemon does it again")
    (again,) = dagster.retry_of(run)
    follow(dagster.url, again, lambda _: None)
    assert dagster.accounted_for()
