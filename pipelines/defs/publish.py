"""Putting the day's features where serving reads them."""

import dagster as dg
import pandas as pd
import valkey

from pipelines.defs.resources import OnlineStore, Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of
from pipelines.stream.publish import publish_batch_features

SHOPPER_FEATURES = "features.feat_shopper_daily"


def assets() -> list[dg.AssetsDefinition]:
    """Return the assets of the online store."""

    @dg.asset(
        key=dg.AssetKey(["online", "shopper_features"]),
        deps=[key_of(SHOPPER_FEATURES)],
        group_name="online",
        kinds={"valkey"},
        description="Batch features of every shopper as of the latest day, in the online store.",
    )
    def shopper_features(
        warehouse: Warehouse, online_store: OnlineStore
    ) -> dg.MaterializeResult[None]:
        with by_class(), valkey.Valkey.from_url(online_store.url) as client:
            frame = warehouse.frame(
                f"SELECT * FROM {SHOPPER_FEATURES} "
                f"WHERE as_of = (SELECT max(as_of) FROM {SHOPPER_FEATURES})"
            )
            as_of = pd.Timestamp(frame["as_of"].iloc[0]).date()
            published = publish_batch_features(client, frame, as_of)
        return dg.MaterializeResult(
            metadata={"as_of": str(published.as_of), "shoppers": published.shoppers}
        )

    return [shopper_features]
