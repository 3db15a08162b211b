"""The Dagster code location, loaded as its daemon does: in a fresh interpreter, nothing up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import json
from pipelines.definitions import defs
graph = defs.resolve_asset_graph()
job = defs.resolve_job_def("daily")
print(json.dumps({
    "assets": [key.to_user_string() for key in graph.get_all_asset_keys()],
    "steps": [node.name for node in job.nodes],
    "schedules": [s.name for s in defs.schedules],
    "sensors": [s.name for s in defs.sensors],
}))
"""


@pytest.fixture(scope="module")
def location() -> dict[str, Any]:
    outcome = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    loaded: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    return loaded


def test_the_graph_reaches_from_the_raw_tables_to_what_is_served(location: dict[str, Any]) -> None:
    assert {
        "raw/orders",
        "marts/fct_orders",
        "marts/mart_order_footprint",
        "features/feat_order_fraud",
        "people/members",
        "marts/dim_people",
        "learned/attribution",
        "online/shopper_features",
        "candidate/fraud",
        "served/recommend",
        "served/fraud",
        "served/demand",
        "served/carbon",
        "candidate/lifetime",
        "served/lifetime",
        "learned/lifetime",
        "marts/mart_shopper_lifetime",
    } <= set(location["assets"])


def test_the_job_runs_dbt_once_before_people_are_stitched_and_once_after(
    location: dict[str, Any],
) -> None:
    assert sorted(step for step in location["steps"] if step.startswith("dbt_")) == [
        "dbt_models",
        "dbt_people",
        "dbt_seeds",
    ]


def test_schedules_and_a_sensor_start_what_runs_and_two_tell(location: dict[str, Any]) -> None:
    assert location["schedules"] == ["every_day", "every_day_documents", "every_hour"]
    assert location["sensors"] == ["late_events", "alerts", "consumer_lag"]
