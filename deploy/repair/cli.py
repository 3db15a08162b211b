"""`ecomarket contract`, `ecomarket dlq`, `ecomarket replay` and `ecomarket erase`."""

from __future__ import annotations

import typer

from deploy.repair.contract import app as contract
from deploy.repair.erase import erase
from deploy.repair.letters import app as dlq
from deploy.repair.replay import replay


def register(app: typer.Typer) -> None:
    """Add the commands to the `ecomarket` command."""
    app.add_typer(contract, name="contract")
    app.add_typer(dlq, name="dlq")
    app.command()(replay)
    app.command()(erase)
