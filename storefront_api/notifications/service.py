"""Asking for a message to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storefront_api.notifications import repository
from storefront_api.platform.database import Connection
from storefront_api.platform.outbox import new_id


async def request(
    connection: Connection,
    *,
    cause: str,
    recipient: str,
    template: str,
    parameters: Mapping[str, Any],
) -> bool:
    """Queue a message in the transaction of what caused it.

    Parameters
    ----------
    cause
        What it is about, for example `order_completed/<id>`: each cause is told once.
    recipient
        E-mail address.
    template
        Name of the message's template.
    parameters
        What the template shows.

    Returns
    -------
    Whether it was queued; False if the cause was told already.
    """
    return await repository.insert(connection, new_id(), cause, recipient, template, parameters)
