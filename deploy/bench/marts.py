"""What marts cost over a hundred million events, and how fast dashboards are answered from them.

A warehouse of its own makes the events. dbt builds everything that days are shaped into, ten days
a run, tests included; the first one, three and ten runs are the cost of 10, 30 and 100 million.
Then one day is built again, which must leave every mart as it was. Sessions are also made by window
functions, every chart of every dashboard is asked as Superset asks it, and a few of the same
questions are put to DuckDB over the same rows as Parquet.
Fewer events, for a first look: `ECOMARKET_BENCH_EVENTS`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from clickhouse_connect.driver.client import Client
from rich.console import Console

from deploy.bench._asking import Milliseconds, ask_both, ask_charts, p95, quantiles
from deploy.bench._charts import Asked
from deploy.bench._market import fill
from deploy.bench._private_stack import private_stack
from deploy.bench._window_sessions import SESSIONS
from deploy.bench.result import Aim, BenchError, BenchResult, Curve
from pipelines.dbt_command import AT_WORK, dbt
from pipelines.warehouse import connect, migrate

EVENTS = 100_000_000
FIRST, DAYS, DAYS_A_RUN = date(2026, 1, 1), 100, 10
SHOWN_RUNS = (1, 3, 10)
ROUNDS = 3
QUERY_AIM_MS, DAY_AIM, SESSIONS_AIM, LINEAR_AIM = 500.0, 1 / 30, 2.0, 1.25
_DAYS_ONLY = (*AT_WORK, "--exclude", "resource_type:seed", "tag:people")
_PEOPLE = (*AT_WORK, "--select", "tag:people")
"""What is made of all days at once."""


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
        end = FIRST + timedelta(days=DAYS)
        figures["people_s"] = _seconds(
            lambda: dbt(url, target, "build", *_PEOPLE, days=(end - timedelta(days=1), end))
        )
        sessions = _sessions(client, target)
        figures["sessions_s"] = sessions["ours"]
        charts = ask_charts(client, end, notes)
        ours, theirs = ask_both(client, Path(folder), notes)
    return _result(seed, figures, costs, sessions["window_functions"], charts, ours, theirs)


def _build(url: str, target: Path, notes: Console) -> list[float]:
    """Build every day, and return the seconds of each run."""
    costs = []
    for number in range(0, DAYS, DAYS_A_RUN):
        days = FIRST + timedelta(days=number), FIRST + timedelta(days=number + DAYS_A_RUN)
        costs.append(_seconds(partial(dbt, url, target, "build", *_DAYS_ONLY, days=days)))
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
        lambda: dbt(url, target, "build", *_DAYS_ONLY, days=(day, day + timedelta(days=1)))
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
            # Every column, since ClickHouse leaves out what nobody asks for; both forms have the
            # same ones, in the same order.
            counted = f"SELECT count(), sum(cityHash64(*)) FROM ({query})"
            started = time.perf_counter()
            sums.add(tuple(client.query(counted, parameters=values).result_rows[0]))
            seconds[name].append(time.perf_counter() - started)
    if len(sums) != 1:
        raise BenchError(f"the two forms of sessions differ: {sums}")
    return {name: statistics.median(values) for name, values in seconds.items()}


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _result(
    seed: int,
    figures: Mapping[str, float],
    costs: Sequence[float],
    windows_s: float,
    charts: Mapping[Asked, Sequence[float]],
    ours: Milliseconds,
    theirs: Milliseconds,
) -> BenchResult:
    dashboards: dict[str, list[float]] = defaultdict(list)
    for query, times in charts.items():
        dashboards[f"dashboard_{query.dashboard}"] += times
    slowest = max(charts, key=lambda query: p95(charts[query]))
    slowest_ms = p95(charts[slowest])
    answered = {**figures, **quantiles(dashboards), "slowest_chart_p95_ms": slowest_ms}
    answered |= quantiles(ours)
    peer = quantiles(theirs)
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
            Aim(
                f"every chart p95 under {QUERY_AIM_MS:.0f} ms; slowest of {len(charts)} queries: "
                f"{slowest.dashboard}, {slowest.chart}",
                slowest_ms,
                slowest_ms < QUERY_AIM_MS,
            ),
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
