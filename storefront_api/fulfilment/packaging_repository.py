"""The SQL of packaging: what is on offer, and what orders were packed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_OFFERED = """
SELECT o.*, p.price_minor, p.deposit_minor,
       (o.mass_grams * o.kg_co2e_per_tonne / 1000000 / o.trips)::float8 AS kg_co2e_per_use
FROM (
    SELECT DISTINCT ON (packaging) * FROM packaging_options WHERE valid_from <= $2
    ORDER BY packaging, version DESC
) o JOIN packaging_prices p
    ON p.packaging = o.packaging AND p.version = o.version AND p.currency IN ('', $1)
ORDER BY o.mass_grams, o.packaging
"""
_GRAMS = """
SELECT coalesce(ceil(sum(
    w.quantity * p.mass_grams / CASE p.unit WHEN 'milli' THEN 1000.0 ELSE 1 END
)), 0)::bigint
FROM unnest($1::text[], $2::bigint[]) AS w (sku, quantity) JOIN products p USING (sku)
"""
_KEEP = """
WITH paid AS (
    UPDATE orders SET fees_minor = fees_minor + $5::bigint + $6::bigint, contact_email = $8
    WHERE order_id = $1
)
INSERT INTO order_packaging VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_BACK = """
UPDATE order_packaging SET pieces_back = pieces_back + $2
WHERE order_id = $1 AND pieces_back + $2 <= pieces
RETURNING packaging, pieces, pieces_back, deposit_minor
"""
_ALL_BACK = "UPDATE order_packaging SET pieces_back = pieces WHERE order_id = $1"
_RETURNED = "INSERT INTO deposits_returned VALUES ($1, $2, $3, $4)"


async def offered(connection: Connection, currency: str, at: datetime) -> list[Any]:
    """Return the latest valid version of each packaging that has a price in a currency."""
    return list(await connection.fetch(_OFFERED, currency, at))


async def grams(connection: Connection, units: Mapping[str, int]) -> int:
    """Return the mass of goods by sku; variants whose mass is unknown count as nothing."""
    mass: int = await connection.fetchval(_GRAMS, list(units), list(units.values()))
    return mass


async def keep(
    connection: Connection, order_id: UUID, packaging: tuple[Any, ...], contact_email: str
) -> None:
    """Note what a new order is packed in, what that cost, and where its shopper is written to.

    Parameters
    ----------
    packaging
        Its name, version, pieces, price and deposit of all of them in minor units, and their
        footprint in kg CO2e.
    """
    await connection.execute(_KEEP, order_id, *packaging, contact_email)


async def take_back(connection: Connection, order_id: UUID, pieces: int) -> Any:
    """Count pieces as back; None if there are not as many out."""
    return await connection.fetchrow(_BACK, order_id, pieces)


async def all_back(connection: Connection, order_id: UUID) -> None:
    """Count all pieces as back, since they never left."""
    await connection.execute(_ALL_BACK, order_id)


async def returned(
    connection: Connection, order_id: UUID, refund_id: UUID, pieces: int, at: datetime
) -> None:
    """Append a deposit that was given back."""
    await connection.execute(_RETURNED, order_id, refund_id, pieces, at)
