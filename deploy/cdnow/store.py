"""CDNOW from its file to the marts, in a warehouse of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.cdnow.figures import Outcome, gather
from deploy.cdnow.loading import load
from deploy.cdnow.source import orders
from deploy.demo.progress import stage
from models.artifacts import Metric
from pipelines.dbt_command import dbt
from pipelines.defs.resources import Warehouse
from pipelines.lifetime import look_ahead
from pipelines.training import last_midnight, lifetime_artifact, purchase_days
from pipelines.warehouse import connect, migrate

MARTS = ("mart_cohorts", "mart_monthly_churn", "mart_shopper_rfm", "mart_shopper_lifetime")


@dataclass(frozen=True)
class Store:
    """What came of it: figures beside the published ones, and how well models look ahead."""

    outcome: Outcome
    metrics: tuple[Metric, ...]


def bring(url: str, target: Path, console: Console) -> Store:
    """Load the orders, build the marts, train the lifetime models and write what they expect.

    Parameters
    ----------
    url
        A warehouse that has no other store's orders.
    target
        Folder for what dbt writes.

    Raises
    ------
    deploy.cdnow.loading.RefusedError
        If the event contract does not take an order.
    pipelines.dbt_command.DbtError
        If a mart cannot be built.
    """
    found = orders()
    source = Warehouse(url=url)
    with connect(url) as client:
        migrate(client)
        with stage(console, "orders as events", len(found)) as shown:
            load(client, found, lambda done: shown.show(done, f"{done:,} orders"))
        with stage(console, "dbt: the marts"):
            selected = [f"+{mart}" for mart in MARTS]
            kinds = ("--resource-type", "model", "--resource-type", "seed")
            dbt(url, target, "build", *kinds, "--select", *selected)
        with stage(console, "lifetime models"):
            artifact = lifetime_artifact(source)
            as_of = last_midnight(source)
            look_ahead(client, artifact, purchase_days(source, as_of), as_of)
            outcome = gather(client, source)
    return Store(outcome, tuple(artifact.metrics))
