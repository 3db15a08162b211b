"""Products' footprints for partners, from the warehouse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from clickhouse_connect.driver.client import Client

from models.carbon import FootprintCalculator, Piece
from models.carbon.exchange import Origin, Owner, Product, product_footprint
from models.carbon.train import frozen
from pipelines.training import factor_frames
from pipelines.warehouse.client import Reader

_PRODUCTS = """
SELECT sku, name, department, category, vendor_id, mass_grams, unit
FROM marts.dim_products WHERE sku IN {skus:Array(String)}
"""
_MATERIALS = """
SELECT sku, factor_id, thousandths FROM intermediate.int_product_materials
WHERE factor_set_version = {version:String} AND method = 'declared_materials'
    AND sku IN {skus:Array(String)} ORDER BY sku, factor_id
"""
_ORIGINS = """
SELECT factors.factor_id, sources.title, sources.year FROM reference.emission_factors AS factors
JOIN reference.factor_sources AS sources ON factors.source_id = sources.source_id
WHERE factors.factor_set_version = {version:String}
"""
_IN_FORCE = "SELECT argMax(factor_set_version, valid_from) FROM reference.factor_sets"


class NoFootprintError(LookupError):
    """A product that is not in the catalogue, or of which no footprint can be stated."""


def product_footprints(
    client: Client, skus: Sequence[str], owner: Owner, created: datetime
) -> list[dict[str, Any]]:
    """Return a PACT `ProductFootprint` for each product variant, in their order.

    Raises
    ------
    NoFootprintError
        If the catalogue lacks one, if it has no pieces, or if neither mass nor factor is known; the
        message names it.
    """
    source = Reader(client)
    (version,) = source.row(_IN_FORCE)
    asked = {"skus": list(skus), "version": version}
    found = {str(row["sku"]): row for row in _records(source.frame(_PRODUCTS, asked))}
    materials: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in _records(source.frame(_MATERIALS, asked)):
        materials[str(row["sku"])].append((str(row["factor_id"]), int(row["thousandths"])))
    origins = {
        str(row["factor_id"]): Origin(str(row["title"]), int(row["year"]))
        for row in _records(source.frame(_ORIGINS, asked))
    }
    known = {sku: _known(sku, found.get(sku), materials[sku]) for sku in skus}
    calculator = FootprintCalculator(frozen(factor_frames(source, version)), known)
    stated = []
    for sku in skus:
        footprint = calculator.footprint(
            lines=[Piece(sku, 1.0)], packaging="none", delivery_mode="collect", distance_km=0
        )
        used = {one.factor_id for one in footprint.emissions if one.part == "product"}
        columns = ("sku", "name", "department", "category", "vendor_id")
        try:
            statement = product_footprint(
                Product(**{column: str(found[sku][column]) for column in columns}),
                footprint.emissions,
                factor_set_version=version,
                origins=sorted({origins[one] for one in used}, key=lambda o: (o.year, o.title)),
                notes=footprint.reasons,
                owner=owner,
                created=created,
            )
        except ValueError as error:
            raise NoFootprintError(str(error)) from error
        stated.append(statement)
    return stated


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _known(
    sku: str, row: Mapping[str, Any] | None, materials: list[tuple[str, int]]
) -> tuple[Any, ...]:
    """Return a product as the calculator takes it."""
    if row is None:
        raise NoFootprintError(f"sku: the catalogue has no {sku}")
    if row["unit"] == "milli":
        raise NoFootprintError(f"sku: {sku} is sold by the thousandth and has no pieces")
    grams = None if pd.isna(row["mass_grams"]) else float(row["mass_grams"])
    return row["department"], row["category"], grams, False, 0, materials
