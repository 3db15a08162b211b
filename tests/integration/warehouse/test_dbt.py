"""dbt's operations on the front: built, built again with changes, and built anew."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.warehouse.conftest import Warehouse
from tests.integration.warehouse.dbt_project import RUNNER, write_project


@pytest.mark.timeout(600)
def test_a_project_builds_twice_and_with_a_full_refresh(
    warehouse: Warehouse, database: str, tmp_path: Path
) -> None:
    write_project(tmp_path, warehouse.port, database)
    warehouse.sql("CREATE TABLE events (id Int64, name String) ORDER BY id", database=database)
    warehouse.sql("INSERT INTO events VALUES (1, 'a')", database=database)
    place = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path), "--quiet"]
    changed = ["--vars", "changed: 10"]
    runs = [
        ["build", *place],
        ["build", *place, *changed],
        ["docs", "generate", *place],
        ["build", "--full-refresh", *place],
    ]
    after: list[dict[str, str]] = []
    for arguments in (runs[:1], runs[1:3], runs[3:]):
        for run in _run(tmp_path, arguments):
            failed = {k: v for k, v in run["nodes"].items() if v.split()[0] in ("error", "fail")}
            assert run["success"], (run["error"], failed)
        if len(after) == 0:
            warehouse.sql("INSERT INTO events VALUES (2, 'b')", database=database)
        after.append({name: warehouse.sql(ask, database=database) for name, ask in ASK.items()})
    first, second, third = after
    assert first == {
        "as_table": "1\tred\t1\n2\tgreen\t2\n3\tblue\t3",
        "by_key": "1\t1\n2\t2\n3\t3",
        "by_partition": "1\t1\n2\t2\n3\t3",
        "appended": "3\t6",
        "mv": "A\nB",
        "contracted": "UInt32\tString",
        "snap": "3\t0",
    }
    assert second == first | {
        "as_table": "1\tred\t11\n2\tgreen\t12\n3\tblue\t13",
        "by_key": "1\t1\n2\t12\n3\t13",
        "by_partition": "1\t1\n2\t2\n3\t13",
        "appended": "6\t42",
        "snap": "6\t3",
    }
    assert third == first | {"snap": "9\t6"}
    catalog = json.loads((tmp_path / "target" / "catalog.json").read_text())
    assert catalog["nodes"]["model.small.as_table"]["columns"]["id"]["type"] == "Int32"
    comment = "SELECT comment FROM system.tables WHERE database = '{}' AND name = 'as_table'"
    assert warehouse.sql(comment.format(database)) == "One row per colour."
    might_be_null = ["build", *place, "--select", "broken", "--vars", "broken: true"]
    (refused,) = _run(tmp_path, [might_be_null])
    assert not refused["success"]
    assert "data type mismatch" in refused["nodes"]["broken"]


ASK = {
    "as_table": "SELECT id, name, weight FROM as_table ORDER BY id",
    "by_key": "SELECT id, weight FROM by_key ORDER BY id",
    "by_partition": "SELECT id, weight FROM by_partition ORDER BY id",
    "appended": "SELECT count(), sum(weight) FROM appended",
    "mv": "SELECT loud FROM mv ORDER BY id",
    "contracted": "SELECT toTypeName(id), toTypeName(name) FROM contracted LIMIT 1",
    "snap": "SELECT count(), countIf(dbt_valid_to IS NOT NULL) FROM snap",
}


def _run(folder: Path, arguments: list[list[str]]) -> list[dict[str, Any]]:
    answer = subprocess.run(
        [sys.executable, "-c", RUNNER, json.dumps(arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in answer.stdout.splitlines() if line.startswith("OUTCOME")]
    assert lines, answer.stdout + answer.stderr
    outcome: list[dict[str, Any]] = json.loads(lines[-1].removeprefix("OUTCOME"))
    return outcome
