"""The alerts' SQL. A product's row is locked before the alerts for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

# Whoever changes the price waits until the alert is there, or the alert for the new price.
_PRODUCT = "SELECT currency, list_price_minor FROM products WHERE sku = $1 FOR SHARE"
_COUNT = "SELECT count(*) FROM price_alerts WHERE owner = $1 AND sku <> $2"
_SET = """
INSERT INTO price_alerts AS a
    (alert_id, owner, sku, currency, target_minor, recipient, reached, set_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (owner, sku) DO UPDATE SET currency = $4, target_minor = $5, recipient = $6,
    reached = $7, set_at = $8
WHERE ROW(a.currency, a.target_minor, a.recipient) IS DISTINCT FROM ROW($4, $5, $6)
RETURNING alert_id, sku, currency, target_minor
"""
_OF_OWNER = """
SELECT a.sku, a.currency, a.target_minor, p.list_price_minor, a.reached, a.times, a.set_at
FROM price_alerts a JOIN products p USING (sku)
WHERE a.owner = $1 AND ($2 = '' OR a.sku = $2) ORDER BY a.sku
"""
_REMOVE = """
DELETE FROM price_alerts WHERE owner = $1 AND sku = $2
RETURNING alert_id, sku, currency, target_minor
"""
_COMPARE = """
WITH crossed AS (
    SELECT a.alert_id, p.product_id, p.name, p.list_price_minor,
        p.currency = a.currency AND p.list_price_minor <= a.target_minor AS reached
    FROM price_alerts a JOIN products p USING (sku)
    WHERE a.sku = ANY($1::text[]) AND a.reached
        <> (p.currency = a.currency AND p.list_price_minor <= a.target_minor)
    ORDER BY a.alert_id FOR UPDATE OF a
), compared AS (
    UPDATE price_alerts a SET reached = crossed.reached, times = a.times + crossed.reached::int
    FROM crossed WHERE a.alert_id = crossed.alert_id
    RETURNING a.*, crossed.product_id, crossed.name, crossed.list_price_minor
)
SELECT * FROM compared WHERE reached ORDER BY alert_id
"""


async def product(connection: Connection, sku: str) -> Any | None:
    """Return currency and list price of a product, which stay so until the transaction ends."""
    return await connection.fetchrow(_PRODUCT, sku)


async def others(connection: Connection, owner: str, sku: str) -> int:
    """Return how many other products somebody waits for."""
    return int(await connection.fetchval(_COUNT, owner, sku))


async def put(
    connection: Connection,
    alert_id: UUID,
    owner: str,
    sku: str,
    wanted: tuple[str, int, str],
    reached: bool,
    now: datetime,
) -> Any | None:
    """Set somebody's alert for a product; None if it is so already.

    Parameters
    ----------
    wanted
        Currency, target in minor units, address.
    """
    return await connection.fetchrow(_SET, alert_id, owner, sku, *wanted, reached, now)


async def of_owner(connection: Connection, owner: str, sku: str = "") -> list[Any]:
    """Return what somebody waits for, with what it costs now; of one product, or of all."""
    return list(await connection.fetch(_OF_OWNER, owner, sku))


async def remove(connection: Connection, owner: str, sku: str) -> Any | None:
    """Delete somebody's alert for a product; None if there is none."""
    return await connection.fetchrow(_REMOVE, owner, sku)


async def compare(connection: Connection, skus: Sequence[str]) -> list[Any]:
    """Compare targets with the products' prices; return the alerts that are reached only now."""
    return list(await connection.fetch(_COMPARE, list(skus)))
