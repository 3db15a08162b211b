"""Run the project's dbt against a warehouse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[3] / "dbt"


class DbtError(AssertionError):
    """dbt ended with an error, or a test of the project failed."""


def dbt(
    url: str,
    target: Path,
    *arguments: str,
    days: tuple[date, date] | None = None,
    variables: dict[str, str] | None = None,
) -> str:
    """Run a dbt command and return what it printed.

    Parameters
    ----------
    url
        The warehouse.
    target
        Folder for what dbt writes, so that runs do not meet.
    days
        UTC days that the run covers, the second one excluded.
    variables
        Further variables.
    """
    given = dict(variables or {})
    if days is not None:
        given |= {"start_date": days[0].isoformat(), "end_date": days[1].isoformat()}
    parts = urlsplit(url)
    outcome = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *arguments,
            "--vars",
            json.dumps(given),
            "--target-path",
            str(target),
            "--log-path",
            str(target),
        ],
        cwd=PROJECT,
        env={
            **os.environ,
            "DBT_PROFILES_DIR": str(PROJECT),
            "CLICKHOUSE_HOST": parts.hostname or "127.0.0.1",
            "CLICKHOUSE_PORT": str(parts.port),
            "CLICKHOUSE_USER": parts.username or "default",
            "CLICKHOUSE_PASSWORD": parts.password or "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise DbtError(outcome.stdout[-4000:] + outcome.stderr[-2000:])
    return outcome.stdout
