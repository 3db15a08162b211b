"""A change of the catalogue: one transaction with its events and with what search knows of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from storefront_api.alerts.service import prices_changed
from storefront_api.catalog import repository
from storefront_api.events import Event, Topic
from storefront_api.events.envelope import Strict
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services


@dataclass
class Change:
    """What one transaction does to the catalogue.

    Parameters
    ----------
    now
        When it happens.
    received_at
        When the store was told, which is later only where a partner states when it happened.
    touched
        Ids of the products that search has to look at again when the change ends.
    repriced
        Skus whose list price may have changed: who waits for it is told when the change ends.
    """

    connection: Connection
    now: datetime
    received_at: datetime
    trace_id: str
    events: list[tuple[Topic, str, Event]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    repriced: set[str] = field(default_factory=set)

    def tell(
        self, key: str, event: type[Event], data: Strict, topic: Topic = Topic.CATALOG
    ) -> None:
        """Add an event about an aggregate."""
        told = event.model_validate(
            {
                "id": new_id(),
                "occurred_at": self.now,
                "received_at": self.received_at,
                "subject": "",
                "trace_id": self.trace_id,
                "data": data,
            }
        )
        self.events.append((topic, key, told))


@asynccontextmanager
async def changing(
    services: Services, trace_id: str, at: datetime | None = None
) -> AsyncIterator[Change]:
    """Change the catalogue in one transaction, after the changes that began before.

    Changes wait for each other, or two of them would tell of the same change, and count the same
    words for the search.

    Parameters
    ----------
    at
        When it happened, where a partner states it; None for now.
    """
    async with transaction(services.pool) as connection:
        await repository.wait_for_others(connection)
        now = services.clock()
        change = Change(connection, at or now, now, trace_id)
        yield change
        if change.touched:
            await repository.refresh_search(connection, sorted(change.touched))
        if change.repriced:
            store_url, skus = services.settings.storefront_url, sorted(change.repriced)
            await prices_changed(connection, skus, store_url, change.now, trace_id)
        if change.events:
            await enqueue(connection, change.events)
