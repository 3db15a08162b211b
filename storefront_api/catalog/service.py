"""Reading the catalogue, and importing into it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from storefront_api.catalog import answers, repository, trait_repository, traits, variants
from storefront_api.catalog.changes import changing
from storefront_api.catalog.schemas import (
    CatalogImport,
    ImportedProduct,
    ImportOut,
    ProductOut,
    ProductPage,
)
from storefront_api.marketplace.onboarding.service import admit
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import InvalidError, NotFoundError
from storefront_api.services import Services

_LISTED = "products"


async def list_products(
    services: Services,
    caller: Caller | None,
    after: str,
    department: str,
    category: str,
    under: str,
    limit: int,
) -> ProductPage:
    """Return a page of the products that are offered, in order of their id.

    For an account with preferences those come first that are known to meet more of them.

    Raises
    ------
    InvalidCursorError
        If a cursor is stated that no page of products in this order gave.
    """
    prefers = await traits.preferred(services, caller)
    if prefers:
        within = (department, category, under)
        return await _preferred_first(services, prefers, after, within, limit)
    (last,) = services.cursors.read(_LISTED, after) if after else ("",)
    async with services.pool.acquire() as connection:
        rows = await repository.page(connection, last, department, category, under, limit + 1)
        products = await answers.products(connection, rows, services.clock())
    more = len(products) > limit
    products = products[:limit]
    cursor = services.cursors.write(_LISTED, products[-1].product_id) if more else ""
    return ProductPage(products=products, next_cursor=cursor)


async def _preferred_first(
    services: Services,
    prefers: traits.Traits,
    after: str,
    within: tuple[str, str, str],
    limit: int,
) -> ProductPage:
    listed = f"{_LISTED}/{traits.named(prefers)}"
    last = services.cursors.read(listed, after) if after else (None, "")
    async with services.pool.acquire() as connection:
        rows = await trait_repository.page(
            connection, prefers, (last[0], last[1]), *within, limit + 1
        )
        products = await answers.products(connection, rows, services.clock())
    more = len(products) > limit
    products = products[:limit]
    met = {row["product_id"]: row["met"] for row in rows}
    key = (met[products[-1].product_id], products[-1].product_id) if more else ()
    cursor = services.cursors.write(listed, *key) if more else ""
    return ProductPage(products=products, next_cursor=cursor)


async def read_product(services: Services, product_id: str) -> ProductOut:
    """Return one product, archived or not.

    Raises
    ------
    NotFoundError
        If there is none with that id.
    """
    async with services.pool.acquire() as connection:
        return await shown(services, connection, product_id)


async def shown(services: Services, connection: Connection, product_id: str) -> ProductOut:
    """Return one product as a connection sees it.

    Raises
    ------
    NotFoundError
        If there is none with that id.
    """
    rows = await repository.product(connection, product_id)
    if not rows:
        raise NotFoundError(f"there is no product {product_id!r}", field="path.product_id")
    return (await answers.products(connection, rows, services.clock()))[0]


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
    services: Services,
    caller: Caller,
    wanted: CatalogImport,
    trace_id: str,
    stated_at: datetime | None = None,
) -> ImportOut:
    """Create and replace variants, all of them or none; only real changes become events.

    Parameters
    ----------
    stated_at
        When the products and their opening stock came, where a partner states it.

    Raises
    ------
    InvalidError
        If a sku occurs twice.
    """
    _refuse_repeated(wanted.products)
    async with changing(services, trace_id, stated_at) as change:
        vendors = {product.vendor_id for product in wanted.products}
        await admit(change.connection, vendors, caller.name, change.now, trace_id)
        written = await variants.write(change, wanted.products)
    changed = len(written.created) + len(written.updated)
    return ImportOut(
        created=len(written.created),
        updated=len(written.updated),
        unchanged=len(wanted.products) - changed,
    )
