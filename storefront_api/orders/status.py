"""What an order and a shipment are, told from what happened to them: arithmetic alone.

Neither is written down anywhere as a thing of its own, so neither can disagree with what happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storefront_api.events.fulfilment import ShipmentStatus


class OrderStatus(StrEnum):
    """How far an order is, by its slowest unit; later ones replace earlier ones."""

    PLACED = "placed"
    ALLOCATED = "allocated"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"
    REFUNDED = "refunded"
    """All that its goods cost was given back."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, order=True)
class Scan:
    """A scan of a shipment, by a carrier or by the store itself."""

    kind: ShipmentStatus
    scanned_at: datetime


RANK = {
    ShipmentStatus.ALLOCATED: 0,
    ShipmentStatus.PACKED: 1,
    ShipmentStatus.ANNOUNCED: 2,
    ShipmentStatus.ACCEPTED: 3,
    ShipmentStatus.IN_TRANSIT: 4,
    ShipmentStatus.OUT_FOR_DELIVERY: 5,
    ShipmentStatus.DELIVERY_FAILED: 5,
    ShipmentStatus.SENT_BACK: 6,
    ShipmentStatus.DELIVERED: 7,
    ShipmentStatus.VOIDED: 8,
}
"""Of two scans the one of the higher rank counts, and of one rank the later one.

So a scan that comes late is heeded only if it is news: at the door and failed may follow each
other, a parcel that was delivered is never in transit again.
"""
SCANNED = frozenset(RANK) - {
    ShipmentStatus.ALLOCATED,
    ShipmentStatus.PACKED,
    ShipmentStatus.VOIDED,
}
"""What a scan may say."""


def _weight(scan: Scan) -> tuple[int, datetime, str]:
    return RANK[scan.kind], scan.scanned_at, scan.kind


def latest(scans: Iterable[Scan]) -> Scan | None:
    """Return the scan that counts; the same for the same scans, in whatever order they came."""
    return max(scans, key=_weight, default=None)


@dataclass(frozen=True)
class ShipmentFacts:
    """What happened to a shipment that was not voided."""

    units: int
    packed: bool
    scans: tuple[Scan, ...]

    @property
    def status(self) -> ShipmentStatus:
        """How far it is."""
        scan = latest(self.scans)
        if scan is not None:
            return scan.kind
        return ShipmentStatus.PACKED if self.packed else ShipmentStatus.ALLOCATED


@dataclass(frozen=True)
class OrderFacts:
    """What happened to an order.

    Parameters
    ----------
    over_the_counter
        Whether the shopper left with the goods.
    ordered, returned
        Units of all lines but those that are stock again and are not to be sent, and those of
        them that came back.
    total_minor, refunded_minor
        What the goods cost, and what of that was given back, in minor units.
    """

    over_the_counter: bool
    ordered: int
    returned: int
    total_minor: int
    refunded_minor: int
    cancelled: bool
    shipments: tuple[ShipmentFacts, ...]

    def units(self, least: ShipmentStatus) -> int:
        """Return how many units are as far as a status, or further."""
        rank = RANK[least]
        return sum(part.units for part in self.shipments if RANK[part.status] >= rank)

    @property
    def delivered(self) -> int:
        """Units that the shopper has, or had."""
        if self.over_the_counter:
            return self.ordered
        arrived = (part for part in self.shipments if part.status is ShipmentStatus.DELIVERED)
        return sum(part.units for part in arrived)

    @property
    def shipped(self) -> int:
        """Units that a carrier has, or had."""
        return self.ordered if self.over_the_counter else self.units(ShipmentStatus.ACCEPTED)

    @property
    def status(self) -> OrderStatus:
        """How far the order is."""
        if self.cancelled:
            return OrderStatus.CANCELLED
        if self.total_minor and self.refunded_minor >= self.total_minor:
            return OrderStatus.REFUNDED
        if self.returned:
            whole = self.returned >= self.ordered
            return OrderStatus.RETURNED if whole else OrderStatus.PARTIALLY_RETURNED
        if self.over_the_counter:
            return OrderStatus.DELIVERED
        reached = (
            (self.delivered, OrderStatus.DELIVERED),
            (self.shipped, OrderStatus.SHIPPED),
            (self.units(ShipmentStatus.PACKED), OrderStatus.PACKED),
            (self.units(ShipmentStatus.ALLOCATED), OrderStatus.ALLOCATED),
        )
        for units, status in reached:
            if self.ordered and units >= self.ordered:
                return status
        return OrderStatus.PLACED
