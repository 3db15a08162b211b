"""What people, staff and mail providers say about who shall get no messages."""

from __future__ import annotations

from datetime import datetime

from storefront_api.notifications import outgoing, repository
from storefront_api.notifications.preferences import Preferences
from storefront_api.notifications.repository import EVERY_CATEGORY
from storefront_api.notifications.schemas import SuppressionIn
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.outbox import enqueue
from storefront_api.services import Services


def preferences_of(services: Services) -> Preferences:
    """Return the preferences under the application's key."""
    return Preferences(services.settings.pseudonym_key.get_secret_value())


async def unsubscribe(services: Services, token: str, trace_id: str) -> bool:
    """Do what the link of a message asks for; False if that was done already.

    Raises
    ------
    NotFoundError
        If the link is not one of ours.
    """
    recipient, category = preferences_of(services).read(token)
    async with transaction(services.pool) as connection:
        return await _suppress(
            connection, recipient, category.value, "unsubscribed", services.clock(), trace_id
        )


async def change(services: Services, wanted: SuppressionIn, trace_id: str) -> bool:
    """Note that somebody gets no messages, or gets them again; False if it is so already."""
    recipient = preferences_of(services).hashed(wanted.recipient)
    category = wanted.category.value if wanted.category else EVERY_CATEGORY
    now = services.clock()
    async with transaction(services.pool) as connection:
        if wanted.suppressed:
            return await _suppress(connection, recipient, category, wanted.reason, now, trace_id)
        if not await repository.lift(connection, recipient, category):
            return False
        event = outgoing.suppressed(recipient, category, wanted.reason, False, now, trace_id)
        await enqueue(connection, [event])
    return True


async def _suppress(
    connection: Connection,
    recipient: str,
    category: str,
    reason: str,
    now: datetime,
    trace_id: str,
) -> bool:
    if not await repository.suppress(connection, recipient, category, reason, now):
        return False
    event = outgoing.suppressed(recipient, category, reason, True, now, trace_id)
    await enqueue(connection, [event])
    return True
