"""What happens to an order after it was placed, and its log.

Every change locks the order's row first. So changes of one order are one after another, and the
log's numbers have no gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from storefront_api.notifications import service as notifications
from storefront_api.orders import changes_repository as repository
from storefront_api.orders.status import OrderFacts, OrderStatus
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import NotFoundError
from storefront_api.platform.policy import Permission


class What(StrEnum):
    """What can happen to an order."""

    PLACED = "placed"
    ALLOCATED = "allocated"
    """Parts of it were set aside for a shipment."""
    RELEASED = "released"
    """A shipment was given up."""
    PACKED = "packed"
    LABELLED = "labelled"
    MOVED = "moved"
    """A shipment got further on its way."""
    SHIPPED = "shipped"
    """A carrier has a shipment."""
    DELIVERED = "delivered"
    RETURN_REQUESTED = "return_requested"
    RETURN_APPROVED = "return_approved"
    RETURN_REJECTED = "return_rejected"
    RETURNED = "returned"
    REFUNDED = "refunded"
    DEPOSIT_RETURNED = "deposit_returned"
    CANCELLED = "cancelled"


_LETTERS = {
    What.SHIPPED: "order_shipped",
    What.DELIVERED: "order_delivered",
    What.REFUNDED: "order_refunded",
    What.DEPOSIT_RETURNED: "order_refunded",
    What.CANCELLED: "order_cancelled",
    What.RETURN_APPROVED: "return_approved",
}
"""Templates of what the shopper is written about."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class LockedOrder:
    """An order whose row nobody else changes until the transaction ends.

    Parameters
    ----------
    total_minor, refunded_minor
        What the goods cost, and what of that was given back.
    fees_minor, fees_refunded_minor
        What was paid beside the goods, and what of that was given back.
    contact_email
        Empty if none is known. It stays in PostgreSQL.
    """

    order_id: UUID
    subject: str
    channel: str
    currency: str
    ordered_at: datetime
    total_minor: int
    refunded_minor: int
    fees_minor: int
    fees_refunded_minor: int
    contact_email: str


_COLUMNS = tuple(field.name for field in fields(LockedOrder))


def owner(caller: Caller) -> str:
    """Return whose orders a caller may see; empty for those who may see every one."""
    return "" if caller.may(Permission.FULFIL) else caller.name


def missing(order_id: UUID) -> NotFoundError:
    """Return the refusal of an order that is not there, or is somebody else's."""
    return NotFoundError(f"there is no order {order_id}", field="path.order_id")


async def lock(connection: Connection, order_id: UUID, whose: str = "") -> LockedOrder:
    """Lock an order until the transaction ends.

    Parameters
    ----------
    whose
        Its owner; empty if it may be anybody's.

    Raises
    ------
    NotFoundError
        If there is none, or it is somebody else's.
    """
    row = await repository.lock(connection, order_id, whose)
    if row is None:
        raise missing(order_id)
    return LockedOrder(**{name: row[name] for name in _COLUMNS})


async def facts(connection: Connection, order_id: UUID) -> OrderFacts:
    """Return what happened to an order that is there."""
    return (await repository.facts(connection, [order_id]))[order_id]


async def note(
    connection: Connection,
    order: LockedOrder,
    what: What,
    at: datetime,
    now: datetime,
    details: Mapping[str, Any],
    also: Mapping[str, Any] = _NOTHING,
) -> OrderStatus:
    """Log what has just been done to a locked order, and write to the shopper about it.

    Parameters
    ----------
    details
        JSON of what it concerns: ids, units, amounts; shown to the order's owner.
    also
        What the shopper is written beside that.

    Returns
    -------
    What the order is now.
    """
    status = (await facts(connection, order.order_id)).status
    await repository.append(connection, order.order_id, what, status, at, now, details)
    if what in _LETTERS and order.contact_email:
        ids = (details.get(f"{name}_id") for name in ("shipment", "refund", "return"))
        about = next((each for each in ids if each), order.order_id)
        # A shipment of the store's own people has no tracking number, for one.
        stated = {name: value for name, value in {**details, **also}.items() if value != ""}
        await notifications.request(
            connection,
            cause=f"{_LETTERS[what]}/{about}",
            recipient=order.contact_email,
            template=_LETTERS[what],
            parameters={**stated, "order_id": str(order.order_id), "currency": order.currency},
            now=now,
        )
    return status
