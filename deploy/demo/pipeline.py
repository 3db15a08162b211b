"""Starting the Dagster job and following it, over Dagster's GraphQL API."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import stamina

DAILY = "daily"
"""Everything, from the raw tables to the served models."""
SHAPE = "shape"
"""The tables alone; nothing is trained."""
LOCATION = "pipelines.definitions"
REPOSITORY = "__repository__"
POLL_S = 3.0
"""Dagster adds up all events of a run for each answer, which takes from what the run has."""
TIMEOUT_S = 300.0
"""Dagster loads the code anew for what is asked first, which takes long on a busy machine."""
_LAUNCH = """
mutation ($job: String!, $location: String!, $repository: String!, $tags: [ExecutionTag!]!) {
  launchRun(executionParams: {
    selector: {
      jobName: $job, repositoryLocationName: $location, repositoryName: $repository
    }
    executionMetadata: {tags: $tags}
  }) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
_STATUS = """
query ($run: ID!) {
  runOrError(runId: $run) {
    ... on Run { status stepStats { stepKey status } }
    ... on PythonError { message }
  }
}
"""
_FAILURES = """
query ($run: ID!, $after: String) {
  logsForRun(runId: $run, afterCursor: $after) {
    ... on EventConnection {
      cursor
      hasMore
      events {
        __typename
        ... on ExecutionStepFailureEvent { stepKey error { message causes { message } } }
        ... on RunFailureEvent { message }
      }
    }
  }
}
"""


class PipelineFailedError(RuntimeError):
    """A run did not succeed; the message names its steps and their errors."""


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    status: str
    steps_done: int
    steps: int
    running: tuple[str, ...]


@stamina.retry(on=httpx.TransportError, attempts=5)
def _ask(url: str, query: str, variables: dict[str, Any]) -> Any:
    response = httpx.post(
        f"{url}/graphql", json={"query": query, "variables": variables}, timeout=TIMEOUT_S
    )
    response.raise_for_status()
    answer = response.json()
    if answer.get("errors"):
        raise PipelineFailedError(str(answer["errors"])[:2000])
    return answer["data"]


def is_up(url: str) -> bool:
    """Return whether there is a Dagster at an address."""
    try:
        return httpx.get(f"{url}/server_info", timeout=10.0).is_success
    except httpx.TransportError:
        return False


def launch(url: str, start: date, end: date, job: str = DAILY) -> str:
    """Start a job for the days ``[start, end)`` and return the run's id.

    Raises
    ------
    PipelineFailedError
        If Dagster does not take it.
    """
    last = end - timedelta(days=1)
    tags = [
        {"key": "dagster/asset_partition_range_start", "value": start.isoformat()},
        {"key": "dagster/asset_partition_range_end", "value": last.isoformat()},
    ]
    variables = {"job": job, "location": LOCATION, "repository": REPOSITORY, "tags": tags}
    launched = _ask(url, _LAUNCH, variables)["launchRun"]
    if launched["__typename"] != "LaunchRunSuccess":
        raise PipelineFailedError(f"the job {job} was not started: {launched}")
    return str(launched["run"]["runId"])


def follow(url: str, run: str, on_progress: Callable[[Progress], None]) -> None:
    """Wait for a run to end.

    Raises
    ------
    PipelineFailedError
        If it fails.
    """
    while True:
        found = _ask(url, _STATUS, {"run": run})["runOrError"]
        stats = found.get("stepStats") or []
        over = [s for s in stats if s["status"] in {"SUCCESS", "FAILURE", "SKIPPED"}]
        running = tuple(s["stepKey"] for s in stats if s["status"] == "IN_PROGRESS")
        on_progress(Progress(found["status"], len(over), len(stats), running))
        if found["status"] == "SUCCESS":
            return
        if found["status"] in {"FAILURE", "CANCELED"}:
            raise PipelineFailedError(_why(url, run))
        time.sleep(POLL_S)


def _why(url: str, run: str) -> str:
    reasons = []
    after: str | None = None
    while True:
        page = _ask(url, _FAILURES, {"run": run, "after": after})["logsForRun"]
        for event in page["events"]:
            if event["__typename"] == "ExecutionStepFailureEvent":
                error = event["error"] or {"message": "", "causes": []}
                causes = [cause["message"] for cause in error["causes"]]
                message = " ".join([error["message"], *causes])
                reasons.append(f"{event['stepKey']}: {message.strip()[:1500]}")
        if not page["hasMore"]:
            break
        after = page["cursor"]
    return f"run {run} failed: " + ("; ".join(reasons) or "see its page in Dagster")
