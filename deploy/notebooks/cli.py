"""`ecomarket notebooks`."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from deploy.demo.progress import stage
from deploy.local.errors import StackError
from deploy.local.explaining import explained
from deploy.local.settings import SettingsError, load_settings
from deploy.local.stack import Stack
from deploy.notebooks.lab import command_line, make

PORT = 8888


def notebooks(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The next free one is taken if it is not free.")
    ] = PORT,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    warehouse: Annotated[
        str,
        typer.Option("--warehouse", envvar="CLICKHOUSE_URL", help="Another one than the stack's."),
    ] = "",
) -> None:
    """Open the notebooks in JupyterLab; the stack's warehouse is read, and cannot be written."""
    with explained(StackError, SettingsError):
        addresses = Stack(load_settings()).environment()
        with stage(Console(), "JupyterLab's packages") as shown:
            make(lambda there: shown.show(0, f"{there} packages"))
        command = command_line(port, browser=browser)
        url = warehouse or addresses["BI_WAREHOUSE_URL"]
        os.execve(command[0], command, os.environ | {"CLICKHOUSE_URL": url})


def register(app: typer.Typer) -> None:
    """Add the command to the `ecomarket` command."""
    app.command("notebooks")(notebooks)
