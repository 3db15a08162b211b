"""A run goes on when what started it is killed, and is done again when it is killed itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psutil
import pytest

from deploy.demo.pipeline import SHAPE, follow
from deploy.local import processes
from deploy.local.settings import Port
from deploy.local.stack import Stack
from pipelines.warehouse import connect
from tests.integration import plain
from tests.model.sql.journey import COLUMNS

pytestmark = pytest.mark.timeout(600)

SERVICES = ("warehouse", "dagster-code", "dagster-daemon", "dagster-webserver")
DAY = "2017-12-20"
NOON = datetime(2017, 12, 20, 12, tzinfo=UTC)
ASSETS = ("staging/stg_fulfilment__shipments", "marts/mart_deliveries")
PARCELS = 500
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
        answer = plain.post(f"{self.url}/graphql", json=body, timeout=120).json()
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

    def send(self, first: int) -> None:
        """Write that parcels were set aside, numbered from one on."""
        rows = [
            [
                UUID(int=n),
                "shipment_created",
                1,
                NOON,
                NOON,
                "",
                "",
                "{}",
                "eco.fulfilment.v1",
                0,
                n,
            ]
            for n in range(first, first + PARCELS)
        ]
        with connect(self.stack.environment()["CLICKHOUSE_URL"]) as client:
            client.insert("raw.fulfilment", rows, column_names=COLUMNS)

    def sent(self) -> int:
        """Return how many parcels the mart has."""
        with connect(self.stack.environment()["CLICKHOUSE_URL"]) as client:
            query = f"SELECT sum(created) FROM marts.mart_deliveries WHERE happened_on = '{DAY}'"
            return int(client.query(query).result_rows[0][0])


@pytest.fixture(scope="module")
def dagster(own: Stack) -> Dagster:
    own.up(SERVICES)
    return Dagster(own)


def test_a_run_goes_on_when_what_started_it_is_killed(dagster: Dagster, until: Until) -> None:
    dagster.send(1)
    run = dagster.launch()
    until(lambda: bool(dagster.dbt_of()), "dbt runs")
    for service in ("dagster-daemon", "dagster-code"):
        dagster.stack.kill(service)
    dagster.stack.up(SERVICES)
    follow(dagster.url, run, lambda _: None)
    assert dagster.sent() == PARCELS


def test_a_run_that_is_killed_itself_is_done_again(dagster: Dagster, until: Until) -> None:
    dagster.send(1 + PARCELS)
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
    assert dagster.sent() == 2 * PARCELS
