"""The events of the fulfilment, each with its topic and key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storefront_api.events import Event, Topic
from storefront_api.events.fulfilment import (
    DeliveredShipmentV1,
    ShipmentChangeV1,
    ShipmentCreatedV1,
    ShipmentDeliveredV1,
    ShipmentStatus,
    ShipmentStatusChangedV1,
    ShipmentV1,
)
from storefront_api.fulfilment.repository import Shipment
from storefront_api.orders.changes import LockedOrder
from storefront_api.platform.outbox import new_id

Message = tuple[Topic, str, Event]


def envelope(order: LockedOrder, at: datetime, now: datetime, trace_id: str) -> dict[str, Any]:
    """Return what every event about an order carries."""
    return {
        "id": new_id(),
        "occurred_at": at,
        "received_at": now,
        "subject": order.subject,
        "trace_id": trace_id,
    }


def created(order: LockedOrder, shipment: Shipment, now: datetime, trace_id: str) -> Message:
    """Tell that parts of an order are set aside."""
    data = ShipmentV1(
        shipment_id=shipment.shipment_id,
        order_id=order.order_id,
        carrier=shipment.carrier,
        lines=shipment.lines,
    )
    event = ShipmentCreatedV1(**envelope(order, now, now, trace_id), data=data)
    return Topic.FULFILMENT, str(order.order_id), event


def changed(
    order: LockedOrder,
    shipment: Shipment,
    status: ShipmentStatus,
    at: datetime,
    now: datetime,
    trace_id: str,
) -> list[Message]:
    """Tell that a shipment has another status than it had, and that it was delivered."""
    head = {
        "shipment_id": shipment.shipment_id,
        "order_id": order.order_id,
        "carrier": shipment.carrier,
    }
    data = ShipmentChangeV1(**head, before=shipment.status, status=status)
    event: Event = ShipmentStatusChangedV1(**envelope(order, at, now, trace_id), data=data)
    messages = [(Topic.FULFILMENT, str(order.order_id), event)]
    if status is ShipmentStatus.DELIVERED:
        seconds = int((at - order.ordered_at).total_seconds())
        goal = DeliveredShipmentV1(**head, seconds_since_order=seconds)
        event = ShipmentDeliveredV1(**envelope(order, at, now, trace_id), data=goal)
        messages.append((Topic.FULFILMENT, str(order.order_id), event))
    return messages
