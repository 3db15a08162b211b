"""Waiting for a price, and being told once each time that it drops so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storefront_api.alerts import outgoing, repository
from storefront_api.alerts.schemas import AlertIn, AlertOut, AlertsOut
from storefront_api.events.alerts import AlertRemovedV1, AlertSetV1
from storefront_api.identity.profile import own_address
from storefront_api.notifications import service as notifications
from storefront_api.notifications.service import Asked
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError, NotFoundError
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services

MAX_ALERTS = 100
"""Products that one person may wait for."""


class TooManyAlertsError(ConflictError):
    """Somebody waits for as many products as one may."""

    code = "too_many_alerts"


async def put(
    services: Services, caller: Caller, sku: str, wanted: AlertIn, trace_id: str
) -> AlertOut:
    """Set the caller's alert for a product; the same again changes nothing.

    Raises
    ------
    NotFoundError
        If there is no such product.
    InvalidError
        If it is sold in another currency, or a guest does not say whom to tell.
    TooManyAlertsError
        If the caller waits for `MAX_ALERTS` others.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        product = await repository.product(connection, sku)
        if product is None:
            raise NotFoundError(f"there is no product {sku!r}", field="path.sku")
        if product["currency"] != wanted.currency:
            raise InvalidError(f"it is sold in {product['currency']}", field="body.currency")
        if await repository.others(connection, caller.subject, sku) >= MAX_ALERTS:
            raise TooManyAlertsError(f"at most {MAX_ALERTS}", field="path.sku")
        recipient = wanted.recipient or await own_address(connection, caller)
        if not recipient:
            raise InvalidError("whom to tell is needed of a guest", field="body.recipient")
        values = (wanted.currency, wanted.target_minor, recipient)
        reached = product["list_price_minor"] <= wanted.target_minor
        alert = await repository.put(
            connection, new_id(), caller.subject, sku, values, reached, now
        )
        if alert is not None:
            event = outgoing.changed(AlertSetV1, alert, caller.subject, now, trace_id)
            await enqueue(connection, [event])
        (row,) = await repository.of_owner(connection, caller.subject, sku)
    return AlertOut(**dict(row))


async def of_caller(services: Services, caller: Caller) -> AlertsOut:
    """Return all that the caller waits for."""
    rows = await repository.of_owner(services.pool, caller.subject)
    return AlertsOut(alerts=[AlertOut(**dict(row)) for row in rows])


async def remove(services: Services, caller: Caller, sku: str, trace_id: str) -> None:
    """Wait for a product's price no more, if the caller did."""
    now = services.clock()
    async with transaction(services.pool) as connection:
        alert = await repository.remove(connection, caller.subject, sku)
        if alert is not None:
            event = outgoing.changed(AlertRemovedV1, alert, caller.subject, now, trace_id)
            await enqueue(connection, [event])


async def prices_changed(
    connection: Connection, skus: Sequence[str], store_url: str, now: datetime, trace_id: str
) -> int:
    """Tell, in the transaction that changed list prices, who waited for what they are now.

    Whoever writes list prices calls this afterwards, with the skus that may have changed. An alert
    is told when its target is reached, and not again before the price was above it.

    Returns
    -------
    How many are told.
    """
    reached = await repository.compare(connection, skus)
    if reached:
        asked = [_message(alert, store_url) for alert in reached]
        await notifications.request_all(connection, asked, now)
        events = [outgoing.triggered(alert, now, trace_id) for alert in reached]
        await enqueue(connection, events)
    return len(reached)


def _message(alert: Any, store_url: str) -> Asked:
    return Asked(
        cause=f"price_alert/{alert['alert_id']}/{alert['times']}",
        recipient=alert["recipient"],
        template="price_alert",
        parameters={
            "sku": alert["sku"],
            "name": alert["name"],
            "currency": alert["currency"],
            "price_minor": alert["list_price_minor"],
            "target_minor": alert["target_minor"],
            "url": f"{store_url.rstrip('/')}/products/{alert['product_id']}",
        },
        subject=alert["owner"],
    )
