"""`ecomarket cdnow`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cdnow.loading import RefusedError
from deploy.cdnow.store import Store, bring
from deploy.local.errors import StackError
from deploy.local.ports import free_ports
from deploy.local.settings import SettingsError, load_settings
from deploy.local.stack import Stack
from pipelines.dbt_command import DbtError


def cdnow(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Load the store CDNOW into a warehouse of its own, and compare with what was published."""
    errors = Console(stderr=True)
    try:
        settings = load_settings()
        own = settings.model_copy(
            update={"data_dir": settings.data_dir / "cdnow", "port_offset": 0, **free_ports()}
        )
        stack = Stack(own)
        try:
            stack.up(["warehouse"])
            url = stack.environment()["CLICKHOUSE_URL"]
            store = bring(url, own.data_dir / "dbt", errors)
        finally:
            stack.down()
    except (StackError, SettingsError, RefusedError, DbtError) as error:
        errors.print("[bold red]error:[/]", escape(str(error)), highlight=False)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(_plain(store)))
    else:
        _show(store)
    if not all(one.equal for one in store.outcome.compared):
        raise typer.Exit(1)


def _plain(store: Store) -> dict[str, Any]:
    outcome = store.outcome
    return {
        "compared": [{**asdict(one), "equal": one.equal} for one in outcome.compared],
        "total_minor": outcome.total_minor,
        "cohorts": json.loads(outcome.cohorts.to_json(orient="records", date_format="iso")),
        "holdout": {"expected": outcome.expected, "happened": outcome.happened},
        "metrics": [asdict(metric) for metric in store.metrics],
    }


def _show(store: Store) -> None:
    console, outcome = Console(), store.outcome
    table = Table("", "ours", "published", "", "by", box=None)
    for one in outcome.compared:
        mark = "[green]equal[/]" if one.equal else "[red]differs[/]"
        table.add_row(one.name, f"{one.ours:,.4f}", f"{one.published:,}", mark, one.by)
    console.print(table)
    console.print(f"all orders: {outcome.total_minor / 100:,.2f} USD")
    console.print(
        f"purchases of the sample in the next 39 weeks: {outcome.expected:,.0f} expected, "
        f"{outcome.happened:,} happened"
    )
    triangle = outcome.cohorts.pivot_table(
        index="cohort_month", columns="month_number", values="retention"
    )
    cohorts = Table("cohort", *(f"{n}" for n in triangle.columns), box=None, title="Retention, %")
    for month, row in triangle.iterrows():
        cohorts.add_row(f"{month:%Y-%m}", *(f"{100 * share:.1f}" for share in row.dropna()))
    console.print(cohorts)
    figures = Table("held out", "model", "naive", "which", box=None)
    for metric in store.metrics:
        figures.add_row(
            metric.name, f"{metric.value:.3f}", f"{metric.baseline_value:.3f}", metric.baseline
        )
    console.print(figures)


def register(app: typer.Typer) -> None:
    """Add the command to the `ecomarket` command."""
    app.command()(cdnow)
