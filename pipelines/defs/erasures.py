"""Erasing whoever asked for it, every hour."""

import dagster as dg

from pipelines.defs.resources import Artifacts, Ledger, OnlineStore, Warehouse
from pipelines.defs.retrying import by_class
from pipelines.erasing import erase_everybody
from pipelines.keys import Keys
from pipelines.stream.store import connect as connect_online
from pipelines.warehouse.client import connect

EVERY_HOUR = "17 * * * *"


@dg.op(
    description="Erases every subject whose erasure has reached the warehouse, wherever it is left."
)
def erase(
    context: dg.OpExecutionContext,
    warehouse: Warehouse,
    online_store: OnlineStore,
    ledger: Ledger,
    artifacts: Artifacts,
) -> None:
    """Erase, and tell how many rows and keys were found in each place."""
    found: dict[str, int] = {}
    with (
        by_class(),
        connect(warehouse.url) as client,
        connect_online(online_store.url) as store,
        Keys(ledger.url) as keys,
    ):
        for one in erase_everybody(client, store, keys, artifacts.path):
            place = f"{one.store}: {one.what}"
            found[place] = found.get(place, 0) + one.rows
    context.add_output_metadata(found)


@dg.job(name="erasures", description="Erases people beyond the store (ADR 27).")
def erasures() -> None:
    """Run the one step."""
    erase()


def schedule(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    """Return the schedule that erases every hour."""
    return dg.ScheduleDefinition(
        name="every_hour", job=erasures, cron_schedule=EVERY_HOUR, default_status=status
    )
