"""Running the project's dbt against a warehouse, outside Dagster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipelines.manifest import PROJECT_DIR

AT_WORK = ("--exclude-resource-type", "unit_test")
"""What is left out where data are shaped: unit tests bring their own rows and tell nothing new."""
_SHOWN = 4_000
"""Characters of what dbt printed that an error tells."""


class DbtError(RuntimeError):
    """dbt ended with an error, or a test of the project failed; the message is what it printed."""


def environment_of(url: str) -> dict[str, str]:
    """Return the variables by which dbt's profile finds a warehouse."""
    parts = urlsplit(url)
    return {
        "CLICKHOUSE_HOST": parts.hostname or "127.0.0.1",
        "CLICKHOUSE_PORT": str(parts.port or 8123),
        "CLICKHOUSE_USER": unquote(parts.username or "default"),
        "CLICKHOUSE_PASSWORD": unquote(parts.password or ""),
        "CLICKHOUSE_SECURE": str(parts.scheme == "https"),
    }


def environment_of_days(start: date | None, end: date | None) -> dict[str, str]:
    """Return the variables by which dbt's macros know the UTC days ``[start, end)`` of a run.

    Parameters
    ----------
    start, end
        None for all days before, or after.
    """
    return {
        "DAYS_FROM": start.isoformat() if start else "",
        "DAYS_UNTIL": end.isoformat() if end else "",
    }


def dbt(
    url: str,
    target: Path,
    *arguments: str,
    days: tuple[date, date] | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a dbt command and return what it printed.

    Parameters
    ----------
    url
        The warehouse.
    target
        Folder for what dbt writes, so that runs do not meet.
    days
        UTC days that the run covers, the second one excluded; all if None.
    variables
        Further variables.

    Raises
    ------
    DbtError
        If it fails.
    """
    command = [str(Path(sys.executable).with_name("dbt")), *arguments]
    command += ["--vars", json.dumps(variables)] if variables else []
    command += ["--target-path", str(target), "--log-path", str(target)]
    # Of the files in which dbt describes itself, a second's work, only documentation is made.
    command += [] if "docs" in arguments else ["--no-write-json"]
    addresses = {"DBT_PROFILES_DIR": str(PROJECT_DIR), **environment_of(url)}
    outcome = subprocess.run(
        command,
        cwd=PROJECT_DIR,
        env={**os.environ, **addresses, **environment_of_days(*(days or (None, None)))},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise DbtError(outcome.stdout[-_SHOWN:] + outcome.stderr[-_SHOWN:])
    return outcome.stdout
