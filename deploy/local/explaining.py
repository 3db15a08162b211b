"""Errors that the user can mend, as commands tell them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape


@contextmanager
def explained(*mendable: type[Exception]) -> Iterator[None]:
    """Turn what the user can mend into a message and exit status 1."""
    try:
        yield
    except mendable as error:
        shown = Console(stderr=True)
        shown.print("[bold red]error:[/]", escape(str(error)), highlight=False)
        raise typer.Exit(1) from error
