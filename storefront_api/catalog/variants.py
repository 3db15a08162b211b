"""Writing variants: the one way by which they enter the catalogue and change in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storefront_api.catalog import product_repository, repository
from storefront_api.catalog.changes import Change
from storefront_api.catalog.options import Matrix, broken_rule, options_hash
from storefront_api.catalog.schemas import ImportedProduct
from storefront_api.events import Topic
from storefront_api.events.catalog import (
    OptionValueV1,
    ProductCreatedV1,
    ProductUpdatedV1,
    ProductV1,
    VariantCreatedV1,
    VariantOptionsV1,
)
from storefront_api.events.inventory import (
    MovementV1,
    StockChangedV1,
    StockV1,
    WarehouseMovementV1,
    WarehouseStockChangedV1,
    WarehouseStockV1,
)
from storefront_api.inventory.books import MAIN
from storefront_api.platform.errors import ConflictError, InvalidError

MOVEMENTS_AN_EVENT = 1_000


@dataclass(frozen=True)
class Written:
    """The skus that were new, and those that changed."""

    created: frozenset[str]
    updated: frozenset[str]


async def write(change: Change, products: Sequence[ImportedProduct]) -> Written:
    """Create and replace variants; only real changes become events."""
    names = [*repository.COLUMNS, "opening_stock"]
    records = [tuple(getattr(product, name) for name in names) for product in products]
    changes = await repository.stage(change.connection, records)
    opened = await repository.apply(change.connection, change.now, MAIN)
    # A variant may have moved from one product to another: both of them change.
    moved = [
        row["sku"] for row in changes if row["was_product_id"] not in {None, row["product_id"]}
    ]
    if moved:
        await repository.forget_former_options(change.connection, moved)
    touched = {row[name] for row in changes for name in ("product_id", "was_product_id")}
    change.touched |= touched - {None}
    for row in changes:
        event = ProductCreatedV1 if row["is_new"] else ProductUpdatedV1
        data = ProductV1(**{name: row[name] for name in repository.COLUMNS})
        change.tell(row["product_id"], event, data)
    for first in range(0, len(opened), MOVEMENTS_AN_EVENT):
        rows = opened[first : first + MOVEMENTS_AN_EVENT]
        stock = StockV1(
            reason="receipt",
            reference="opening",
            movements=[MovementV1(**dict(row)) for row in rows],
        )
        change.tell("opening", StockChangedV1, stock, Topic.INVENTORY)
        placed = WarehouseStockV1(
            reason="receipt",
            reference="opening",
            movements=[
                WarehouseMovementV1(
                    sku=row["sku"],
                    warehouse_id=MAIN,
                    on_hand_delta=row["delta"],
                    allocated_delta=0,
                    on_hand=row["on_hand"],
                    allocated=0,
                )
                for row in rows
            ],
        )
        change.tell("opening", WarehouseStockChangedV1, placed, Topic.INVENTORY)
    created = frozenset(row["sku"] for row in changes if row["is_new"])
    updated = frozenset(row["sku"] for row in changes) - created
    change.repriced |= updated
    return Written(created, updated)


def check_options(
    stated: Sequence[Mapping[str, str]], matrix: Matrix, taken: Mapping[bytes, str]
) -> None:
    """Refuse option sets that the product does not have, or that occur already.

    Parameters
    ----------
    stated
        The set of each new variant.
    taken
        The skus of the product's variants by the hash of their sets.

    Raises
    ------
    InvalidError
        If a set is not one of the matrix.
    ConflictError
        If two variants would have the same set.
    """
    broken = []
    for place, options in enumerate(stated):
        name, rule = broken_rule(options, matrix)
        if rule:
            broken.append({"field": f"body.variants.{place}.options.{name}", "message": rule})
    if broken:
        raise InvalidError(broken[0]["message"], field=broken[0]["field"], details=broken)
    seen: dict[bytes, str] = dict(taken)
    for place, options in enumerate(stated):
        digest = options_hash(options)
        if digest in seen:
            raise ConflictError(
                f"{seen[digest]} has these options already",
                field=f"body.variants.{place}.options",
            )
        seen[digest] = f"variant {place}"


async def give_options(change: Change, sets: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
    """Give variants their option sets, which were checked before.

    Parameters
    ----------
    sets
        By product and sku.
    """
    given = [(i, sku, stated) for i, by_sku in sets.items() for sku, stated in by_sku.items()]
    if not given:
        return
    rows = [
        (sku, product_id, json.dumps(dict(stated)), options_hash(stated))
        for product_id, sku, stated in given
    ]
    await product_repository.insert_options(change.connection, rows)
    change.touched |= set(sets)
    for product_id, sku, stated in given:
        if stated:
            values = [OptionValueV1(name=name, value=value) for name, value in stated.items()]
            data = VariantOptionsV1(sku=sku, product_id=product_id, options=values)
            change.tell(product_id, VariantCreatedV1, data)


def as_stated(row: Mapping[str, Any], **changed: Any) -> ImportedProduct:
    """Return a variant as the catalogue has it, with some of it changed."""
    stated = {name: row[name] for name in repository.COLUMNS}
    return ImportedProduct.model_validate(stated | changed)
