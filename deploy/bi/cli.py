"""`ecomarket bi`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import httpx
import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.table import Table

from deploy.bi.description import DescriptionError, read
from deploy.bi.environment import make
from deploy.bi.importing import bring
from deploy.bi.settings import BiSettings
from deploy.bi.superset_api import SupersetError
from deploy.demo.progress import stage
from deploy.local.display import Display
from deploy.local.errors import StackError
from deploy.local.explaining import explained
from deploy.local.settings import SettingsError, load_settings
from deploy.local.stack import Stack
from pipelines.warehouse import connect

_MENDABLE = (StackError, SettingsError, DescriptionError, SupersetError, ClickHouseError)
SERVICE = "superset"
USERS = ("admin", "analyst", "executive")
app = typer.Typer(help="Dashboards, in Apache Superset.", no_args_is_help=True)


def settings_of(stack: Stack) -> BiSettings:
    """Return how the stack's own Superset is reached, unless variables name another one."""
    own = {name.lower(): value for name, value in stack.environment().items()}
    stated = BiSettings().model_dump(exclude_unset=True)
    return BiSettings(**{name: own[name] for name in BiSettings.model_fields} | stated)


@app.command()
def up() -> None:
    """Bring Superset's packages, start it, and import the dashboards."""
    console = Console()
    with explained(*_MENDABLE):
        boards = read()
        with stage(console, "Superset's packages") as shown:
            make(lambda written, total: shown.show(written, f"{written} of {total}", total))
        stack = Stack(load_settings())
        with Display(console) as display:
            stack.up([SERVICE], display)
        with stage(console, "dashboards") as shown:
            bring(boards, settings_of(stack), lambda step: shown.show(0, step))
        _show(console, settings_of(stack))


@app.command("import")
def import_() -> None:
    """Import datasets, charts and dashboards as they are written down; overwrites what is there."""
    with explained(*_MENDABLE):
        boards = read()
        settings = settings_of(Stack(load_settings()))
        with stage(Console(), "dashboards") as shown:
            bring(boards, settings, lambda step: shown.show(0, step))


@app.command("open")
def open_() -> None:
    """Show where the dashboards are, and who may sign in with which password."""
    with explained(*_MENDABLE):
        _show(Console(), settings_of(Stack(load_settings())))


def _show(console: Console, settings: BiSettings) -> None:
    table = Table(box=None, show_header=False)
    for name in read().dashboards:
        table.add_row(name, f"{settings.bi_url}/superset/dashboard/{name}/")
    console.print(table)
    people = Table("user", "password", box=None)
    for user in USERS:
        password = getattr(settings, f"bi_{user}_password")
        people.add_row(user, password.get_secret_value())
    console.print(people)


@app.command()
def screenshots(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.")],
    only: Annotated[list[str] | None, typer.Option(help="Only this dashboard.")] = None,
) -> None:
    """Take a picture of each dashboard, by a headless Chromium."""
    # Playwright is of the development environment, and the other commands do without it.
    from deploy.bi.screenshots import BrowserMissingError, PageError, signed_in, take

    console = Console()
    with explained(*_MENDABLE):
        boards = read().dashboards
        if unknown := sorted(set(only or ()) - set(boards)):
            raise DescriptionError(f"--only: {unknown[0]} is none of {', '.join(boards)}")
        charts = {name: len(boards[name].charts) for name in only or boards}
        settings = settings_of(Stack(load_settings()))
        password = settings.bi_admin_password.get_secret_value()
        try:
            with signed_in(settings.bi_url, "admin", password) as page:
                take(page, folder, charts, lambda path: console.print(str(path)))
        except (BrowserMissingError, PageError) as error:
            raise StackError(str(error)) from error


@app.command()
def latency(
    orders: Annotated[int, typer.Option(min=1, max=1000, help="How many are placed.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Place orders, which stay, and tell how long each takes onto the screen of Today."""
    from deploy.bi.latency import BOARD, NothingToRepeatError, Taken, measure, placing, summary
    from deploy.bi.screenshots import BrowserMissingError, PageError, signed_in

    with explained(*_MENDABLE, httpx.HTTPError):
        stack = Stack(load_settings())
        settings, around = settings_of(stack), stack.environment()
        head = {"Authorization": f"Bearer {around['PARTNER_TOKEN']}"}
        charts = len(read().dashboards[BOARD].charts)
        password = settings.bi_executive_password.get_secret_value()
        found: list[Taken] = []
        try:
            with (
                httpx.Client(base_url=around["STOREFRONT_URL"], headers=head, timeout=60) as store,
                connect(settings.bi_warehouse_url) as warehouse,
                stage(Console(stderr=True), "orders") as shown,
                signed_in(settings.bi_url, "executive", password) as page,
            ):
                place = placing(store, warehouse)
                for taken in measure(page, charts, place, warehouse, orders):
                    found.append(taken)
                    shown.show(len(found), f"{taken.screen_s:.1f} s to the screen", orders)
        except (BrowserMissingError, PageError, NothingToRepeatError) as error:
            raise StackError(str(error)) from error
    told = summary(found)
    if as_json:
        typer.echo(json.dumps(told))
        return
    table = Table("seconds from sending to", "median", "least", "most", box=None)
    for name, spread in told["seconds"].items():
        table.add_row(name, *(f"{spread[part]:.2f}" for part in ("median", "least", "most")))
    Console().print(table, f"{orders} orders, load {told['load']:.1f} at the end")


@app.command()
def down() -> None:
    """Stop Superset, and nothing else."""
    with explained(*_MENDABLE):
        stack = Stack(load_settings())
        with Display(Console()) as display:
            stack.stop(SERVICE, display)


def register(into: typer.Typer) -> None:
    """Add the commands to the `ecomarket` command."""
    into.add_typer(app, name="bi")
