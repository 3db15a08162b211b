"""What the inventory does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from storefront_api.events import Event, Topic
from storefront_api.events.inventory import MovementV1, StockChangedV1, StockV1
from storefront_api.inventory import repository
from storefront_api.inventory.schemas import Receipt, StockOut
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
    """Add stock in a transaction, with its ledger entry and its event.

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
    """Take goods into stock, or answer what was answered under the same key.

    Items of the same sku are added up.

    Raises
    ------
    InvalidError
        If a sku has no stock row.
    """
    deltas: dict[str, int] = {}
    for item in receipt.items:
        deltas[item.sku] = deltas.get(item.sku, 0) + item.quantity
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        moved = await add(connection, deltas, "receipt", receipt.reference, now, now, trace_id)
        stocks = [StockOut(sku=row["sku"], on_hand=row["on_hand"]) for row in moved]
        answer = Answer(201, _STOCKS.dump_json(stocks).decode())
        await idempotency.keep(connection, request, answer)
    return answer
