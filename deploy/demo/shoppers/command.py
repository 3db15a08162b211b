"""`ecomarket simulate`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.demo.arrival import UnsettledError
from deploy.demo.pipeline import PipelineFailedError
from deploy.demo.shoppers.browser import RefusedError
from deploy.demo.shoppers.comparison import Compared, compare
from deploy.demo.shoppers.journal import Journal, OtherRunError
from deploy.demo.shoppers.pictures import picture
from deploy.demo.shoppers.sessions import BEGINS
from deploy.demo.shoppers.shaping import days as days_of
from deploy.demo.shoppers.shaping import settle, shape
from deploy.demo.shoppers.simulate import BusyError, Folders, Outcome, Plan, simulate
from deploy.demo.shoppers.wire import AwayError
from deploy.local.errors import StackError
from deploy.local.settings import Port, SettingsError, load_settings
from deploy.local.stack import Stack
from pipelines.settings import Settings as Pipelines

NAMED = 20
"""Differences of a table that are named, the first ones."""
STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""
_MENDABLE = (
    StackError,
    SettingsError,
    OtherRunError,
    BusyError,
    RefusedError,
    AwayError,
    UnsettledError,
    PipelineFailedError,
    httpx.HTTPError,
    OSError,
)
_FIRST_DAY = BEGINS.replace(tzinfo=None)


def command(
    shoppers: Annotated[int, typer.Option(min=1, help="How many people.")] = 1_000,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="How many days.")] = 7,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same world.")] = 1,
    begins: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day, UTC.")
    ] = _FIRST_DAY,
    speed: Annotated[
        float, typer.Option(min=0, help="Simulated seconds in one; 0: as fast as the store.")
    ] = 0.0,
    with_pipeline: Annotated[
        bool,
        typer.Option("--pipeline/--no-pipeline", help="At the end, compute these days' marts."),
    ] = True,
) -> None:
    """Let simulated shoppers use the running store; a run that was cut off goes on."""
    console, errors = Console(), Console(stderr=True)
    plan = Plan(shoppers, days, seed, begins.replace(tzinfo=UTC), speed)
    try:
        settings = load_settings()
        dagster = f"http://127.0.0.1:{settings.port(Port.DAGSTER)}"
        environment = {**Stack(settings).environment(), "DAGSTER_URL": dagster}
        outcome = simulate(plan, environment, settings.data_dir, console)
        settle(environment, console)
        shaped = with_pipeline and shape(plan, environment, Pipelines().first_day, console)
        broken = _report(console, outcome, environment, plan, settings.data_dir, shaped)
    except (*_MENDABLE, ExceptionGroup) as error:
        errors.print("[bold red]error:[/]", escape(_said(error)), highlight=False)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        errors.print("stopped; the same command goes on", highlight=False)
        raise typer.Exit(STOPPED) from error
    if broken:
        raise typer.Exit(1)


def _said(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, (AwayError, OSError, httpx.TransportError)):
        return f"{error}; is the stack up? the same command goes on"
    return str(error)


def _report(
    console: Console,
    outcome: Outcome | None,
    environment: Mapping[str, str],
    plan: Plan,
    data_dir: Path,
    shaped: bool,
) -> bool:
    """Print what came of a run and return whether anything does not add up."""
    if outcome is None:
        console.print("[dim]this run was over before[/]")
    else:
        console.print(_counts(outcome))
    folders = Folders.of(data_dir, plan.seed)
    journal = Journal(folders.journal)
    try:
        lines = asyncio.run(compare(journal, environment, days_of(plan), shaped))
    finally:
        journal.close()
    console.print(_comparison(lines))
    for line in lines:
        for name in line.differing[:NAMED]:
            console.print(f"[red]{line.where}[/] {name}", highlight=False)
    console.print(f"truth: {folders.truth}")
    console.print(f"picture: {picture(folders.truth)}")
    return not all(line.equal for line in lines)


def _counts(outcome: Outcome) -> Table:
    table = Table(box=None, show_header=False, title="What happened", title_justify="left")
    for name, count in sorted(outcome.counts.items()):
        table.add_row(name, f"{count:,}")
    rate = outcome.requests / max(1e-9, outcome.elapsed_s)
    cost = 1e6 * outcome.cpu_s / max(1, outcome.requests)
    share = outcome.cpu_s / max(1e-9, outcome.elapsed_s)
    table.add_row("requests", f"{outcome.requests:,}, {rate:,.0f} a second")
    table.add_row("own processor time", f"{cost:,.0f} µs a request, {share:.0%} of a core")
    return table


def _comparison(lines: list[Compared]) -> Table:
    table = Table("", "in", "truth", "found", "", box=None)
    table.title, table.title_justify = "Truth and platform", "left"
    for line in lines:
        shown = [
            "-" if p is None else f"{p[0]:,} / {p[1] / 100:,.2f}" for p in (line.truth, line.found)
        ]
        mark = "[green]equal[/]" if line.equal else "[red]differs[/]"
        table.add_row(line.what, line.where, *shown, "not there" if line.found is None else mark)
    return table
