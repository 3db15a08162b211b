"""`ecomarket dlq`."""

from __future__ import annotations

import typer

from deploy.repair.letters import app as dlq


def register(app: typer.Typer) -> None:
    """Add the commands to the `ecomarket` command."""
    app.add_typer(dlq, name="dlq")
