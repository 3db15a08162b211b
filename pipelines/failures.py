"""Which errors pass by themselves: told by their class or by ClickHouse's code, never by words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import valkey
from clickhouse_connect.driver.exceptions import DatabaseError
from confluent_kafka import KafkaException

from pipelines.ingest.writer import TRANSIENT_CODES, is_transient
from pipelines.keys import KeysAwayError
from pipelines.reconciling.run import UnreachableError

_PASSING = (
    valkey.ConnectionError,
    valkey.TimeoutError,
    httpx.TransportError,
    asyncpg.PostgresConnectionError,
    ConnectionError,
    TimeoutError,
    UnreachableError,
    KeysAwayError,
)
_CODE = re.compile(r"\bCode: (\d+)\.")
"""As ClickHouse puts its code into what dbt passes on as text."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def passes_by_itself(error: BaseException) -> bool:
    """Tell whether what failed may succeed if it is done again; causes are looked at as well."""
    return any(_passes(each) for each in _chain(error))


def _passes(error: BaseException) -> bool:
    if isinstance(error, KafkaException):
        return bool(error.args[0].retriable())
    if isinstance(error, DatabaseError):
        return is_transient(error)
    return isinstance(error, _PASSING)


def codes_of(run_results: Path) -> list[int | None]:
    """Return ClickHouse's code of each node that failed in a dbt run, None where it has none.

    Parameters
    ----------
    run_results
        dbt's `run_results.json`; a run that never began leaves none.
    """
    if not run_results.exists():
        return []
    results = json.loads(run_results.read_text("utf-8"))["results"]
    found = [
        _CODE.search(each["message"] or "")
        for each in results
        if each["status"] in {"error", "fail"}
    ]
    return [int(match[1]) if match else None for match in found]


def dbt_passes_by_itself(run_results: Path) -> bool:
    """Tell whether all that failed in a dbt run failed for what passes by itself."""
    codes = codes_of(run_results)
    return bool(codes) and all(code in TRANSIENT_CODES for code in codes)
