"""The events of warehouses, each with its topic and key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.envelope import Strict
from storefront_api.events.inventory import (
    AllocatedV1,
    AllocationV1,
    StockAllocatedV1,
    StockDeallocatedV1,
    WarehouseMovementV1,
    WarehouseStockChangedV1,
    WarehouseStockV1,
)
from storefront_api.inventory.books import Movement
from storefront_api.platform.outbox import new_id

Message = tuple[Topic, str, Event]
MOVEMENTS_AN_EVENT = 1_000


@dataclass(frozen=True)
class When:
    """When something happened, when the store learnt of it, and in which trace."""

    at: datetime
    now: datetime
    trace_id: str = ""


def message(event: type[Event], data: Strict, key: str, when: When) -> Message:
    """Return an event of the inventory; none of them is about a person."""
    told = event.model_validate(
        {
            "id": new_id(),
            "occurred_at": when.at,
            "received_at": when.now,
            "subject": "",
            "trace_id": when.trace_id,
            "data": data,
        }
    )
    return Topic.INVENTORY, key, told


def moved(
    movements: Sequence[Movement],
    reason: Literal["receipt", "shipment", "return", "adjustment"],
    reference: str,
    when: When,
) -> list[Message]:
    """Tell what moved in warehouses for one reason, in as many events as it takes."""
    names = WarehouseMovementV1.model_fields
    told = [
        WarehouseMovementV1(**{name: getattr(each, name) for name in names}) for each in movements
    ]
    return [
        message(
            WarehouseStockChangedV1,
            WarehouseStockV1(
                reason=reason,
                reference=reference,
                movements=told[first : first + MOVEMENTS_AN_EVENT],
            ),
            reference,
            when,
        )
        for first in range(0, len(told), MOVEMENTS_AN_EVENT)
    ]


def allocated(order_id: UUID, lines: Iterable[AllocatedV1], when: When) -> Message:
    """Tell that units are set aside for an order."""
    data = AllocationV1(order_id=order_id, lines=list(lines))
    return message(StockAllocatedV1, data, str(order_id), when)


def deallocated(order_id: UUID, lines: Iterable[AllocatedV1], when: When) -> Message:
    """Tell that units are not set aside for an order any more."""
    data = AllocationV1(order_id=order_id, lines=list(lines))
    return message(StockDeallocatedV1, data, str(order_id), when)
