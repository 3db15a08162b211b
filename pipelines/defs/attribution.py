"""What channels are credited with by models of all journeys together."""

import dagster as dg

from pipelines.attribution import attribute
from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of
from pipelines.warehouse.client import connect


def assets() -> list[dg.AssetsDefinition]:
    """Return the asset of the credits."""

    @dg.asset(
        key=key_of("learned.attribution"),
        deps=[key_of("marts.mart_attribution_paths")],
        group_name="people",
        kinds={"python"},
        description="What Markov's and Shapley's models credit each channel with.",
    )
    def attribution(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with by_class(), connect(warehouse.url) as client:
            credited = attribute(client)
        return dg.MaterializeResult(
            metadata={
                "channels": int(credited["channel"].nunique()),
                "rows": len(credited),
            }
        )

    return [attribution]
