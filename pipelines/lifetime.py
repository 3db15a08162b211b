"""What shoppers will be worth, written back beside what they were."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from clickhouse_connect.driver.client import Client

from models import lifetime
from models.artifacts import Artifact
from pipelines.warehouse.whole import replace_whole

TABLE = "learned.lifetime"


def look_ahead(
    client: Client, artifact: Artifact, purchases: pd.DataFrame, as_of: datetime
) -> pd.DataFrame:
    """Write learned.lifetime anew for every shopper, and return it.

    Parameters
    ----------
    artifact
        Of the family ``lifetime``.
    purchases
        Days with an order: ``subject``, ``day``, ``net_minor``.
    as_of
        Aware midnight; what is expected is of the days from it on.
    """
    outlook = lifetime.load(artifact.files, artifact.manifest)
    day = pd.Timestamp(as_of).tz_convert("UTC").tz_localize(None)
    horizon = int(artifact.manifest["params"]["horizon_days"])
    rows = outlook.ahead(purchases, day, horizon).assign(
        as_of=day.date(), horizon_days=horizon, model_version=artifact.version
    )
    replace_whole(client, TABLE, rows)
    return rows
