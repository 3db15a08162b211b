"""The truth beside what the platform has: orders, refunds and chargebacks, count and money.

The store and the raw tables are held against the truth, the marts against the store's ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.demo.shoppers.journal import HAPPENED, Journal
from pipelines.reconciling import Outcome, UnreachableError, reconcile
from pipelines.reconciling.subjects import SUBJECTS
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
_RAW_ORDERS = """
SELECT toUUIDOrZero(JSONExtractString(toString(data), 'order_id')),
    JSONExtractInt(toString(data), 'total_minor')
FROM raw.orders WHERE type = 'order_completed'
AND occurred_at >= {start:Date} AND occurred_at < {end:Date} + 1
"""
Rows = list[tuple[Any, ...]] | None


@dataclass(frozen=True)
class Compared:
    """One line of the comparison.

    Parameters
    ----------
    truth, found
        How many, and their money in minor units; None where nothing was there to be asked. Of a
        mart the truth is the store's ledger.
    differing
        What is not the same, each named, where it was compared one by one.
    """

    what: str
    where: str
    truth: Sum | None
    found: Sum | None
    differing: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both agree to the cent, or nobody could be asked."""
        return self.found is None or (self.found == self.truth and not self.differing)


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
    finally:
        await connection.close()
    own = set(ids)
    raw = _asked(environment, _RAW_ORDERS, days)
    return [
        *found,
        Compared("orders", "raw.orders", truths["orders"], _all_of(raw, own)),
        *await _marts(environment, days, marts),
    ]


async def _marts(
    environment: Mapping[str, str], days: tuple[date, date], there: bool
) -> list[Compared]:
    """Compare the marts with the ledger, one by one."""
    outcomes: list[Outcome] = []
    if there:
        ledger, warehouse = environment["DATABASE_URL"], environment["CLICKHOUSE_URL"]
        with suppress(UnreachableError):
            outcomes = await reconcile(ledger, warehouse, days[0], days[1] + timedelta(days=1))
    if not outcomes:
        return [Compared(subject.name, subject.table, None, None) for subject in SUBJECTS]
    return [
        Compared(
            outcome.subject,
            outcome.table,
            (outcome.ledger.count, outcome.ledger.minor),
            (outcome.marts.count, outcome.marts.minor),
            tuple(map(str, outcome.differences)),
        )
        for outcome in outcomes
    ]


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> Sum:
    return len(rows), sum(row[name] for row in rows)


def _all_of(rows: Rows, own: Set[UUID]) -> Sum | None:
    """Count the rows of a run's orders, and add up their totals."""
    if rows is None:
        return None
    totals = [row[1] for row in rows if row[0] in own]
    return len(totals), sum(totals)


def _asked(environment: Mapping[str, str], query: str, days: tuple[date, date]) -> Rows:
    url = environment["CLICKHOUSE_URL"]
    try:
        httpx.get(f"{url}/ping", timeout=5).raise_for_status()
        with connect(url) as client:
            asked = client.query(query, parameters={"start": days[0], "end": days[1]})
    except (ClickHouseError, httpx.HTTPError, OSError):
        return None
    return [tuple(row) for row in asked.result_rows]
