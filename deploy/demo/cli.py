"""`ecomarket demo`, `ecomarket report` and `ecomarket simulate`."""

from __future__ import annotations

from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from deploy.demo.arrival import UnsettledError
from deploy.demo.client import RefusedError
from deploy.demo.pictures import picture
from deploy.demo.pipeline import PipelineFailedError
from deploy.demo.report import BrokenError, gather
from deploy.demo.shoppers.command import command as simulate
from deploy.demo.stages import Demo
from deploy.demo.tables import show
from deploy.local.display import Display
from deploy.local.errors import StackError
from deploy.local.settings import LocalSettings, Port, load_settings
from deploy.local.stack import Stack


def _environment(settings: LocalSettings) -> dict[str, str]:
    dagster = f"http://127.0.0.1:{settings.port(Port.DAGSTER)}"
    return {**Stack(settings).environment(), "DAGSTER_URL": dagster}


def _said(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, httpx.RequestError):
        return f"{error.request.url} is away: {error or type(error).__name__}"
    return str(error)


def demo(
    sample: Annotated[
        float, typer.Option(min=0.001, max=1.0, help="Share of the households, for a small world.")
    ] = 1.0,
    until: Annotated[str | None, typer.Option(help="Stop after this step, without report.")] = None,
) -> None:
    """Start everything, send a year of real baskets through, train, serve, and report."""
    console = Console()
    settings = load_settings()
    try:
        with Display(console) as display:
            Stack(settings).up(None, display)
        Demo(_environment(settings), settings.data_dir, console, sample).run(until)
    except (
        StackError,
        RefusedError,
        PipelineFailedError,
        UnsettledError,
        ValueError,
        httpx.HTTPError,
        ExceptionGroup,
    ) as error:
        shown = Console(stderr=True)
        shown.print("[bold red]error:[/]", escape(_said(error)), highlight=False)
        raise typer.Exit(1) from error
    if until is None:
        report(as_json=False)


def report(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what came out: totals, exactly-once, models beside baselines, latencies, addresses."""
    settings = load_settings()
    console = Console()
    try:
        found = gather(_environment(settings), settings.data_dir)
    except BrokenError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False)
        raise typer.Exit(1) from error
    if as_json:
        console.print_json(data=found)
    else:
        show(console, found)
        console.print(f"picture: {picture(_environment(settings), settings.data_dir)}")
    if found["broken"]:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands to the `ecomarket` command."""
    app.command()(demo)
    app.command()(report)
    app.command("simulate")(simulate)
