"""Goods of orders that are stock again: what came back, and what was never sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from storefront_api.events.inventory import AllocatedV1
from storefront_api.inventory import allocation_repository as repository
from storefront_api.inventory.allocation_repository import Line, Share
from storefront_api.inventory.books import Books, Movement
from storefront_api.inventory.outgoing import Message, When, deallocated, moved
from storefront_api.inventory.service import add
from storefront_api.inventory.warehouses import must_exist
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ConflictError
from storefront_api.platform.outbox import enqueue


class InAShipmentError(ConflictError):
    """What is to be stock again is in a shipment that has not left; void it first."""

    code = "in_a_shipment"


async def come_back(
    connection: Connection,
    order_id: UUID,
    back: Mapping[str, int],
    warehouse_id: str,
    when: When,
    field: str,
) -> None:
    """Take units that a shopper had into a warehouse.

    Raises
    ------
    InvalidError
        If there is no such warehouse; the field is the one given.
    """
    await must_exist(connection, [warehouse_id], field)
    await _to_stock(connection, order_id, back, when)
    books = await Books.open(connection, set(back), [warehouse_id])
    told = _received(books, order_id, back, warehouse_id, when)
    await books.write(connection, when.at)
    await enqueue(connection, told)


async def put_back(
    connection: Connection,
    order_id: UUID,
    back: Mapping[str, int],
    warehouse_id: str,
    when: When,
    *,
    over_the_counter: bool,
) -> None:
    """Make units of a locked order stock again: from the shopper, or units that never left.

    Those that the shopper has come first, into the warehouse; the others are not sent any more.

    Raises
    ------
    InvalidError
        If there is no such warehouse.
    InAShipmentError
        If they are neither with the shopper nor free to be released.
    """
    await must_exist(connection, [warehouse_id], "body.warehouse_id")
    away = dict(back)
    if not over_the_counter:
        away = await repository.away(connection, order_id, sorted(back))
    received = {sku: min(units, max(0, away.get(sku, 0))) for sku, units in back.items()}
    received = {sku: units for sku, units in received.items() if units}
    unsent = {sku: units - received.get(sku, 0) for sku, units in back.items()}
    await _to_stock(connection, order_id, back, when)
    books = await Books.open(connection, set(back), [warehouse_id] if received else [])
    told = _received(books, order_id, received, warehouse_id, when) if received else []
    if any(unsent.values()):
        told += await _release(connection, books, order_id, unsent, when)
    await books.write(connection, when.at)
    if told:
        await enqueue(connection, told)


async def call_off(
    connection: Connection, order_id: UUID, back: Mapping[str, int], when: When
) -> None:
    """Release all that a locked order has, which was not sent and is in no shipment."""
    await _to_stock(connection, order_id, back, when)
    books = await Books.open(connection, set(back))
    told = await _release(connection, books, order_id, back, when)
    await books.write(connection, when.at)
    if told:
        await enqueue(connection, told)


async def _to_stock(
    connection: Connection, order_id: UUID, back: Mapping[str, int], when: When
) -> None:
    reference = str(order_id)
    await add(connection, back, "return", reference, when.at, when.now, when.trace_id)


def _received(
    books: Books, order_id: UUID, back: Mapping[str, int], warehouse_id: str, when: When
) -> list[Message]:
    reference = str(order_id)
    movements: list[Movement] = [
        books.move("return", sku, warehouse_id, reference, on_hand=units)
        for sku, units in sorted(back.items())
    ]
    return moved(movements, "return", reference, when)


async def _release(
    connection: Connection, books: Books, order_id: UUID, unsent: Mapping[str, int], when: When
) -> list[Message]:
    """Release units of each sku: first those that wait, then those that warehouses have."""
    waiting = await repository.waiting(connection, [order_id])
    shares = await repository.of_order(connection, order_id)
    lines: Counter[int] = Counter()
    taken_off: dict[tuple[int, str], int] = {}
    freed = []
    left = dict(unsent)
    for line in waiting:
        units = min(line.units, left.get(line.sku, 0))
        lines[line.line_number] += units
        left[line.sku] = left.get(line.sku, 0) - units
    for share in shares:
        units = min(share.idle, left.get(share.sku, 0))
        if units:
            lines[share.line_number] += units
            left[share.sku] -= units
            taken_off[share.line_number, share.warehouse_id] = units
            freed.append(_freed(share, units))
    short = sorted(sku for sku, units in left.items() if units > 0)
    if short:
        raise InAShipmentError(
            f"in a shipment that has not left: {', '.join(short)}", field="body.restock"
        )
    by_place: Counter[tuple[str, str]] = Counter()
    for each in freed:
        by_place[each.sku, each.warehouse_id] += each.units
    for (sku, warehouse_id), units in sorted(by_place.items()):
        books.move("release", sku, warehouse_id, str(order_id), allocated=-units)
    await repository.release(connection, order_id, +lines, taken_off)
    if _all_released(waiting, lines):
        await repository.nothing_waits(connection, order_id)
    return [deallocated(order_id, freed, when)] if freed else []


def _freed(share: Share, units: int) -> AllocatedV1:
    return AllocatedV1(
        line_number=share.line_number,
        sku=share.sku,
        warehouse_id=share.warehouse_id,
        units=units,
    )


def _all_released(waiting: list[Line], lines: Mapping[int, int]) -> bool:
    return all(lines.get(line.line_number, 0) >= line.units for line in waiting)
