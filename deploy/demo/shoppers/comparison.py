"""The truth beside what the platform has: orders, refunds and chargebacks, count and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.demo.shoppers.journal import HAPPENED, Journal
from pipelines.warehouse import connect

_ORDERS = """
SELECT count(*), coalesce(sum(total_minor), 0)::bigint FROM orders WHERE order_id = ANY($1)
"""
_REFUNDS = """
SELECT count(*), coalesce(sum(amount_minor), 0)::bigint FROM refunds WHERE order_id = ANY($1)
"""
_DISPUTES = """
SELECT count(*), coalesce(sum(amount_minor), 0)::bigint FROM disputes WHERE order_id = ANY($1)
"""
_FCT_ORDERS = """
SELECT count(), toInt64(sum(total_minor)) FROM marts.fct_orders WHERE order_id IN {ids:Array(UUID)}
"""
_RAW_ORDERS = """
SELECT count(), toInt64(sum(JSONExtractInt(toString(data), 'total_minor'))) FROM raw.orders
WHERE type = 'order_completed'
AND toUUIDOrZero(JSONExtractString(toString(data), 'order_id')) IN {ids:Array(UUID)}
"""


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
    truth: tuple[int, int]
    found: tuple[int, int] | None

    @property
    def equal(self) -> bool:
        """Whether both agree to the cent, or nobody could be asked."""
        return self.found is None or self.found == self.truth


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[int, int]:
    return len(rows), sum(row[name] for row in rows)


async def compare(journal: Journal, environment: Mapping[str, str]) -> list[Compared]:
    """Compare a run's truth with PostgreSQL, and with the warehouse where there is one."""
    orders = journal.orders()
    ids = [UUID(order["order_id"]) for order in orders]
    followed = [what.row for what, state in journal.following() if state == HAPPENED]
    truths = {
        "orders": _sum(orders, "total_minor"),
        "refunds": _sum([r for r in followed if r["kind"] == "refund"], "amount_minor"),
        "chargebacks": _sum([r for r in followed if r["kind"] == "chargeback"], "amount_minor"),
    }
    queries = {"orders": _ORDERS, "refunds": _REFUNDS, "chargebacks": _DISPUTES}
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    try:
        found = [
            Compared(what, "PostgreSQL", truths[what], tuple(await connection.fetchrow(query, ids)))
            for what, query in queries.items()
        ]
    finally:
        await connection.close()
    for where, query in (("raw.orders", _RAW_ORDERS), ("marts.fct_orders", _FCT_ORDERS)):
        found.append(Compared("orders", where, truths["orders"], _asked(environment, query, ids)))
    return found


def _asked(environment: Mapping[str, str], query: str, ids: list[UUID]) -> tuple[int, int] | None:
    if not ids:
        return (0, 0)
    url = environment["CLICKHOUSE_URL"]
    try:
        httpx.get(f"{url}/ping", timeout=5).raise_for_status()
        with connect(url) as client:
            row = client.query(query, parameters={"ids": ids}).result_rows[0]
    except (ClickHouseError, httpx.HTTPError, OSError):
        return None
    return int(row[0]), int(row[1])
