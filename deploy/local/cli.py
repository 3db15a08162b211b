"""The `ecomarket` command."""

from __future__ import annotations

import json
import pkgutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.table import Table

import deploy
from deploy.local.display import Display
from deploy.local.errors import StackError
from deploy.local.logs import follow, tail
from deploy.local.services import SERVICES, TASKS, UnknownServiceError
from deploy.local.settings import LocalSettings, Port, SettingsError, load_settings
from deploy.local.stack import ServiceState, ServiceStatus, Stack

app = typer.Typer(
    name="ecomarket",
    help="The whole platform on one machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_COLOURS = {
    ServiceState.UP: "green",
    ServiceState.STARTING: "yellow",
    ServiceState.DOWN: "dim",
    ServiceState.FAILED: "red",
    ServiceState.ORPHANED: "magenta",
}


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the user can mend into a message and exit status 1."""
    try:
        yield
    except (StackError, SettingsError, UnknownServiceError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {_plain(error)}", highlight=False)
        raise typer.Exit(1) from error


def _plain(error: Exception) -> str:
    return str(error).replace("[", r"\[")


@app.command()
def up(
    services: Annotated[
        list[str] | None, typer.Argument(help="Only these, with what they need.")
    ] = None,
) -> None:
    """Start every service and wait until each one answers; heals what was killed."""
    console = Console()
    with _explained():
        settings = load_settings()
        stack = Stack(settings)
        with Display(console) as display:
            stack.up(services or None, display)
        console.print(_addresses(settings, [row for row in stack.status() if row.port]))


def _addresses(settings: LocalSettings, rows: list[ServiceStatus]) -> Table:
    pages = {
        "storefront": (Port.STOREFRONT, "/docs"),
        "serving": (Port.SERVING, "/docs"),
        "dagster-webserver": (Port.DAGSTER, ""),
        "superset": (Port.BI, ""),
    }
    table = Table(box=None, show_header=False)
    for row in rows:
        if row.state is ServiceState.UP:
            port, path = pages.get(row.name, (None, ""))
            address = f"127.0.0.1:{row.port}"
            table.add_row(row.name, f"http://{address}{path}" if port else address)
    return table


@app.command()
def down() -> None:
    """Stop every service cleanly, each before what it needs."""
    with _explained():
        stack = Stack(load_settings())
        with Display(Console()) as display:
            stack.down(display)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array of objects.")] = False,
) -> None:
    """Show name, state, pid, port and uptime of each service."""
    with _explained():
        rows = Stack(load_settings()).status()
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table("service", "state", "pid", "port", "uptime")
    for row in rows:
        uptime = "" if row.uptime_s is None else str(timedelta(seconds=round(row.uptime_s)))
        state = f"[{_COLOURS[row.state]}]{row.state}[/]"
        table.add_row(row.name, state, str(row.pid or ""), str(row.port or ""), uptime)
    Console().print(table)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="A service or one-shot command.")],
    follows: Annotated[bool, typer.Option("--follow", "-f", help="Keep on showing.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many.")] = 100,
) -> None:
    """Show the end of a service's log."""
    with _explained():
        settings = load_settings()
        if service not in {*SERVICES, *TASKS}:
            names = ", ".join([*SERVICES, *TASKS])
            raise UnknownServiceError(f"no service {service!r}; there are {names}")
        path = settings.logs_dir / f"{service}.log"
        if not path.exists():
            raise StackError(f"{service} has no log yet ({path}); start it with `ecomarket up`")
        for line in tail(path, lines):
            typer.echo(line)
        if follows:
            try:
                for text in follow(path):
                    typer.echo(text, nl=False)
            except KeyboardInterrupt:
                return


def _register_neighbours() -> None:
    """Let each package beside this one that has a ``cli`` module add its commands.

    They are found rather than imported by name, because they use the stack, and it must not
    depend on them in turn.
    """
    for package in pkgutil.iter_modules(deploy.__path__, "deploy."):
        if package.ispkg and package.name != __package__ and find_spec(f"{package.name}.cli"):
            import_module(f"{package.name}.cli").register(app)


def main() -> None:
    """Run the command that the arguments name."""
    # Asked to end, a command ends what it started: its own services, for one.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # Standard output is for answers.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    _register_neighbours()
    sys.exit(app())


if __name__ == "__main__":
    main()
