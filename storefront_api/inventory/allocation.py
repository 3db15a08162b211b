"""Giving sold units a warehouse: after the order, so that no order waits for it.

An order is promised from the store's stock at once. The units are allocated by the checkouts'
worker, and at the latest when a shipment is made of them. What is sold over the counter has left
when the order is placed: it is taken out of a warehouse instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from storefront_api.events.inventory import AllocatedV1
from storefront_api.inventory import allocation_repository as repository
from storefront_api.inventory.allocation_repository import Line, Waiting
from storefront_api.inventory.books import Books
from storefront_api.inventory.choosing import choose, ranked
from storefront_api.inventory.outgoing import Message, When, allocated, moved
from storefront_api.platform.apart import apart
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.outbox import enqueue

AT_ONCE = 200
"""Orders that one transaction allocates."""
BATCHES = 20
"""Transactions of one sweep."""
STEP = "allocation"
RETRY_AFTER = timedelta(minutes=1)
"""How long an order waits that no active warehouse had enough for."""


async def allocate(
    pool: Any, now: datetime, failpoint: Callable[[str], None] = lambda _: None
) -> int:
    """Allocate what waits and return how many orders were looked at.

    Several workers may: an order is looked at by one of them, and in one transaction. An order
    that cannot be allocated for whatever reason keeps none of the others from it.
    """
    looked_at = 0
    for _ in range(BATCHES):
        found = None
        with apart(STEP):
            found = await _batch(pool, now, failpoint)
        if found is None:
            found = await _one_by_one(pool, now)
        looked_at += found
        if found < AT_ONCE:
            break
    return looked_at


async def _batch(pool: Any, now: datetime, failpoint: Callable[[str], None]) -> int:
    async with transaction(pool) as connection:
        orders = await repository.take(connection, now - RETRY_AFTER, AT_ONCE)
        failpoint("taken")
        if orders:
            await _set_aside(connection, orders, When(now, now))
        failpoint("written")
    failpoint("committed")
    return len(orders)


async def _one_by_one(pool: Any, now: datetime) -> int:
    order_ids = await repository.due(pool, now - RETRY_AFTER, AT_ONCE)
    for order_id in order_ids:
        done = False
        with apart(STEP, order_id=str(order_id)):
            async with transaction(pool) as connection:
                if await repository.lock(connection, order_id):
                    await allocate_order(connection, order_id, When(now, now))
            done = True
        if not done:
            await repository.tried(pool, {order_id: False}, now)
    return len(order_ids)


async def allocate_order(connection: Connection, order_id: UUID, when: When) -> None:
    """Allocate what waits of an order whose row is locked, as far as warehouses have it."""
    orders = await repository.one(connection, order_id)
    if orders:
        await _set_aside(connection, orders, when)


async def _set_aside(connection: Connection, orders: Sequence[Waiting], when: When) -> None:
    of_order: dict[UUID, list[Line]] = {order.order_id: [] for order in orders}
    for line in await repository.waiting(connection, list(of_order)):
        of_order[line.order_id].append(line)
    skus = {line.sku for lines in of_order.values() for line in lines}
    books = await Books.open(connection, skus)
    places = await repository.places(connection)
    spots = await repository.spots(connection, sorted({order.area for order in orders}))
    rows: list[tuple[UUID, int, str, int, int]] = []
    whole: dict[UUID, bool] = {}
    told: list[Message] = []
    for order in orders:
        lines = of_order[order.order_id]
        wanted: Counter[str] = Counter()
        for line in lines:
            wanted[line.sku] += line.units
        preferred = ranked(places, spots.get(order.area))
        taken = choose(wanted, books.free_of(wanted), preferred)
        whole[order.order_id] = sum(taken.values()) == wanted.total()
        if taken:
            shares = _by_line(lines, taken)
            left = order.over_the_counter
            rows += [
                (order.order_id, share.line_number, share.warehouse_id, share.units)
                + (share.units if left else 0,)
                for share in shares
            ]
            told += _move(books, order, taken, shares, when)
    if rows:
        await repository.add(connection, rows)
        await books.write(connection, when.at)
        await enqueue(connection, told)
    await repository.tried(connection, whole, when.now)


def _move(
    books: Books,
    order: Waiting,
    taken: dict[tuple[str, str], int],
    shares: Sequence[AllocatedV1],
    when: When,
) -> list[Message]:
    reference = str(order.order_id)
    if order.over_the_counter:
        gone = [
            books.move("shipment", sku, warehouse_id, reference, on_hand=-units)
            for (sku, warehouse_id), units in taken.items()
        ]
        return moved(gone, "shipment", reference, when)
    for (sku, warehouse_id), units in taken.items():
        books.move("allocation", sku, warehouse_id, reference, allocated=units)
    return [allocated(order.order_id, shares, when)]


def _by_line(lines: Sequence[Line], taken: dict[tuple[str, str], int]) -> list[AllocatedV1]:
    """Spread what was taken of each sku over the lines that want it, the first one first."""
    left = dict(taken)
    shares = []
    for line in lines:
        wanted = line.units
        for (sku, warehouse_id), units in left.items():
            share = min(wanted, units) if sku == line.sku else 0
            if share:
                shares.append(
                    AllocatedV1(
                        line_number=line.line_number,
                        sku=sku,
                        warehouse_id=warehouse_id,
                        units=share,
                    )
                )
                left[sku, warehouse_id] -= share
                wanted -= share
    return shares
