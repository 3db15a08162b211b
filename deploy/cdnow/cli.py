"""`ecomarket cdnow`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cdnow.display import plain, show
from deploy.cdnow.loading import RefusedError
from deploy.cdnow.store import bring
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
        typer.echo(json.dumps(plain(store)))
    else:
        show(Console(), store)
    if not all(one.equal for one in store.outcome.compared):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the `ecomarket` command."""
    app.command()(cdnow)
