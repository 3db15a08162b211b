"""The SQL of vendors' offers. A vendor touches its own offers and no others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

COLUMNS = (
    "sku, vendor_id, condition, currency, price_minor, shipping_minor, landed_minor, lead_days"
)
_PUT = f"""
INSERT INTO offers AS o (
    sku, vendor_id, condition, currency, price_minor, shipping_minor, lead_days, changed_at
)
SELECT sku, $2, $3, currency, $4, $5, $6, $7 FROM products
WHERE sku = $1 AND archived_at IS NULL AND $8 IN ('', $2)
ON CONFLICT (sku, vendor_id, condition) DO UPDATE SET
    currency = excluded.currency, price_minor = excluded.price_minor,
    shipping_minor = excluded.shipping_minor, lead_days = excluded.lead_days,
    changed_at = excluded.changed_at, withdrawn_at = NULL
WHERE (o.currency, o.price_minor, o.shipping_minor, o.lead_days, o.withdrawn_at)
    IS DISTINCT FROM (excluded.currency, excluded.price_minor, excluded.shipping_minor,
        excluded.lead_days, NULL)
RETURNING {COLUMNS}
"""
_WITHDRAW = f"""
UPDATE offers SET withdrawn_at = $4, changed_at = $4
WHERE sku = $1 AND vendor_id = $2 AND condition = $3 AND withdrawn_at IS NULL
    AND $5 IN ('', vendor_id)
RETURNING {COLUMNS}
"""
_FIND = f"""
SELECT {COLUMNS} FROM offers
WHERE sku = $1 AND vendor_id = $2 AND condition = $3 AND withdrawn_at IS NULL
    AND $4 IN ('', vendor_id)
"""
_OF_VARIANT = f"""
SELECT {COLUMNS} FROM offers
WHERE sku = $1 AND withdrawn_at IS NULL AND may_sell(vendor_id)
    AND EXISTS (SELECT FROM products AS p WHERE p.sku = $1 AND p.archived_at IS NULL)
ORDER BY landed_minor, lead_days, vendor_id, condition LIMIT $2
"""
_EXISTS = "SELECT true FROM products WHERE sku = $1"


async def put(
    connection: Connection,
    key: tuple[str, str, str],
    asked: tuple[int, int, int],
    at: datetime,
    owner: str,
) -> Any:
    """Make or change an offer and return it; None if nothing changed, or none may be made.

    Parameters
    ----------
    key
        Sku, vendor id and condition.
    asked
        Price and shipping in minor units, and lead time in days.
    owner
        The vendor who asks; empty for the store itself.
    """
    return await connection.fetchrow(_PUT, *key, *asked, at, owner)


async def withdraw(
    connection: Connection, key: tuple[str, str, str], at: datetime, owner: str
) -> Any:
    """Withdraw an offer and return it; None if there was none that the owner may withdraw."""
    return await connection.fetchrow(_WITHDRAW, *key, at, owner)


async def find(connection: Connection, key: tuple[str, str, str], owner: str) -> Any:
    """Return an offer that the owner may change; None if there is none."""
    return await connection.fetchrow(_FIND, *key, owner)


async def of_variant(connection: Connection, sku: str, limit: int) -> list[Any]:
    """Return the offers of a variant, the one that costs least with its shipping first."""
    rows: list[Any] = await connection.fetch(_OF_VARIANT, sku, limit)
    return rows


async def variant_exists(connection: Connection, sku: str) -> bool:
    """Return whether there is a variant of a sku."""
    return bool(await connection.fetchval(_EXISTS, sku))
