"""The truth beside what the platform has: orders, refunds and chargebacks, count and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.demo.shoppers.journal import HAPPENED, Journal
from pipelines.warehouse import connect

Sum = tuple[int, int]
"""How many, and their money in minor units."""
_ORDERS = """
SELECT count(*), coalesce(sum(total_minor), 0)::bigint FROM orders WHERE order_id = ANY($1)
"""
_REFUNDS = """
SELECT count(*), coalesce(sum(amount_minor), 0)::bigint FROM refunds WHERE order_id = ANY($1)
"""
_DISPUTES = """
SELECT count(*), coalesce(sum(amount_minor), 0)::bigint FROM disputes WHERE order_id = ANY($1)
"""
_POSTED = """
SELECT count(*), coalesce(sum(amount), 0)::bigint FROM (
    SELECT sum(e.amount) AS amount
    FROM ledger_transfers t JOIN ledger_entries e USING (transfer_id)
    JOIN ledger_accounts a USING (account_id)
    WHERE a.kind = '{kind}' AND t.reference IN ({references})
    GROUP BY t.transfer_id
) AS posted
"""
_REVENUE = _POSTED.format(kind="revenue", references="SELECT 'order/' || unnest($1::uuid[])")
_GIVEN_BACK = _POSTED.format(
    kind="refunds",
    references="SELECT 'refund/' || refund_id FROM refunds WHERE order_id = ANY($1)",
)
_CHARGED_BACK = _POSTED.format(
    kind="chargebacks",
    references="SELECT 'chargeback/' || dispute_id FROM disputes WHERE order_id = ANY($1)",
)
_IN_STORE = (
    ("orders", "PostgreSQL", _ORDERS, 1),
    ("refunds", "PostgreSQL", _REFUNDS, 1),
    ("chargebacks", "PostgreSQL", _DISPUTES, 1),
    ("orders", "ledger, revenue", _REVENUE, 1),
    ("refunds", "ledger, refunds", _GIVEN_BACK, -1),
    ("chargebacks", "ledger, chargebacks", _CHARGED_BACK, -1),
)
"""What is asked of the store's database, and the sign that its money has there."""
_VENDOR_LEDGER = """
SELECT count(*), coalesce(sum(amount), 0)::bigint FROM (
    SELECT sum(amount_minor) AS amount FROM vendor_ledger
    WHERE kind IN ('sale', 'commission', 'refund', 'chargeback', 'commission_reversal')
    AND booked_at >= $1::date::timestamp AT TIME ZONE 'UTC'
    AND booked_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY account, currency, (booked_at AT TIME ZONE 'UTC')::date
) AS booked
"""
_RAW_ORDERS = """
SELECT toUUIDOrZero(JSONExtractString(toString(data), 'order_id')),
    JSONExtractInt(toString(data), 'total_minor')
FROM raw.orders WHERE type = 'order_completed'
AND occurred_at >= {start:Date} AND occurred_at < {end:Date} + 1
"""
_FCT_ORDERS = """
SELECT order_id, total_minor, refunded_minor, total_minor * disputed FROM marts.fct_orders
WHERE order_date BETWEEN {start:Date} AND {end:Date}
"""
_VENDOR_SALES = """
SELECT count(), toInt64(sum(sales_minor - commission_minor - refunded_minor - charged_back_minor
    + commission_returned_minor))
FROM marts.mart_vendor_sales WHERE booked_on BETWEEN {start:Date} AND {end:Date}
"""
Rows = list[tuple[Any, ...]] | None


@dataclass(frozen=True)
class Compared:
    """One line of the comparison.

    Parameters
    ----------
    truth, found
        How many, and their money in minor units; None where nothing was there to be asked.
    """

    what: str
    where: str
    truth: Sum
    found: Sum | None

    @property
    def equal(self) -> bool:
        """Whether both agree to the cent, or nobody could be asked."""
        return self.found is None or self.found == self.truth


async def compare(
    journal: Journal, environment: Mapping[str, str], days: tuple[date, date], marts: bool
) -> list[Compared]:
    """Compare a run's truth with PostgreSQL, and with the warehouse where there is one.

    Parameters
    ----------
    days
        The first and the last on which something of the run has happened.
    marts
        Whether the marts have these days.
    """
    orders = journal.orders()
    ids = [UUID(order["order_id"]) for order in orders]
    followed = [what.row for what, state in journal.following() if state == HAPPENED]
    truths = {
        "orders": _sum(orders, "total_minor"),
        "refunds": _sum([r for r in followed if r["kind"] == "refund"], "amount_minor"),
        "chargebacks": _sum([r for r in followed if r["kind"] == "chargeback"], "amount_minor"),
    }
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    try:
        found = []
        for what, where, query, sign in _IN_STORE:
            count, minor = await connection.fetchrow(query, ids)
            found.append(Compared(what, where, truths[what], (count, sign * minor)))
        vendors: Sum = tuple(await connection.fetchrow(_VENDOR_LEDGER, *days))
    finally:
        await connection.close()
    own = set(ids)
    raw = _asked(environment, _RAW_ORDERS, days)
    facts = _asked(environment, _FCT_ORDERS, days) if marts else None
    sales = _asked(environment, _VENDOR_SALES, days) if marts else None
    return [
        *found,
        Compared("orders", "raw.orders", truths["orders"], _all_of(raw, own)),
        Compared("orders", "marts.fct_orders", truths["orders"], _all_of(facts, own)),
        *(
            Compared(what, "marts.fct_orders", truths[what], _those_of(facts, own, column))
            for what, column in (("refunds", 2), ("chargebacks", 3))
        ),
        Compared(
            "vendors' days, as the vendor ledger has them",
            "marts.mart_vendor_sales",
            vendors,
            (sales[0][0], sales[0][1]) if sales else None,
        ),
    ]


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> Sum:
    return len(rows), sum(row[name] for row in rows)


def _all_of(rows: Rows, own: Set[UUID]) -> Sum | None:
    """Count the rows of a run's orders, and add up their totals."""
    if rows is None:
        return None
    totals = [row[1] for row in rows if row[0] in own]
    return len(totals), sum(totals)


def _those_of(rows: Rows, own: Set[UUID], column: int) -> Sum | None:
    """Count the rows of a run's orders that have an amount in a column, and add these up."""
    if rows is None:
        return None
    amounts = [row[column] for row in rows if row[0] in own and row[column]]
    return len(amounts), sum(amounts)


def _asked(environment: Mapping[str, str], query: str, days: tuple[date, date]) -> Rows:
    url = environment["CLICKHOUSE_URL"]
    try:
        httpx.get(f"{url}/ping", timeout=5).raise_for_status()
        with connect(url) as client:
            asked = client.query(query, parameters={"start": days[0], "end": days[1]})
    except (ClickHouseError, httpx.HTTPError, OSError):
        return None
    return [tuple(row) for row in asked.result_rows]
