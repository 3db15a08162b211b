"""From which warehouses a shipment's units are, and that they leave them with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from storefront_api.inventory import allocation_repository as repository
from storefront_api.inventory.allocation import allocate_order
from storefront_api.inventory.books import Books
from storefront_api.inventory.choosing import choose
from storefront_api.inventory.outgoing import When, moved
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import ConflictError
from storefront_api.platform.outbox import enqueue


class NoSourceError(ConflictError):
    """No active warehouse has enough of it for this order."""

    code = "no_source"


async def idle_in(connection: Connection, order_id: UUID, warehouse_id: str) -> dict[int, int]:
    """Return the units of each line of a locked order that a warehouse has and no shipment."""
    shares = await repository.of_order(connection, order_id)
    return {
        share.line_number: share.idle
        for share in shares
        if share.warehouse_id == warehouse_id and share.idle
    }


async def prepare(connection: Connection, order_id: UUID, when: When) -> None:
    """See to it that the units of a locked order are allocated, before a shipment is made."""
    await allocate_order(connection, order_id, when)


async def source(
    connection: Connection,
    order_id: UUID,
    shipment_id: UUID,
    units: Mapping[int, int],
    warehouse_id: str,
) -> None:
    """Take a new shipment's units from what is allocated to its order, of few warehouses.

    Parameters
    ----------
    units
        By line number.
    warehouse_id
        From where alone; empty for any.

    Raises
    ------
    NoSourceError
        If as much is not allocated there.
    """
    free: dict[str, dict[str, int]] = {}
    for share in await repository.of_order(connection, order_id):
        if warehouse_id in ("", share.warehouse_id):
            free.setdefault(share.warehouse_id, {})[str(share.line_number)] = share.idle
    wanted = {str(number): quantity for number, quantity in units.items()}
    taken = choose(wanted, free, sorted(free))
    got: Counter[str] = Counter()
    for (number, _), quantity in taken.items():
        got[number] += quantity
    short = [number for number, quantity in wanted.items() if got[number] < quantity]
    if short:
        raise NoSourceError(
            "no active warehouse has that much of it for this order",
            field="body.warehouse_id" if warehouse_id else "body.lines",
            details=[
                {"line_number": int(number), "wanted": wanted[number], "allocated": got[number]}
                for number in short
            ],
        )
    rows = [(int(number), place, quantity) for (number, place), quantity in taken.items()]
    await repository.source(connection, shipment_id, order_id, rows)


async def ship(connection: Connection, shipment_id: UUID, when: When) -> None:
    """Take a shipment's units out of their warehouses, once; its order's row is locked."""
    gone = await repository.leave(connection, shipment_id, when.now)
    if not gone:
        return
    books = await Books.open(connection, {row["sku"] for row in gone})
    reference = str(shipment_id)
    movements = [
        books.move(
            "shipment",
            row["sku"],
            row["warehouse_id"],
            reference,
            on_hand=-row["units"],
            allocated=-row["units"],
        )
        for row in gone
    ]
    await books.write(connection, when.now)
    await enqueue(connection, moved(movements, "shipment", reference, when))
