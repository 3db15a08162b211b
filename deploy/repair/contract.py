"""`ecomarket contract check|publish|violations|page`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.repair.explained import Brokers, Database, address, explained
from deploy.repair.plan_page import plan_page
from pipelines.ingest.letters import letters, resent
from pipelines.ingest.reading import reader
from pipelines.ingest.violations import Violation
from pipelines.ingest.violations import violations as counted
from pipelines.keys import Keys
from storefront_api.events import compatibility
from storefront_api.events.containment import UnknownKeywordError

app = typer.Typer(help="The event contract: is it kept, and by whom not.", no_args_is_help=True)
_Json = Annotated[bool, typer.Option("--json", help="A JSON array.")]


def _table(*headers: str) -> Table:
    """Return a table that cuts nothing short, however narrow the terminal is."""
    table = Table()
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


@app.command()
def check(as_json: _Json = False) -> None:
    """Compare the contract with what was published of it, backward and forward; 1 if it broke."""
    with explained(UnknownKeywordError):
        found = compatibility.check()
    if as_json:
        typer.echo(json.dumps([asdict(violation) for violation in found]))
    elif found:
        table = _table("event", "version", "direction", "path", "rule", "what")
        for v in found:
            row = (v.event, str(v.version), v.direction.value, v.path, v.rule, v.says)
            table.add_row(*map(escape, row))
        Console().print(table)
    else:
        typer.echo(f"the {len(compatibility.published())} published versions are kept to")
    if found:
        raise typer.Exit(1)


@app.command()
def publish() -> None:
    """Add new versions to the record, which nobody changes from then on."""
    for name in compatibility.publish():
        typer.echo(f"published: {name}")


@app.command()
def violations(as_json: _Json = False, kafka: Brokers = None, database: Database = None) -> None:
    """Count what was refused by event, version and reason."""
    found = _counted(kafka, database)
    if as_json:
        typer.echo(json.dumps([asdict(violation) for violation in found], default=str))
        return
    table = _table("topic", "event", "version", "reason", "letters", "open", "last seen")
    for v in found:
        seen = f"{v.last_seen:%Y-%m-%d %H:%M:%S}"
        counts = (str(v.letters), str(v.open), seen)
        table.add_row(v.topic, v.type, str(v.schema_version), escape(v.reason), *counts)
    Console().print(table)


@app.command()
def page(
    file: Annotated[Path, typer.Argument(help="Where it is written.")] = Path("tracking-plan.html"),
    kafka: Brokers = None,
    database: Database = None,
) -> None:
    """Write the tracking plan as a page, with what broke it beside each event."""
    written = plan_page(_counted(kafka, database))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(written, "utf-8")
    typer.echo(file.resolve().as_uri())


def _counted(kafka: str | None, database: str | None) -> list[Violation]:
    with explained(), Keys(address(database, "DATABASE_URL")) as keys:
        consumer = reader(address(kafka, "KAFKA_BOOTSTRAP_SERVERS"))
        try:
            with Console(stderr=True).status("reading the dead letters"):
                return counted(letters(consumer, keys).values(), resent(consumer))
        finally:
            consumer.close()
