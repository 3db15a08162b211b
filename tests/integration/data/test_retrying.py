"""What passes by itself is run again, what does not fails at once; against the real warehouse."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest
import valkey

from pipelines.defs.retrying import by_class
from pipelines.warehouse import connect

HEAVY = "SELECT groupArray(number) FROM numbers(10000000)"
LITTLE = {"max_memory_usage": 1_000_000, "max_untracked_memory": 1}
"""Too little memory for it: ClickHouse's code 241, which passes."""


def run(compute: dg.OpDefinition) -> tuple[bool, int]:
    """Run an op, and return whether it succeeded and how often it was tried again."""

    @dg.job
    def job() -> None:
        compute()

    outcome = job.execute_in_process(raise_on_error=False)
    retried = [e for e in outcome.all_events if e.event_type is dg.DagsterEventType.STEP_RESTARTED]
    return outcome.success, len(retried)


def test_a_query_without_memory_is_asked_again(clickhouse_url: str) -> None:
    tries = iter([LITTLE, LITTLE, {}])

    @dg.op
    def count() -> None:
        with by_class(wait_s=0), connect(clickhouse_url) as client:
            client.query(HEAVY, settings=next(tries))

    assert run(count) == (True, 2)


def test_a_wrong_query_fails_at_once(clickhouse_url: str) -> None:
    @dg.op
    def count() -> None:
        with by_class(wait_s=0), connect(clickhouse_url) as client:
            client.query("SELECT 1 FROM nowhere.nothing")

    assert run(count) == (False, 0)


def test_an_absent_store_is_asked_again_and_then_given_up() -> None:
    @dg.op
    def ask() -> None:
        with by_class(wait_s=0), valkey.Valkey.from_url("redis://127.0.0.1:1/0") as store:
            store.ping()

    assert run(ask) == (False, 3)


CODES = [
    ([("error", "Code: 241. DB::Exception: memory"), ("skipped", None)], 3),
    ([("error", "Code: 241. DB::Exception"), ("error", "Code: 60. DB::Exception")], 0),
    ([("fail", "Got 3 results, configured to fail if != 0")], 0),
    ([("success", "OK")], 0),
]


@pytest.mark.parametrize(("results", "retries"), CODES)
def test_a_run_of_dbt_is_repeated_if_all_of_its_errors_pass(
    tmp_path: Path, results: list[tuple[str, str | None]], retries: int
) -> None:
    told = [{"status": status, "message": message} for status, message in results]
    path = tmp_path / "run_results.json"
    path.write_text(json.dumps({"results": told}))

    @dg.op
    def shape() -> None:
        with by_class(path, wait_s=0):
            raise dg.Failure("dbt build failed")

    assert run(shape) == (False, retries)
