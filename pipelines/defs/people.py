"""Who is who, stitched between the models that say what was seen and those that count people."""

import dagster as dg

from pipelines.defs.resources import Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of
from pipelines.people import stitch_people
from pipelines.warehouse.client import connect


def assets() -> list[dg.AssetsDefinition]:
    """Return the asset of the stitched people."""

    @dg.asset(
        key=key_of("people.members"),
        deps=[key_of("intermediate.int_identity_sightings"), key_of("reference.identity_rules")],
        group_name="people",
        kinds={"python"},
        description="Which person each identifier belongs to, whatever order events came in.",
    )
    def members(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with by_class(), connect(warehouse.url) as client:
            stitched = stitch_people(client)
        return dg.MaterializeResult(
            metadata={
                "people": stitched.people,
                "identifiers": stitched.identifiers,
                "shared identifiers": stitched.shared,
            }
        )

    return [members]
