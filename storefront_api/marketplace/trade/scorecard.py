"""How well a vendor serves its orders: counted from outcomes that every domain may add.

A measure is data: what is counted, among what, as a share of orders or as a mean of values. What
became of an order is data too: a row of a kind. So shipments that were late or reviews that were
written count from the moment in which their domain records them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from storefront_api.marketplace.accounts.service import window
from storefront_api.marketplace.commission.arithmetic import BASIS_POINTS, half_even
from storefront_api.marketplace.trade import repository
from storefront_api.marketplace.trade.schemas import Rate, ScorecardOut
from storefront_api.platform.database import Connection
from storefront_api.platform.outbox import new_id
from storefront_api.services import Services

HUNDREDTHS = 100


class Outcome(StrEnum):
    """What may become of a vendor's part of an order."""

    SHIPPED = "shipped"
    SHIPPED_LATE = "shipped_late"
    """Beside `SHIPPED`."""
    CANCELLED = "cancelled"
    RETURNED = "returned"
    DISPUTED = "disputed"
    RATED = "rated"
    """With one to five stars as its value; 0 when the rating is withdrawn."""


async def record(
    connection: Connection,
    outcome: Outcome,
    reference: str,
    vendor_ids: Collection[str],
    order_id: UUID,
    at: datetime,
    value: int = 1,
) -> None:
    """Record what became of vendors' parts of an order, in the transaction in which it happened.

    Parameters
    ----------
    reference
        What it is by, such as the cancellation or the dispute: recorded once for each vendor.
    """
    vendors = sorted(vendor_ids)
    await repository.record(connection, outcome, reference, vendors, order_id, value, at)


async def shipped(
    connection: Connection,
    shipment_id: UUID,
    order_id: UUID,
    line_numbers: Collection[int],
    shipped_at: datetime,
    now: datetime,
) -> None:
    """Record that a carrier has lines of an order, and whether later than was promised.

    The promise is the vendor's own, or the one of all, as it was when the order was placed.
    """
    kinds = (Outcome.SHIPPED.value, Outcome.SHIPPED_LATE.value)
    numbers = sorted(line_numbers)
    await repository.record_shipped(
        connection, shipment_id, order_id, numbers, shipped_at, now, kinds
    )


async def rated(
    connection: Connection,
    review_id: UUID,
    vendor_id: str,
    order_id: UUID,
    stars: int,
    at: datetime,
) -> None:
    """Record what a review gives now; it takes the place of what the same review gave before.

    Parameters
    ----------
    stars
        0 when nobody is to see it any more.
    """
    reference = f"{review_id}#{new_id()}"
    await record(connection, Outcome.RATED, reference, [vendor_id], order_id, at, stars)


async def read(services: Services, vendor_id: str, since: date, until: date) -> ScorecardOut:
    """Return a vendor's rates over the orders that were placed in some days.

    Raises
    ------
    InvalidError
        If the days are in the wrong order.
    """
    begin, end = window(since, until)
    rows = await repository.scorecard(services.pool, vendor_id, begin, end)
    return ScorecardOut(since=since, until=until, rates=[_rate(row) for row in rows])


def _rate(row: Any) -> Rate:
    scale = BASIS_POINTS if row["form"] == "share" else HUNDREDTHS
    among = row["among"]
    value = half_even(row["counted"] * scale, among) if among else None
    return Rate(**dict(row), value=value)
