"""Telling vendors of stock that runs low: looked for beside the orders, so that none waits for it.

A fall of what is on hand to the threshold is told once; it is told again only after stock was
above the threshold. What is kept for checkouts counts as there, or every open checkout would be
a fall and every one that ends without an order a rise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storefront_api.events import Event, Topic
from storefront_api.events.inventory import LowStockV1, ThresholdV1
from storefront_api.marketplace.stock import repository
from storefront_api.notifications import service as notifications
from storefront_api.platform.apart import apart
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.outbox import enqueue, new_id

AT_ONCE = 200
"""Variants that one sweep tells of."""


async def alert(pool: Any, now: datetime) -> int:
    """Tell of stock that has fallen to its threshold and return how many variants it is."""
    async with transaction(pool) as connection:
        await repository.note_risen(connection, AT_ONCE)
        rows = await repository.fallen(connection, AT_ONCE)
        if not rows:
            return 0
        await repository.note_low(connection, [row["sku"] for row in rows])
        events: list[tuple[Topic, str, Event]] = []
        for row in rows:
            data = ThresholdV1(**{name: row[name] for name in ThresholdV1.model_fields})
            event = LowStockV1(id=new_id(), occurred_at=now, received_at=now, subject="", data=data)
            events.append((Topic.INVENTORY, row["sku"], event))
        await enqueue(connection, events)
        for row in rows:
            if row["contact_email"]:
                with apart("low_stock", sku=row["sku"]):
                    await _mail(connection, row, now)
    return len(rows)


async def _mail(connection: Connection, row: Any, now: datetime) -> None:
    # A savepoint: a vendor who cannot be written to keeps nobody else's message back.
    async with connection.transaction():
        await notifications.request(
            connection,
            cause=f"low_stock/{row['sku']}/{row['crossing']}",
            recipient=row["contact_email"],
            template="low_stock",
            parameters={n: row[n] for n in ("sku", "name", "on_hand", "threshold")},
            now=now,
        )
