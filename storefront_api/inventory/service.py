"""What the inventory does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from storefront_api.events import Event, Topic
from storefront_api.events.inventory import MovementV1, StockChangedV1, StockV1
from storefront_api.inventory import repository, warehouse_repository
from storefront_api.inventory.books import MAIN, Books, Movement
from storefront_api.inventory.outgoing import When
from storefront_api.inventory.outgoing import moved as moved_in_warehouses
from storefront_api.inventory.schemas import Receipt, StockOut
from storefront_api.inventory.warehouses import must_exist
from storefront_api.platform import idempotency
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import InvalidError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services

Reason = Literal["order", "receipt", "adjustment", "return"]


def changed(
    moved: list[Any], reason: Reason, reference: str, at: datetime, now: datetime, trace_id: str
) -> tuple[Topic, str, Event]:
    """Return the event that tells of movements, with its topic and key."""
    movements = [MovementV1(**dict(row)) for row in sorted(moved, key=lambda row: row["sku"])]
    event = StockChangedV1(
        id=new_id(),
        occurred_at=at,
        received_at=now,
        subject="",
        trace_id=trace_id,
        data=StockV1(reason=reason, reference=reference, movements=movements),
    )
    return Topic.INVENTORY, reference, event


async def add(
    connection: Connection,
    deltas: Mapping[str, int],
    reason: Reason,
    reference: str,
    at: datetime,
    now: datetime,
    trace_id: str,
) -> list[Any]:
    """Add to what the store promises, with its ledger entry and its event.

    Whoever calls this moves as much in warehouses, in the same transaction and after it.

    Raises
    ------
    InvalidError
        If a sku has no stock row.
    """
    moved = await repository.move(connection, deltas, reason, reference, at)
    missing = sorted(set(deltas) - {row["sku"] for row in moved})
    if missing:
        raise InvalidError(f"unknown sku: {', '.join(missing)}", field="body.items.sku")
    await enqueue(connection, [changed(moved, reason, reference, at, now, trace_id)])
    return moved


_STOCKS = TypeAdapter(list[StockOut])


async def receive(services: Services, request: Request, receipt: Receipt, trace_id: str) -> Answer:
    """Take goods into a warehouse, or answer what was answered under the same key.

    Items of the same sku are added up.

    Raises
    ------
    InvalidError
        If a sku has no stock row, or there is no such warehouse.
    """
    deltas: dict[str, int] = {}
    for item in receipt.items:
        deltas[item.sku] = deltas.get(item.sku, 0) + item.quantity
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        reference, place = receipt.reference, receipt.warehouse_id
        await must_exist(connection, [place], "body.warehouse_id")
        moved = await add(connection, deltas, "receipt", reference, now, now, trace_id)
        books = await Books.open(connection, set(deltas), [place])
        movements = [
            books.move("receipt", sku, place, reference, on_hand=quantity)
            for sku, quantity in sorted(deltas.items())
        ]
        await books.write(connection, now)
        when = When(now, now, trace_id)
        await enqueue(connection, moved_in_warehouses(movements, "receipt", reference, when))
        stocks = [StockOut(sku=row["sku"], on_hand=row["on_hand"]) for row in moved]
        answer = Answer(201, _STOCKS.dump_json(stocks).decode())
        await idempotency.keep(connection, request, answer)
    return answer


async def adjust(
    connection: Connection, deltas: Mapping[str, int], reference: str, when: When
) -> None:
    """Correct stock by somebody who knows of no places, as vendors do not.

    What is more is in the main warehouse. What is less is missing there, too, or, where it has
    fewer that are free, in the others, the most preferred first.

    Raises
    ------
    InvalidError
        If a sku has no stock row, or less than is missing.
    """
    await add(connection, deltas, "adjustment", reference, when.at, when.now, when.trace_id)
    books = await Books.open(connection, set(deltas), [MAIN])
    others = [name for name in await warehouse_repository.by_priority(connection) if name != MAIN]
    movements: list[Movement] = []
    for sku, delta in sorted(deltas.items()):
        left = delta
        for place in [MAIN, *others]:
            part = left if left > 0 else -min(-left, books.free(sku, place))
            if part:
                moved = books.move("adjustment", sku, place, reference, on_hand=part)
                movements.append(moved)
                left -= part
        if left:
            raise InvalidError(f"warehouses have less of {sku} than is missing", field="body")
    await books.write(connection, when.at)
    await enqueue(connection, moved_in_warehouses(movements, "adjustment", reference, when))
