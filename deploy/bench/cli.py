"""`ecomarket bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.bench.registry import UnknownBenchError, load, names
from deploy.bench.render import draw, table
from deploy.bench.result import BenchError
from deploy.local.errors import StackError
from deploy.local.settings import SettingsError

PICTURES = Path(".ecomarket/bench")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bench", help=f"Run a benchmark: {', '.join(names()) or 'none yet'}.")(_bench)


def _bench(
    name: Annotated[str, typer.Argument(help="Which one.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of its data.")] = 1,
    pictures: Annotated[Path, typer.Option(help="Where curves are drawn.")] = PICTURES,
) -> None:
    try:
        run = load(name)
    except UnknownBenchError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error
    notes = Console(stderr=True)
    try:
        with notes.status(f"bench {name}"):
            result = run(seed)
    except (BenchError, StackError, SettingsError) as error:
        notes.print("[bold red]error:[/]", escape(str(error)), highlight=False)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(result.document(), allow_nan=False))
        return
    Console().print(table(result))
    if result.curve:
        path = pictures / f"{name}.png"
        draw(result.curve, path)
        Console().print(f"curve: {path}")
