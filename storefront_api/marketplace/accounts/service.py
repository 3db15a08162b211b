"""Reading the vendors' ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Literal

from storefront_api.marketplace.accounts import repository
from storefront_api.marketplace.accounts.schemas import (
    Balance,
    Difference,
    Entry,
    EntryPage,
    ReconciliationOut,
    SalesOut,
    SalesRow,
    Totals,
)
from storefront_api.platform.errors import InvalidError
from storefront_api.services import Services

NEWEST = 2**63 - 1
MAX_DAYS = 3_660


def window(since: date, until: date) -> tuple[datetime, datetime]:
    """Return the instants at which two days begin, in UTC.

    Raises
    ------
    InvalidError
        If the second is not after the first, or ten years after it.
    """
    if not 0 < (until - since).days <= MAX_DAYS:
        raise InvalidError(f"must be 1 to {MAX_DAYS} days after `since`", field="query.until")
    return datetime.combine(since, time(), UTC), datetime.combine(until, time(), UTC)


async def balances(services: Services, vendor_id: str) -> list[Balance]:
    """Return what a vendor is owed, by currency."""
    rows = await repository.balances(services.pool, vendor_id)
    return [Balance(**dict(row)) for row in rows]


async def entries(services: Services, vendor_id: str, before: int, limit: int) -> EntryPage:
    """Return a page of a vendor's ledger, newest first."""
    rows = await repository.entries(services.pool, vendor_id, before, limit + 1)
    found = [Entry(**dict(row)) for row in rows[:limit]]
    more = len(rows) > limit
    return EntryPage(entries=found, next_cursor=str(found[-1].entry_id) if more else "")


async def sales(
    services: Services, vendor_id: str, by: Literal["day", "product"], since: date, until: date
) -> SalesOut:
    """Return what came of a vendor's sales.

    Raises
    ------
    InvalidError
        If the days are in the wrong order.
    """
    begin, end = window(since, until)
    rows = await repository.sales(services.pool, vendor_id, by, begin, end)
    totals = await repository.totals(services.pool, vendor_id, begin, end)
    return SalesOut(
        by=by,
        since=since,
        until=until,
        rows=[SalesRow(**dict(row)) for row in rows],
        totals=[Totals(**dict(row)) for row in totals],
    )


async def reconcile(services: Services) -> ReconciliationOut:
    """Compare vendors' totals, the ledger's and the orders', as of one instant."""
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        counted = await repository.counted(connection)
        differences = await repository.differences(connection)
    return ReconciliationOut(
        orders=counted["orders"],
        payouts=counted["payouts"],
        differences=[Difference(**dict(row)) for row in differences],
    )
