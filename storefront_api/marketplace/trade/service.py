"""What a vendor sees of orders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from storefront_api.marketplace.trade import cursor, repository
from storefront_api.marketplace.trade.schemas import (
    Packed,
    PackingList,
    Shipping,
    VendorOrderLine,
    VendorOrderOut,
    VendorOrderPage,
    VendorOrderSummary,
)
from storefront_api.platform.errors import NotFoundError
from storefront_api.services import Services


async def page(services: Services, vendor_id: str, after: str, limit: int) -> VendorOrderPage:
    """Return a page of a vendor's orders, newest first.

    Raises
    ------
    InvalidError
        If no page gave the cursor.
    """
    rows = await repository.page(services.pool, vendor_id, cursor.read(after), limit + 1)
    orders = [VendorOrderSummary(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    last = cursor.write(orders[-1].placed_at, orders[-1].order_id) if more else ""
    return VendorOrderPage(orders=orders, next_cursor=last)


async def _found(services: Services, vendor_id: str, order_id: UUID) -> tuple[Any, list[Any]]:
    order = await repository.find(services.pool, vendor_id, order_id)
    if order is None:
        raise NotFoundError(f"there is no order {order_id}", field="path.order_id")
    return order, await repository.lines(services.pool, vendor_id, order_id)


def _shipping(order: Any) -> Shipping:
    return Shipping(**{name: order["delivery"][name] for name in Shipping.model_fields})


async def read(services: Services, vendor_id: str, order_id: UUID) -> VendorOrderOut:
    """Return a vendor's part of an order.

    Raises
    ------
    NotFoundError
        If there is none, or the vendor has no part in it.
    """
    order, lines = await _found(services, vendor_id, order_id)
    return VendorOrderOut(
        **{name: order[name] for name in VendorOrderSummary.model_fields},
        lines=[VendorOrderLine(**{n: ln[n] for n in VendorOrderLine.model_fields}) for ln in lines],
        shipping=_shipping(order),
    )


async def packing_list(services: Services, vendor_id: str, order_id: UUID) -> PackingList:
    """Return what goes into the parcel of a vendor's part of an order.

    Raises
    ------
    NotFoundError
        If there is none, or the vendor has no part in it.
    """
    order, lines = await _found(services, vendor_id, order_id)
    items: dict[str, Packed] = {}
    mass: int | None = 0
    for line in lines:
        if not line["quantity"]:
            continue
        packed = items.get(line["sku"])
        if packed is None:
            fields = {name: line[name] for name in Packed.model_fields}
            items[line["sku"]] = Packed(**fields)
        else:
            packed.quantity += line["quantity"]
        if mass is None or line["mass_grams"] is None or line["unit"] != "each":
            mass = None
        else:
            mass += line["mass_grams"] * line["quantity"]
    return PackingList(
        order_id=order_id,
        placed_at=order["placed_at"],
        shipping=_shipping(order),
        items=list(items.values()),
        mass_grams=mass,
    )
