"""Commission's SQL: the rules, the rates frozen with lines, and the ledger's entries of sales."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.marketplace.commission.arithmetic import Line, Share
from storefront_api.platform.database import Connection

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7236412)"
_COLUMNS = "rule_id, vendor_id, category, product_id, version, rate_bp, valid_from, valid_until"
_ADD_RULE = f"""
INSERT INTO commission_rules ({_COLUMNS}, created_by, created_at)
SELECT $1, $2, $3, $4, 1 + coalesce(max(version), 0), $5, $6, $7, $8, $9 FROM commission_rules
WHERE product_id = $4 AND vendor_id = $2 AND category = $3
RETURNING {_COLUMNS}
"""
_RULES = f"""
SELECT {_COLUMNS} FROM commission_rules
WHERE rule_id > $1 ORDER BY rule_id LIMIT $2
"""
_CHARGE = """
WITH sold AS (
    SELECT l.line_number, l.sale_minor, p.vendor_id, p.product_id, r.rule_id,
        coalesce(r.rate_bp, 0) AS rate_bp,
        commission_of(l.sale_minor, coalesce(r.rate_bp, 0)) AS commission_minor
    FROM unnest($2::int[], $3::text[], $4::bigint[]) AS l (line_number, sku, sale_minor)
    JOIN products p USING (sku)
    LEFT JOIN LATERAL (
        SELECT rule_id, rate_bp FROM commission_rules r
        WHERE r.product_id = ANY (ARRAY['', p.product_id])
            AND r.vendor_id = ANY (ARRAY['', p.vendor_id])
            AND r.category = ANY (ARRAY['', p.category])
            AND r.valid_from <= $6 AND (r.valid_until IS NULL OR $6 < r.valid_until)
        ORDER BY r.product_id <> '' DESC, r.vendor_id <> '' DESC, r.category <> '' DESC,
            r.version DESC
        LIMIT 1
    ) r ON true
), frozen AS (
    INSERT INTO order_line_commissions (
        order_id, line_number, vendor_id, product_id, rule_id, rate_bp, sale_minor,
        commission_minor
    )
    SELECT $1, line_number, vendor_id, product_id, rule_id, rate_bp, sale_minor, commission_minor
    FROM sold
), parts AS (
    INSERT INTO vendor_orders (vendor_id, order_id, currency, total_minor, placed_at)
    SELECT vendor_id, $1, $5, sum(sale_minor), $6 FROM sold GROUP BY vendor_id ORDER BY vendor_id
), booked AS (
    INSERT INTO vendor_ledger (
        account, reference, kind, amount_minor, currency, order_id, line_number, booked_at
    )
    SELECT vendor_id, concat_ws('/', kind, $1::uuid, line_number), kind, amount_minor, $5, $1,
        line_number, $6
    FROM sold CROSS JOIN LATERAL (
        VALUES ('sale', sale_minor), ('commission', -commission_minor)
    ) AS entry (kind, amount_minor)
    WHERE amount_minor <> 0 ORDER BY line_number, kind DESC
)
SELECT line_number, vendor_id, rule_id, rate_bp, sale_minor, commission_minor FROM sold
ORDER BY vendor_id, line_number
"""
_VENDORS = "SELECT vendor_id FROM vendor_orders WHERE order_id = $1 ORDER BY vendor_id"
_HOLD = """
SELECT currency FROM vendor_orders WHERE order_id = $1 ORDER BY vendor_id FOR UPDATE
"""
_LINES = """
SELECT c.line_number, c.vendor_id, l.sku, c.sale_minor, c.commission_minor, -coalesce((
    SELECT sum(amount_minor) FROM vendor_ledger v
    WHERE v.order_id = $1 AND v.line_number = c.line_number AND v.kind IN ('refund', 'chargeback')
), 0)::bigint AS undone_minor
FROM order_line_commissions c JOIN order_lines l USING (order_id, line_number)
WHERE order_id = $1 ORDER BY line_number
"""
_REVERSE = """
INSERT INTO vendor_ledger (
    account, reference, kind, amount_minor, currency, order_id, line_number, booked_at
)
SELECT account, concat_ws('/', kind, $1::uuid, line_number), kind, amount_minor, $2, $3,
    line_number, $4
FROM unnest($5::text[], $6::int[], $7::bigint[], $8::bigint[])
    AS line (account, line_number, sale_minor, commission_minor)
CROSS JOIN LATERAL (
    VALUES ($9::text, -sale_minor), ('commission_reversal', commission_minor)
) AS entry (kind, amount_minor)
WHERE amount_minor <> 0
"""


async def add_rule(
    connection: Connection,
    rule_id: UUID,
    scope: Sequence[str],
    rate_bp: int,
    validity: Sequence[datetime | None],
    created_by: str,
    now: datetime,
) -> Any:
    """Append the next version of a scope's rule and return it.

    Parameters
    ----------
    scope
        Vendor, category and product, each of them empty for all.
    validity
        From when on, and until when.
    """
    await connection.execute(_ONE_AT_A_TIME)
    return await connection.fetchrow(
        _ADD_RULE, rule_id, *scope, rate_bp, *validity, created_by, now
    )


async def rules(connection: Connection, after: UUID, limit: int) -> list[Any]:
    """Return the next rules after one, in order of their creation."""
    return list(await connection.fetch(_RULES, after, limit))


async def charge(
    connection: Connection,
    order_id: UUID,
    lines: Sequence[tuple[int, str, int]],
    currency: str,
    at: datetime,
) -> list[Any]:
    """Split an order among its vendors, freeze each line's rate and book it, in one statement.

    Parameters
    ----------
    lines
        Number, sku and total of each line.

    Returns
    -------
    The frozen lines, those of one vendor together.
    """
    numbers, skus, totals = zip(*lines, strict=True)
    return list(
        await connection.fetch(
            _CHARGE, order_id, list(numbers), list(skus), list(totals), currency, at
        )
    )


async def vendors_of(connection: Connection, order_id: UUID) -> list[str]:
    """Return the vendors that have a part in an order."""
    return [row["vendor_id"] for row in await connection.fetch(_VENDORS, order_id)]


async def hold(connection: Connection, order_id: UUID) -> str | None:
    """Let nobody else undo parts of an order, and return its currency; None if it was not split."""
    rows = await connection.fetch(_HOLD, order_id)
    return rows[0]["currency"] if rows else None


async def lines(connection: Connection, order_id: UUID) -> list[Line]:
    """Return the frozen lines of an order that is held, and what was undone of each."""
    return [Line(**dict(row)) for row in await connection.fetch(_LINES, order_id)]


async def reverse(
    connection: Connection,
    cause: str,
    cause_id: UUID,
    order_id: UUID,
    currency: str,
    shares: Sequence[Share],
    at: datetime,
) -> None:
    """Book what lines bear of a refund or chargeback, and the commission that comes back."""
    await connection.execute(
        _REVERSE,
        cause_id,
        currency,
        order_id,
        at,
        [share.line.vendor_id for share in shares],
        [share.line.line_number for share in shares],
        [share.sale_minor for share in shares],
        [share.commission_minor for share in shares],
        cause,
    )
