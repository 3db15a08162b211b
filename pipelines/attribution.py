"""Attribution by Markov's and Shapley's models: journeys out of the warehouse, credits into it."""

from __future__ import annotations

import pandas as pd
from clickhouse_connect.driver.client import Client

from models.attribution import credits, journeys_of
from pipelines.warehouse.client import frame
from pipelines.warehouse.whole import replace_whole


def attribute(client: Client) -> pd.DataFrame:
    """Write learned.attribution anew from every journey there is, and return it."""
    found = frame(
        client,
        "SELECT with_bots, path, orders, total_minor, without_order "
        "FROM marts.mart_attribution_paths ORDER BY with_bots, path",
    )
    parts = [
        credits(journeys_of(found[found["with_bots"] == with_bots])).assign(with_bots=with_bots)
        for with_bots in (0, 1)
    ]
    rows = pd.concat(parts, ignore_index=True)
    replace_whole(client, "learned.attribution", rows)
    return rows
