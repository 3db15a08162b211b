"""The notifications' SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_INSERT = """
INSERT INTO notifications (notification_id, cause, recipient, template, parameters)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (cause) DO NOTHING RETURNING notification_id
"""


async def insert(
    connection: Connection,
    notification_id: UUID,
    cause: str,
    recipient: str,
    template: str,
    parameters: Mapping[str, Any],
) -> bool:
    """Insert a queued notification; False if its cause has one already."""
    row = await connection.fetchval(
        _INSERT, notification_id, cause, recipient, template, dict(parameters)
    )
    return row is not None
