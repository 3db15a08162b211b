"""The carts' SQL. A cart belongs to the caller who is named as its owner, and to nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection
from storefront_api.taxes.repository import rate

_LINES = f"""
SELECT c.cart_id, l.sku, l.quantity, l.saved, l.seen_price_minor,
       p.product_id, p.name, p.unit, p.currency, p.list_price_minor AS price_minor,
       coalesce(s.on_hand - s.reserved >= l.quantity, false)
           AND p.archived_at IS NULL AND may_sell(p.vendor_id) AS enough_in_stock,
       tax.rate_bp AS tax_rate_bp
FROM carts c
JOIN cart_lines l USING (cart_id) JOIN products p USING (sku) LEFT JOIN stock s USING (sku)
{rate("$2::text", "$3::timestamptz")}
WHERE c.owner = $1 ORDER BY l.added_at, l.sku
"""
# The update that changes nothing locks the row: changes of one cart follow each other.
_LOCK = """
INSERT INTO carts AS c (cart_id, owner, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (owner) DO UPDATE SET updated_at = EXCLUDED.updated_at RETURNING c.cart_id
"""
_PUT = """
INSERT INTO cart_lines AS l (cart_id, sku, quantity, saved, seen_price_minor, added_at)
SELECT $1, p.sku, $3, $4, p.list_price_minor, $5 FROM products p
WHERE p.sku = $2 AND p.archived_at IS NULL AND may_sell(p.vendor_id)
ON CONFLICT (cart_id, sku) DO UPDATE
SET quantity = EXCLUDED.quantity, saved = EXCLUDED.saved,
    seen_price_minor = EXCLUDED.seen_price_minor
RETURNING l.sku
"""
_TAKE_OUT = "DELETE FROM cart_lines WHERE cart_id = $1 AND sku = ANY($2) RETURNING sku"
_BOUGHT = """
DELETE FROM cart_lines l USING carts c
WHERE c.owner = $1 AND l.cart_id = c.cart_id AND NOT l.saved AND l.sku = ANY($2)
"""
_MOVE = """
WITH moved AS (DELETE FROM cart_lines WHERE cart_id = $1 RETURNING *)
INSERT INTO cart_lines AS l (cart_id, sku, quantity, saved, seen_price_minor, added_at)
SELECT $2, sku, quantity, saved, seen_price_minor, added_at FROM moved ORDER BY sku
ON CONFLICT (cart_id, sku) DO UPDATE
SET quantity = CASE
        WHEN l.saved AND NOT EXCLUDED.saved THEN EXCLUDED.quantity
        WHEN EXCLUDED.saved AND NOT l.saved THEN l.quantity
        ELSE least(l.quantity + EXCLUDED.quantity, $3)
    END,
    saved = l.saved AND EXCLUDED.saved
RETURNING l.sku
"""


async def lines(
    connection: Connection, owner: str, destination: str = "", now: datetime | None = None
) -> list[Any]:
    """Return the lines of a caller's cart, oldest first, with price and stock as they are now.

    Parameters
    ----------
    destination, now
        Country and time whose rates of value added tax are told; none are without them.
    """
    found: list[Any] = await connection.fetch(_LINES, owner, destination, now)
    return found


async def lock(connection: Connection, new_id: UUID, owner: str, now: datetime) -> UUID:
    """Lock a caller's cart until the transaction ends, and make it if there is none."""
    cart_id: UUID = await connection.fetchval(_LOCK, new_id, owner, now)
    return cart_id


async def put(
    connection: Connection, cart_id: UUID, sku: str, quantity: int, saved: bool, now: datetime
) -> bool:
    """Set a line; False if there is no such variant."""
    return await connection.fetchval(_PUT, cart_id, sku, quantity, saved, now) is not None


async def take_out(connection: Connection, cart_id: UUID, skus: Sequence[str]) -> bool:
    """Remove lines; False if none of them was there."""
    return await connection.fetchval(_TAKE_OUT, cart_id, list(skus)) is not None


async def move(connection: Connection, source: UUID, target: UUID, most: int) -> bool:
    """Move all lines of a cart into another; False if there was none.

    What is in both is added up, to ``most`` at the highest; what one of them means to buy now
    is not added to what the other keeps for later.
    """
    return await connection.fetchval(_MOVE, source, target, most) is not None


async def bought(connection: Connection, owner: str, skus: Sequence[str]) -> None:
    """Remove what an order has brought; what is kept for later stays."""
    await connection.execute(_BOUGHT, owner, list(skus))
