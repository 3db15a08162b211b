"""The events of a checkout, each with its topic and key."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from storefront_api.checkouts.repository import Checkout
from storefront_api.events import Event, Topic
from storefront_api.events.carts import (
    CheckoutEndedV1,
    CheckoutOpenedV1,
    CheckoutV1,
    EndedCheckoutV1,
)
from storefront_api.events.inventory import (
    ReservationV1,
    ReservedV1,
    StockReleasedV1,
    StockReservedV1,
)
from storefront_api.events.payments import PaymentSettledV1, SettlementV1
from storefront_api.platform.outbox import new_id

Message = tuple[Topic, str, Event]


def _envelope(subject: str, now: datetime, trace_id: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "occurred_at": now,
        "received_at": now,
        "subject": subject,
        "trace_id": trace_id,
    }


def opened(checkout: Checkout, now: datetime, trace_id: str) -> Message:
    """Tell that a checkout was opened."""
    order = checkout.placed
    data = CheckoutV1(
        checkout_id=checkout.checkout_id,
        currency=order.currency,
        lines=list(order.lines),
        total_minor=order.total_minor,
        due_minor=checkout.due_minor,
    )
    event = CheckoutOpenedV1(**_envelope(checkout.subject, now, trace_id), data=data)
    return Topic.CARTS, str(checkout.checkout_id), event


def ended(checkout: Checkout, now: datetime, trace_id: str) -> Message:
    """Tell that a checkout ended without an order."""
    data = EndedCheckoutV1(
        checkout_id=checkout.checkout_id,
        reason=cast(Literal["expired", "cancelled"], checkout.state),
        currency=checkout.placed.currency,
        total_minor=checkout.placed.total_minor,
    )
    event = CheckoutEndedV1(**_envelope(checkout.subject, now, trace_id), data=data)
    return Topic.CARTS, str(checkout.checkout_id), event


def _reservation(checkout: Checkout, rows: list[Any]) -> ReservationV1:
    items = [ReservedV1(**dict(row)) for row in sorted(rows, key=lambda row: row["sku"])]
    return ReservationV1(reservation_id=checkout.checkout_id, items=items)


def reserved(checkout: Checkout, rows: list[Any], now: datetime, trace_id: str) -> Message:
    """Tell what stock is kept."""
    data = _reservation(checkout, rows)
    event = StockReservedV1(**_envelope("", now, trace_id), data=data)
    return Topic.INVENTORY, str(checkout.checkout_id), event


def released(checkout: Checkout, rows: list[Any], now: datetime, trace_id: str) -> Message:
    """Tell what stock is free again."""
    data = _reservation(checkout, rows)
    event = StockReleasedV1(**_envelope("", now, trace_id), data=data)
    return Topic.INVENTORY, str(checkout.checkout_id), event


def settled(
    checkout: Checkout, outcome: Literal["captured", "released", "refused"], now: datetime
) -> Message:
    """Tell what became of a checkout's payment."""
    data = SettlementV1(
        checkout_id=checkout.checkout_id,
        currency=checkout.placed.currency,
        amount_minor=checkout.due_minor,
        outcome=outcome,
    )
    event = PaymentSettledV1(**_envelope(checkout.subject, now, ""), data=data)
    return Topic.PAYMENTS, str(checkout.checkout_id), event
