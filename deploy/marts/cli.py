"""`ecomarket metrics`, `ecomarket reconcile` and `ecomarket pact`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.table import Table

from deploy.local.errors import StackError
from deploy.local.explaining import explained
from deploy.local.settings import SettingsError, load_settings
from deploy.local.stack import Stack
from deploy.marts.asking import answer
from deploy.marts.catalogue import load
from models.carbon.exchange import Owner
from models.metrics import Question, QuestionError, compile_question
from pipelines.exchanging import NoFootprintError, product_footprints
from pipelines.reconciling import Outcome, UnreachableError, reconcile
from pipelines.warehouse import connect

_MENDABLE = (
    *(QuestionError, StackError, SettingsError, ClickHouseError, UnreachableError),
    NoFootprintError,
)
metrics = typer.Typer(help="Figures, each by its one definition.", no_args_is_help=True)
_Warehouse = Annotated[
    str, typer.Option("--warehouse", envvar="CLICKHOUSE_URL", help="Another one than the stack's.")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
_From = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")
]
_Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day after the last one.")
]


@metrics.command("list")
def names(as_json: _Json = False) -> None:
    """Show every metric with its unit, and by what it can be laid out."""
    catalogue = load()
    if as_json:
        rows = {
            name: {
                "label": metric.label,
                "description": metric.description,
                "unit": metric.unit,
                "owner": metric.owner,
                "by": catalogue.dimensions_of(metric),
            }
            for name, metric in catalogue.metrics.items()
        }
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("metric", "what", "unit", "by", box=None)
    for name, metric in catalogue.metrics.items():
        by = ", ".join(catalogue.dimensions_of(metric))
        table.add_row(name, metric.description, metric.unit, by)
    Console().print(table)


@metrics.command()
def query(
    name: Annotated[str, typer.Argument(help="As `ecomarket metrics list` has it.")],
    by: Annotated[str, typer.Option(help="Dimensions and grains, separated by commas.")] = "",
    since: _From = None,
    until: _Until = None,
    where: Annotated[
        list[str] | None, typer.Option(help="dimension=value; of several values any.")
    ] = None,
    show_sql: Annotated[bool, typer.Option("--sql", help="Show what is asked instead.")] = False,
    as_json: _Json = False,
    warehouse: _Warehouse = "",
) -> None:
    """Answer with a metric."""
    catalogue = load()
    with explained(*_MENDABLE):
        question = Question(
            metric=name,
            by=[part.strip() for part in by.split(",") if part.strip()],
            since=since.date() if since else None,
            until=until.date() if until else None,
            where=_kept(where or []),
        )
        compiled = compile_question(catalogue, question)
        if show_sql:
            typer.echo(compiled.sql)
            return
        with connect(warehouse or _own_warehouse()) as client:
            rows = answer(client, compiled)
    if as_json:
        shown = {
            "metric": name,
            "unit": catalogue.metrics[name].unit,
            "rows": [dict(zip(compiled.columns, row, strict=True)) for row in rows],
        }
        typer.echo(json.dumps(shown, default=date.isoformat))
        return
    table = Table(*compiled.columns, box=None, caption=catalogue.metrics[name].unit)
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row))
    Console().print(table)


def reconciliation(
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day after the last one.")],
    as_json: _Json = False,
    named: Annotated[int, typer.Option(min=1, help="Differences that are named.")] = 20,
) -> None:
    """Compare the marts with the store's ledger, to the cent; exit with 1 if anything differs."""
    with explained(*_MENDABLE):
        if since >= until:
            raise QuestionError("until", f"must be after from, which is {since:%Y-%m-%d}")
        addresses = Stack(load_settings()).environment()
        outcomes = asyncio.run(
            reconcile(
                addresses["DATABASE_URL"],
                addresses["CLICKHOUSE_URL"],
                since.date(),
                until.date(),
            )
        )
    if as_json:
        typer.echo(json.dumps([asdict(outcome) for outcome in outcomes]))
    else:
        _show(outcomes, named)
    if not all(outcome.equal for outcome in outcomes):
        raise typer.Exit(1)


def pact(
    skus: Annotated[list[str], typer.Argument(metavar="sku", help="Product variants.")],
    company: Annotated[str, typer.Option(help="Who states it.")] = "EcoMarket",
    domain: Annotated[str, typer.Option(help="Whose identifiers they are.")] = "ecomarket.example",
    warehouse: _Warehouse = "",
) -> None:
    """State products' footprints as partners exchange them: JSON in PACT's data model."""
    with explained(*_MENDABLE):
        owner, now = Owner(company, domain), datetime.now(UTC)
        with connect(warehouse or _own_warehouse()) as client:
            stated = product_footprints(client, skus, owner, now)
    typer.echo(json.dumps({"data": stated}, indent=2, ensure_ascii=False))


def _show(outcomes: list[Outcome], named: int) -> None:
    console = Console()
    table = Table("", "in", "ledger", "marts", "", box=None)
    for outcome in outcomes:
        sides = [f"{side.count:,} / {side.minor:,}" for side in (outcome.ledger, outcome.marts)]
        mark = "[green]equal[/]" if outcome.equal else "[red]differs[/]"
        table.add_row(outcome.subject, outcome.table, *sides, mark)
    console.print(table)
    for outcome in outcomes:
        for difference in outcome.differences[:named]:
            console.print(f"{outcome.subject}: {difference}", highlight=False, soft_wrap=True)


def _own_warehouse() -> str:
    return Stack(load_settings()).environment()["CLICKHOUSE_URL"]


def _kept(filters: list[str]) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {}
    for one in filters:
        name, equals, value = one.partition("=")
        if not equals:
            raise QuestionError("where", f"must be dimension=value, not {one!r}")
        kept.setdefault(name, []).append(value)
    return kept


def _shown(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:,.4f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def register(app: typer.Typer) -> None:
    """Add the commands to the `ecomarket` command."""
    app.add_typer(metrics, name="metrics")
    app.command("reconcile")(reconciliation)
    app.command("pact")(pact)
