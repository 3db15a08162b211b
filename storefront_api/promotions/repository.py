"""The promotions' SQL. Rows are locked in order of code, after an order's stock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection
from storefront_api.promotions.discounts import Discount

COLUMNS = (
    "code",
    "kind",
    "value",
    "currency",
    "department",
    "min_total_minor",
    "starts_at",
    "ends_at",
    "max_uses",
    "max_uses_per_shopper",
    "stackable",
)
_INSERT = f"""
INSERT INTO promotions ({", ".join(COLUMNS)})
VALUES ({", ".join(f"${n}" for n in range(1, len(COLUMNS) + 1))})
ON CONFLICT DO NOTHING RETURNING code
"""
_FIND = f"SELECT {', '.join(COLUMNS)} FROM promotions WHERE code = ANY($1)"
_USED = """
SELECT coalesce(sum(used), 0)::bigint FROM promotion_shoppers WHERE code = $1
"""
_TAKE = """
WITH locked AS (
    SELECT code FROM promotions
    WHERE code = ANY($1) AND max_uses IS NOT NULL ORDER BY code FOR UPDATE
), counted AS (
    UPDATE promotions p SET used = p.used + 1
    FROM locked WHERE p.code = locked.code AND p.used < p.max_uses
    RETURNING p.code
)
SELECT code FROM counted
UNION ALL
SELECT code FROM promotions WHERE code = ANY($1) AND max_uses IS NULL
"""
_TAKE_OF_SHOPPER = """
INSERT INTO promotion_shoppers AS s (code, subject, used)
SELECT code, $2, 1 FROM promotions WHERE code = ANY($1) ORDER BY code
ON CONFLICT (code, subject) DO UPDATE SET used = s.used + 1
WHERE s.used < coalesce(
    (SELECT p.max_uses_per_shopper FROM promotions p WHERE p.code = s.code), 2147483647
)
RETURNING code
"""
_GIVE_BACK = """
WITH locked AS (
    SELECT code FROM promotions
    WHERE code = ANY($1) AND max_uses IS NOT NULL ORDER BY code FOR UPDATE
), counted AS (
    UPDATE promotions p SET used = p.used - 1 FROM locked WHERE p.code = locked.code
)
UPDATE promotion_shoppers SET used = used - 1 WHERE code = ANY($1) AND subject = $2
"""
_RECORD = """
INSERT INTO order_discounts (order_id, position, code, line_number, amount_minor)
SELECT $1, * FROM unnest($2::int[], $3::text[], $4::int[], $5::bigint[])
"""
_OF_ORDER = """
SELECT position, code, line_number, amount_minor FROM order_discounts
WHERE order_id = $1 ORDER BY position, line_number
"""


async def insert(connection: Connection, promotion: Sequence[Any]) -> bool:
    """Insert a promotion, its values in the order of `COLUMNS`; False if the code exists."""
    return await connection.fetchval(_INSERT, *promotion) is not None


async def find(connection: Connection, codes: Sequence[str]) -> dict[str, Any]:
    """Return the promotions that exist, by code."""
    rows = await connection.fetch(_FIND, list(codes))
    return {row["code"]: row for row in rows}


async def used(connection: Connection, code: str) -> int:
    """Return by how many orders a code was used."""
    return int(await connection.fetchval(_USED, code))


async def take(connection: Connection, codes: Sequence[str], subject: str) -> tuple[str, str]:
    """Count one use of each code.

    Returns
    -------
    A code that nobody, and one that this shopper, may use any more; empty if there is none.
    """
    whole = {row["code"] for row in await connection.fetch(_TAKE, list(codes))}
    own = {row["code"] for row in await connection.fetch(_TAKE_OF_SHOPPER, list(codes), subject)}
    gone = [code for code in codes if code not in whole]
    spent = [code for code in codes if code not in own]
    return (gone or [""])[0], (spent or [""])[0]


async def give_back(connection: Connection, codes: Sequence[str], subject: str) -> None:
    """Count one use less of each code that was taken for an order that never came to be."""
    await connection.execute(_GIVE_BACK, list(codes), subject)


async def record(connection: Connection, order_id: UUID, discounts: Sequence[Discount]) -> None:
    """Write down what each code took off each line."""
    rows = [
        (position, discount.code, line, minor)
        for position, discount in enumerate(discounts, 1)
        for line, minor in discount.by_line.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    await connection.execute(_RECORD, order_id, *columns)


async def of_order(connection: Connection, order_id: UUID) -> list[Discount]:
    """Return what each code took off an order, in the order of application."""
    discounts: dict[int, tuple[str, dict[int, int]]] = {}
    for row in await connection.fetch(_OF_ORDER, order_id):
        _, by_line = discounts.setdefault(row["position"], (row["code"], {}))
        by_line[row["line_number"]] = row["amount_minor"]
    return [Discount(code, by_line) for code, by_line in discounts.values()]
