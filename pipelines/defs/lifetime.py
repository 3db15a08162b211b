"""What the lifetime models in service expect of each shopper, written into the warehouse."""

import dagster as dg

from pipelines.artifact_store import promoted
from pipelines.defs.resources import Artifacts, Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of
from pipelines.lifetime import TABLE, look_ahead
from pipelines.training import last_midnight, purchase_days
from pipelines.warehouse.client import connect


def assets() -> list[dg.AssetsDefinition]:
    """Return the asset of the written figures."""

    @dg.asset(
        key=key_of(TABLE),
        deps=[dg.AssetKey(["served", "lifetime"]), key_of("intermediate.int_purchases")],
        group_name="models",
        kinds={"python"},
        description="Expected orders, their worth and P(alive) of each shopper, 90 days ahead.",
    )
    def lifetimes(warehouse: Warehouse, artifacts: Artifacts) -> dg.MaterializeResult[None]:
        artifact = promoted(artifacts.path, "lifetime")
        if artifact is None:
            raise dg.Failure("no version of lifetime is in service")
        as_of = last_midnight(warehouse)
        with by_class(), connect(warehouse.url) as client:
            rows = look_ahead(client, artifact, purchase_days(warehouse, as_of), as_of)
        return dg.MaterializeResult(
            metadata={
                "version": artifact.version,
                "shoppers": len(rows),
                "expected purchases": float(rows["expected_purchases"].sum()),
                "expected value, minor units": int(rows["expected_value_minor"].sum()),
            }
        )

    return [lifetimes]
