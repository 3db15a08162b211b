"""What marts cost over a hundred million events, and how fast dashboards are answered from them.

A warehouse of its own makes the events. dbt builds everything that days are shaped into, ten days
a run, tests included; the first one, three and ten runs are the cost of 10, 30 and 100 million.
Then one day is built again, which must leave every mart as it was. Sessions are also made by window
functions, and the questions of the dashboards are put to DuckDB over the same rows as Parquet.
Fewer events, for a first look: `ECOMARKET_BENCH_EVENTS`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
from clickhouse_connect.driver.client import Client
from rich.console import Console

from deploy.bench._market import fill
from deploy.bench._private_stack import private_stack
from deploy.bench._questions import QUESTIONS, TABLES
from deploy.bench._window_sessions import SESSIONS
from deploy.bench.result import Aim, BenchError, BenchResult, Curve
from pipelines.dbt_command import dbt
from pipelines.warehouse import connect, migrate

EVENTS = 100_000_000
FIRST, DAYS, DAYS_A_RUN = date(2026, 1, 1), 100, 10
SHOWN_RUNS = (1, 3, 10)
ROUNDS = 3
ASKED = 20
"""How often each question is put, after once that does not count."""
QUERY_AIM_MS, DAY_AIM, SESSIONS_AIM, LINEAR_AIM = 500.0, 1 / 30, 2.0, 1.25
_PEOPLE = ("--exclude", "resource_type:seed", "tag:people")


def run(seed: int) -> BenchResult:
    """Make events, build, build a day again, and ask.

    Raises
    ------
    BenchError
        If a day that is built again changes a mart, or the two forms of sessions differ.
    """
    events = int(os.environ.get("ECOMARKET_BENCH_EVENTS", EVENTS))
    notes = Console(stderr=True)
    with (
        private_stack(["warehouse"]) as environment,
        tempfile.TemporaryDirectory(prefix="ecomarket-bench-") as folder,
        connect(environment["CLICKHOUSE_URL"]) as client,
    ):
        url, target = environment["CLICKHOUSE_URL"], Path(folder)
        migrate(client)
        dbt(url, target, "seed")
        started = time.perf_counter()
        made = fill(client, seed, FIRST, DAYS, events, notes.print)
        figures = {"events": float(made), "generate_s": time.perf_counter() - started}
        costs = _build(url, target, notes)
        figures |= {
            f"build_{round(made * runs / len(costs) / 1e6, 1):g}_million_s": sum(costs[:runs])
            for runs in SHOWN_RUNS
        }
        figures["build_s"] = sum(costs)
        figures["one_day_s"] = _one_day(url, client, target)
        sessions = _sessions(client, target)
        figures["sessions_s"] = sessions["ours"]
        ours, theirs = _ask(client, Path(folder), notes)
    return _result(seed, figures, costs, sessions["window_functions"], ours, theirs)


def _build(url: str, target: Path, notes: Console) -> list[float]:
    """Build every day, and return the seconds of each run."""
    costs = []
    for number in range(0, DAYS, DAYS_A_RUN):
        days = FIRST + timedelta(days=number), FIRST + timedelta(days=number + DAYS_A_RUN)
        costs.append(_seconds(partial(dbt, url, target, "build", *_PEOPLE, days=days)))
        notes.print(f"days to {days[1]} built in {costs[-1]:.1f} s")
    return costs


def _one_day(url: str, client: Client, target: Path) -> float:
    """Build a day in the middle again, and return its seconds.

    Raises
    ------
    BenchError
        If a mart is another one after it.
    """
    day = FIRST + timedelta(days=DAYS // 2)
    before = _contents(client)
    cost = _seconds(
        lambda: dbt(url, target, "build", *_PEOPLE, days=(day, day + timedelta(days=1)))
    )
    after = _contents(client)
    if changed := [table for table in before if before[table] != after.get(table)]:
        raise BenchError(f"a day that was built again changed {', '.join(changed)}")
    return cost


def _contents(client: Client) -> dict[str, Sequence[int]]:
    """Return rows and a sum of hashes of every table of the marts."""
    tables = client.query(
        "SELECT name FROM system.tables WHERE database = 'marts' AND engine LIKE '%MergeTree'"
    ).result_rows
    found = "SELECT count(), sum(cityHash64(*)) FROM marts."
    return {table: client.query(found + table).result_rows[0] for (table,) in tables}


def _sessions(client: Client, target: Path) -> dict[str, float]:
    """Return the seconds in which sessions of a run's days are made, ours and the other form's."""
    (compiled,) = (target / "compiled").rglob("int_sessions.sql")
    end = FIRST + timedelta(days=DAYS // 2 + 1)
    values = {"first": end - timedelta(days=1), "end": end}
    forms = {"ours": compiled.read_text("utf-8"), "window_functions": SESSIONS}
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    sums = set()
    for _ in range(ROUNDS):
        for name, query in forms.items():
            # Both forms have the same columns, in the same order.
            counted = (
                f"SELECT count(), sum(cityHash64(session_id, clicks, started_at)) FROM ({query})"
            )
            started = time.perf_counter()
            sums.add(tuple(client.query(counted, parameters=values).result_rows[0]))
            seconds[name].append(time.perf_counter() - started)
    if len(sums) != 1:
        raise BenchError(f"the two forms of sessions differ: {sums}")
    return {name: statistics.median(values) for name, values in seconds.items()}


def _ask(
    client: Client, folder: Path, notes: Console
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the milliseconds of each question, asked of the warehouse and of DuckDB."""
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
        ours[question.name] = _asked(partial(client.query, question.sql))
        theirs[question.name] = _asked(partial(_fetch, other, question.duckdb))
        notes.print(f"asked: {question.name}")
    return ours, theirs


def _fetch(other: duckdb.DuckDBPyConnection, question: str) -> object:
    return other.sql(question).fetchall()


def _asked(ask: Callable[[], object]) -> list[float]:
    ask()
    return [_seconds(ask) * 1000 for _ in range(ASKED)]


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _result(
    seed: int,
    figures: Mapping[str, float],
    costs: Sequence[float],
    windows_s: float,
    ours: Mapping[str, Sequence[float]],
    theirs: Mapping[str, Sequence[float]],
) -> BenchResult:
    answered = {**figures, **_quantiles(ours)}
    peer = _quantiles(theirs)
    slowest = max(answered[f"{name}_p95_ms"] for name in ours)
    day_share = figures["one_day_s"] / figures["build_s"]
    # The first run makes the tables; what the later ones cost more than it is no longer linear.
    growth = statistics.median(costs[-SHOWN_RUNS[1] :]) / statistics.median(costs[: SHOWN_RUNS[1]])
    sessions = windows_s / figures["sessions_s"]
    ratios = {f"{name}_to_duckdb": answered[name] / value for name, value in peer.items()}
    ratios |= {
        "one_day_to_build": day_share,
        "window_functions_to_sessions": sessions,
        "last_runs_to_first_runs": growth,
    }
    million = figures["events"] / len(costs) / 1e6
    return BenchResult(
        "marts",
        seed,
        answered,
        {"window_functions": {"sessions_s": windows_s}, "duckdb": peer},
        ratios,
        [
            Aim(f"every question p95 under {QUERY_AIM_MS:.0f} ms", slowest, slowest < QUERY_AIM_MS),
            Aim("one day at most a thirtieth of the build", day_share, day_share <= DAY_AIM),
            Aim("sessions twice as fast as by windows", sessions, sessions >= SESSIONS_AIM),
            Aim("the last runs cost what the first ones did", growth, growth <= LINEAR_AIM),
        ],
        Curve(
            "Building the marts",
            "million events",
            "seconds",
            {
                "EcoMarket": [
                    (million * number, sum(costs[:number])) for number in range(1, len(costs) + 1)
                ]
            },
        ),
    )


def _quantiles(asked: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {
        f"{name}_{quantile}_ms": value
        for name, times in asked.items()
        for quantile, value in (
            ("p50", statistics.median(times)),
            ("p95", statistics.quantiles(times, n=20)[-1]),
        )
    }
