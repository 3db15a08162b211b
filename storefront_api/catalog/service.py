"""What the catalogue does."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any

from storefront_api.catalog import repository
from storefront_api.catalog.schemas import (
    CatalogImport,
    ImportedProduct,
    ImportOut,
    ProductOut,
    ProductPage,
    Variant,
)
from storefront_api.events import Event, Topic
from storefront_api.events.catalog import ProductCreatedV1, ProductUpdatedV1, ProductV1
from storefront_api.events.inventory import MovementV1, StockChangedV1, StockV1
from storefront_api.marketplace.onboarding.service import admit
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import InvalidError, NotFoundError
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.search.repository import refresh
from storefront_api.services import Services

MOVEMENTS_AN_EVENT = 1_000


def _products(rows: list[Any]) -> list[ProductOut]:
    products = []
    for _, group in groupby(rows, key=lambda row: row["product_id"]):
        variants = list(group)
        known = {name: variants[0][name] for name in ProductOut.model_fields if name != "variants"}
        products.append(
            ProductOut(
                **known,
                variants=[Variant(**{n: row[n] for n in Variant.model_fields}) for row in variants],
            )
        )
    return products


async def list_products(
    services: Services, after: str, department: str, category: str, limit: int
) -> ProductPage:
    """Return a page of products in order of their id."""
    rows = await repository.page(services.pool, after, department, category, limit + 1)
    products = _products(rows)
    more = len(products) > limit
    products = products[:limit]
    return ProductPage(products=products, next_cursor=products[-1].product_id if more else "")


async def read_product(services: Services, product_id: str) -> ProductOut:
    """Return one product.

    Raises
    ------
    NotFoundError
        If there is none with that id.
    """
    products = _products(await repository.product(services.pool, product_id))
    if not products:
        raise NotFoundError(f"there is no product {product_id!r}", field="path.product_id")
    return products[0]


def _refuse_repeated(products: list[ImportedProduct]) -> None:
    counted = Counter(product.sku for product in products)
    details = [
        {"field": f"body.products.{index}.sku", "message": f"{product.sku} occurs more than once"}
        for index, product in enumerate(products)
        if counted[product.sku] > 1
    ]
    if details:
        raise InvalidError(details[0]["message"], field=details[0]["field"], details=details)


async def import_products(
    services: Services, caller: Caller, wanted: CatalogImport, trace_id: str
) -> ImportOut:
    """Create and replace variants, all of them or none; only real changes become events.

    Raises
    ------
    InvalidError
        If a sku occurs twice.
    """
    _refuse_repeated(wanted.products)
    now = services.clock()
    names = [*repository.COLUMNS, "opening_stock"]
    records = [tuple(getattr(product, n) for n in names) for product in wanted.products]
    common = {"occurred_at": now, "received_at": now, "subject": "", "trace_id": trace_id}
    async with transaction(services.pool) as connection:
        changes = await repository.stage(connection, records)
        opened = await repository.apply(connection, now)
        vendors = {product.vendor_id for product in wanted.products}
        await admit(connection, vendors, caller.name, now, trace_id)
        # A variant may have moved from one product to another: both of them change.
        touched = {row[name] for row in changes for name in ("product_id", "was_product_id")}
        await refresh(connection, sorted(touched - {None}))
        events: list[tuple[Topic, str, Event]] = []
        for row in changes:
            event = ProductCreatedV1 if row["is_new"] else ProductUpdatedV1
            data = ProductV1(**{name: row[name] for name in repository.COLUMNS})
            events.append(
                (Topic.CATALOG, row["product_id"], event(id=new_id(), data=data, **common))
            )
        for first in range(0, len(opened), MOVEMENTS_AN_EVENT):
            rows = opened[first : first + MOVEMENTS_AN_EVENT]
            stock = StockV1(
                reason="receipt",
                reference="opening",
                movements=[MovementV1(**dict(row)) for row in rows],
            )
            events.append(
                (Topic.INVENTORY, "opening", StockChangedV1(id=new_id(), data=stock, **common))
            )
        await enqueue(connection, events)
    created = sum(row["is_new"] for row in changes)
    return ImportOut(
        created=created,
        updated=len(changes) - created,
        unchanged=len(wanted.products) - len(changes),
    )
