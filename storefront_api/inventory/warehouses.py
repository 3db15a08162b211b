"""Warehouses: where they are, what is in them, and what of it is for which order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from storefront_api.events.inventory import WarehouseChangedV1, WarehouseV1
from storefront_api.inventory import allocation_repository as allocations
from storefront_api.inventory import warehouse_repository as repository
from storefront_api.inventory.books_repository import unbalanced
from storefront_api.inventory.outgoing import When, message
from storefront_api.inventory.warehouse_schemas import (
    AllocationsOut,
    AreaIn,
    AreaOut,
    AreaPage,
    DifferenceOut,
    LevelOut,
    LevelPage,
    LineOut,
    ReconciliationOut,
    ShareOut,
    SourceOut,
    WarehouseIn,
    WarehouseOut,
    WarehousePage,
)
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import InvalidError, NotFoundError
from storefront_api.platform.outbox import enqueue
from storefront_api.services import Services

_LISTED = "warehouses"
_AREAS = "delivery areas"


async def must_exist(connection: Connection, warehouse_ids: Sequence[str], field: str) -> None:
    """Refuse warehouses that are not there.

    Raises
    ------
    InvalidError
        If one of them is not; the field is the one given.
    """
    missing = sorted(set(warehouse_ids) - await repository.known(connection, warehouse_ids))
    if missing:
        raise InvalidError(f"there is no warehouse {', '.join(missing)}", field=field)


async def put(
    services: Services, warehouse_id: str, wanted: WarehouseIn, trace_id: str
) -> WarehouseOut:
    """Create a warehouse or change it; the same again changes nothing.

    One that is not active keeps what is in it: goods still come in, are counted and moved, and
    what was allocated is sent. Orders get nothing new from it.
    """
    now = services.clock()
    stated = WarehouseV1(warehouse_id=warehouse_id, **wanted.model_dump())
    async with transaction(services.pool) as connection:
        if await repository.put(connection, (*stated.model_dump().values(), now)):
            when = When(now, now, trace_id)
            await enqueue(connection, [message(WarehouseChangedV1, stated, warehouse_id, when)])
    return WarehouseOut(**stated.model_dump())


async def read(services: Services, warehouse_id: str) -> WarehouseOut:
    """Return a warehouse.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = await repository.one(services.pool, warehouse_id)
    if row is None:
        raise NotFoundError(f"there is no warehouse {warehouse_id}", field="path.warehouse_id")
    return WarehouseOut(**dict(row))


async def page(services: Services, after: str, limit: int) -> WarehousePage:
    """Return a page of the warehouses in order of their id."""
    (last,) = services.cursors.read(_LISTED, after) if after else ("",)
    rows = await repository.page(services.pool, last, limit + 1)
    found = [WarehouseOut(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    cursor = services.cursors.write(_LISTED, found[-1].warehouse_id) if more else ""
    return WarehousePage(warehouses=found, next_cursor=cursor)


async def levels(services: Services, warehouse_id: str, after: str, limit: int) -> LevelPage:
    """Return a page of what is in a warehouse in order of sku.

    Raises
    ------
    NotFoundError
        If there is no such warehouse.
    """
    await read(services, warehouse_id)
    listed = f"levels/{warehouse_id}"
    (last,) = services.cursors.read(listed, after) if after else ("",)
    rows = await repository.levels(services.pool, warehouse_id, last, limit + 1)
    found = [LevelOut(**dict(row), free=row["on_hand"] - row["allocated"]) for row in rows[:limit]]
    cursor = services.cursors.write(listed, found[-1].sku) if len(rows) > limit else ""
    return LevelPage(levels=found, next_cursor=cursor)


async def put_area(services: Services, area: str, wanted: AreaIn) -> AreaOut:
    """Say where a postal area is: orders that go there are sent from nearby."""
    await repository.put_area(services.pool, area, wanted.latitude, wanted.longitude)
    return AreaOut(area=area, **wanted.model_dump())


async def areas(services: Services, after: str, limit: int) -> AreaPage:
    """Return a page of the postal areas whose place is known."""
    (last,) = services.cursors.read(_AREAS, after) if after else ("",)
    rows = await repository.areas(services.pool, last, limit + 1)
    found = [AreaOut(**dict(row)) for row in rows[:limit]]
    cursor = services.cursors.write(_AREAS, found[-1].area) if len(rows) > limit else ""
    return AreaPage(areas=found, next_cursor=cursor)


async def reconcile(services: Services) -> ReconciliationOut:
    """Return the variants of which stock and warehouses differ, at most a thousand of them."""
    rows = await unbalanced(services.pool)
    return ReconciliationOut(differences=[DifferenceOut(**dict(row)) for row in rows])


async def of_order(services: Services, order_id: UUID) -> AllocationsOut:
    """Return where an order's units are.

    Raises
    ------
    NotFoundError
        If there is no such order.
    """
    if not await allocations.is_there(services.pool, order_id):
        raise NotFoundError(f"there is no order {order_id}", field="path.order_id")
    shares = await allocations.of_order(services.pool, order_id)
    waiting = await allocations.waiting(services.pool, [order_id])
    sources = await allocations.sources(services.pool, order_id)
    return AllocationsOut(
        order_id=order_id,
        allocations=[ShareOut(**vars(share)) for share in shares],
        shipments=[SourceOut(**dict(row)) for row in sources],
        waiting=[
            LineOut(line_number=line.line_number, sku=line.sku, units=line.units)
            for line in waiting
        ],
    )
