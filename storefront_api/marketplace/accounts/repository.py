"""The SQL of reading the vendors' ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storefront_api.platform.database import Connection

_BALANCES = """
SELECT currency, sum(amount_minor)::bigint AS balance_minor,
    coalesce((
        SELECT sum(amount_minor) FROM payouts p
        WHERE p.vendor_id = $1 AND p.currency = v.currency AND p.state = 'created'
    ), 0)::bigint AS on_its_way_minor,
    coalesce((
        SELECT sum(amount_minor) FROM payouts p
        WHERE p.vendor_id = $1 AND p.currency = v.currency AND p.state = 'paid'
    ), 0)::bigint AS paid_minor
FROM vendor_ledger v WHERE account = $1 GROUP BY currency ORDER BY currency
"""
_ENTRIES = """
SELECT entry_id, kind, reference, amount_minor, currency, order_id, line_number, booked_at
FROM vendor_ledger WHERE account = $1 AND entry_id < $2 ORDER BY entry_id DESC LIMIT $3
"""
_SUMS = """
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'sale'), 0)::bigint AS sales_minor,
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunds_minor,
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'chargeback'), 0)::bigint AS chargebacks_minor,
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'commission'), 0)::bigint AS commission_minor,
    coalesce(sum(amount_minor) FILTER (WHERE kind = 'commission_reversal'), 0)::bigint
        AS commission_reversed_minor,
    sum(amount_minor)::bigint AS net_minor
"""
_OF_SALES = "kind NOT IN ('payout', 'payout_reversal')"
_BY_DAY = f"""
SELECT to_char(booked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS of, currency, {_SUMS}
FROM vendor_ledger WHERE account = $1 AND {_OF_SALES} AND booked_at >= $2 AND booked_at < $3
GROUP BY of, currency ORDER BY of, currency
"""
_BY_PRODUCT = f"""
SELECT c.product_id AS of, currency, {_SUMS}
FROM vendor_ledger JOIN order_line_commissions c USING (order_id, line_number)
WHERE account = $1 AND {_OF_SALES} AND booked_at >= $2 AND booked_at < $3
GROUP BY of, currency ORDER BY of, currency
"""
_TOTALS = f"""
SELECT currency, {_SUMS}
FROM vendor_ledger WHERE account = $1 AND {_OF_SALES} AND booked_at >= $2 AND booked_at < $3
GROUP BY currency ORDER BY currency
"""
_COUNTED = """
SELECT (SELECT count(DISTINCT order_id) FROM vendor_orders) AS orders,
    (SELECT count(*) FROM payouts) AS payouts
"""
_DIFFERENCES = """
WITH split AS (
    SELECT order_id, sum(total_minor) AS parts FROM vendor_orders GROUP BY order_id
), booked AS (
    SELECT order_id,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'sale'), 0) AS sales,
        -coalesce(sum(amount_minor) FILTER (WHERE kind IN ('refund', 'chargeback')), 0) AS undone,
        -coalesce(sum(amount_minor) FILTER (WHERE kind = 'commission'), 0) AS charged,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'commission_reversal'), 0) AS reversed
    FROM vendor_ledger WHERE order_id IS NOT NULL GROUP BY order_id
), frozen AS (
    SELECT c.order_id, sum(c.sale_minor) AS sales, sum(c.commission_minor) AS commission,
        sum(CASE WHEN c.sale_minor = 0 THEN 0 ELSE (
            SELECT q + CASE WHEN 2 * r > c.sale_minor THEN 1
                WHEN 2 * r = c.sale_minor THEN mod(q, 2) ELSE 0 END
            FROM (SELECT
                div(c.commission_minor::numeric * u.undone, c.sale_minor) AS q,
                mod(c.commission_minor::numeric * u.undone, c.sale_minor) AS r
            ) AS whole
        ) END) AS back
    FROM order_line_commissions c CROSS JOIN LATERAL (
        SELECT -coalesce(sum(v.amount_minor), 0) AS undone FROM vendor_ledger v
        WHERE v.order_id = c.order_id AND v.line_number = c.line_number
            AND v.kind IN ('refund', 'chargeback')
    ) u
    GROUP BY c.order_id
), orders_all AS (
    SELECT o.order_id, o.total_minor, s.parts, f.sales AS frozen_sales, f.commission, f.back,
        coalesce(b.sales, 0) AS sales, coalesce(b.undone, 0) AS undone,
        coalesce(b.charged, 0) AS charged, coalesce(b.reversed, 0) AS reversed,
        least(o.total_minor, o.refunded_minor + coalesce((
            SELECT sum(amount_minor) FROM disputes d WHERE d.order_id = o.order_id
        ), 0)) AS given_back
    FROM orders o JOIN split s USING (order_id) LEFT JOIN booked b USING (order_id)
    LEFT JOIN frozen f USING (order_id)
), compared AS (
    SELECT 'sales' AS what, order_id::text AS of, sales AS ledger, total_minor::numeric AS expected
    FROM orders_all
    UNION ALL SELECT 'sales', order_id::text, parts, coalesce(frozen_sales, 0) FROM orders_all
    UNION ALL SELECT 'undone', order_id::text, undone, given_back FROM orders_all
    UNION ALL SELECT 'commission', order_id::text, charged, commission FROM orders_all
    UNION ALL SELECT 'commission_reversed', order_id::text, reversed, back FROM orders_all
    UNION ALL SELECT 'payouts', p.payout_id::text, -coalesce((
        SELECT sum(amount_minor) FROM vendor_ledger v WHERE v.account = p.vendor_id
            AND v.reference IN ('payout/' || p.payout_id, 'payout_reversal/' || p.payout_id)
    ), 0), CASE p.state WHEN 'failed' THEN 0 ELSE p.amount_minor END FROM payouts p
)
SELECT what, of, ledger::bigint AS ledger_minor, expected::bigint AS expected_minor
FROM compared WHERE ledger IS DISTINCT FROM expected ORDER BY what, of LIMIT 100
"""
_BY = {"day": _BY_DAY, "product": _BY_PRODUCT}


async def balances(connection: Connection, vendor_id: str) -> list[Any]:
    """Return what a vendor is owed, by currency."""
    return list(await connection.fetch(_BALANCES, vendor_id))


async def entries(connection: Connection, vendor_id: str, before: int, limit: int) -> list[Any]:
    """Return a vendor's entries before one, newest first."""
    return list(await connection.fetch(_ENTRIES, vendor_id, before, limit))


async def sales(
    connection: Connection, vendor_id: str, by: str, since: datetime, until: datetime
) -> list[Any]:
    """Return what came of a vendor's sales by day or by product."""
    return list(await connection.fetch(_BY[by], vendor_id, since, until))


async def totals(
    connection: Connection, vendor_id: str, since: datetime, until: datetime
) -> list[Any]:
    """Return what came of a vendor's sales, by currency."""
    return list(await connection.fetch(_TOTALS, vendor_id, since, until))


async def counted(connection: Connection) -> Any:
    """Return how many orders and payouts there are to compare."""
    return await connection.fetchrow(_COUNTED)


async def differences(connection: Connection) -> list[Any]:
    """Return where the ledger is not what orders, refunds, disputes, rates and payouts say."""
    return list(await connection.fetch(_DIFFERENCES))
