"""Putting dashboards' charts to the warehouse, and a few plain questions to DuckDB as well."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
from clickhouse_connect.driver.client import Client
from rich.console import Console

from deploy.bench._charts import Asked, asked
from deploy.bench._questions import QUESTIONS, TABLES

TIMES = 20
"""How often each is put, after once that does not count."""

Milliseconds = Mapping[str, Sequence[float]]


def ask_charts(client: Client, end: date, notes: Console) -> dict[Asked, list[float]]:
    """Return the milliseconds of each query of each chart.

    Parameters
    ----------
    client
        Connection to the warehouse.
    end
        The day after the last one that the marts hold.
    notes
        Told of each dashboard.
    """
    found = {}
    by_dashboard: dict[str, list[Asked]] = defaultdict(list)
    for query in asked(end):
        by_dashboard[query.dashboard].append(query)
    for dashboard, queries in by_dashboard.items():
        for query in queries:
            found[query] = _timed(partial(client.query, query.sql))
        slowest = max(queries, key=lambda query: p95(found[query]))
        notes.print(f"{dashboard}: {slowest.chart}: p95 {p95(found[slowest]):.0f} ms")
    return found


def ask_both(client: Client, folder: Path, notes: Console) -> tuple[Milliseconds, Milliseconds]:
    """Return the milliseconds of each question, of the warehouse and of DuckDB.

    Parameters
    ----------
    client
        Connection to the warehouse.
    folder
        Takes the marts as Parquet, which DuckDB is asked over.
    notes
        Told after each question.
    """
    other = duckdb.connect()
    for table in TABLES:
        path = folder / f"{table}.parquet"
        with (
            path.open("wb") as file,
            client.raw_stream(f"SELECT * FROM marts.{table}", fmt="Parquet") as rows,
        ):
            for chunk in rows:
                file.write(chunk)
        other.sql(f"CREATE VIEW {table} AS FROM '{path}'")
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    for question in QUESTIONS:
        ours[question.name] = _timed(partial(client.query, question.sql))
        theirs[question.name] = _timed(partial(_fetch, other, question.duckdb))
        notes.print(f"asked: {question.name}")
    return ours, theirs


def quantiles(times: Milliseconds) -> dict[str, float]:
    """Return the median and the 95th percentile of each, by name and unit."""
    return {
        f"{name}_{quantile}_ms": value
        for name, values in times.items()
        for quantile, value in (("p50", statistics.median(values)), ("p95", p95(values)))
    }


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def _fetch(other: duckdb.DuckDBPyConnection, question: str) -> object:
    return other.sql(question).fetchall()


def _timed(ask: Callable[[], object]) -> list[float]:
    ask()
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1000)
    return times
