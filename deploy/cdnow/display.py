"""CDNOW's figures for people, and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.cdnow.store import Store


def plain(store: Store) -> dict[str, Any]:
    """Return the figures as JSON-ready values."""
    outcome = store.outcome
    return {
        "compared": [{**asdict(one), "equal": one.equal} for one in outcome.compared],
        "total_minor": outcome.total_minor,
        "cohorts": json.loads(outcome.cohorts.to_json(orient="records", date_format="iso")),
        "holdout": {"expected": outcome.expected, "happened": outcome.happened},
        "metrics": [asdict(metric) for metric in store.metrics],
    }


def _table(*columns: str) -> Table:
    table = Table(box=None)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    return table


def show(console: Console, store: Store) -> None:
    """Print the figures: beside the published ones, retention by cohort, what was held out."""
    outcome = store.outcome
    table = _table("", "ours", "published", "")
    for one in outcome.compared:
        mark = "[green]equal[/]" if one.equal else "[red]differs[/]"
        ours = f"{one.ours:,.0f}" if one.tolerance == 0 else f"{one.ours:,.4f}"
        table.add_row(one.name, ours, f"{one.published:,}", mark)
    console.print(table)
    console.print(f"\nall orders: {outcome.total_minor / 100:,.2f} USD", highlight=False)
    console.print(
        f"purchases of the sample in the next 39 weeks: {outcome.expected:,.0f} expected, "
        f"{outcome.happened:,} happened\n",
        highlight=False,
    )
    triangle = outcome.cohorts.pivot_table(
        index="month_number", columns="cohort_month", values="retention"
    )
    cohorts = _table("months later, %", *(f"{month:%Y-%m}" for month in triangle.columns))
    for number, row in triangle.iterrows():
        cohorts.add_row(f"{number}", *(f"{100 * share:.1f}" for share in row.dropna()))
    console.print(cohorts)
    figures = _table("90 days held out", "model", "naive", "which")
    for metric in store.metrics:
        cells = [f"{value:,.3f}" for value in (metric.value, metric.baseline_value)]
        figures.add_row(metric.name, *cells, metric.baseline)
    console.print(figures)
