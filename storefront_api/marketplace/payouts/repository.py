"""The payouts' SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_RUN = "INSERT INTO payout_runs VALUES ($1, $2, $3, $4, $5)"
_HOLD = """
SELECT vendor_id FROM vendors WHERE state = 'approved' AND payout_account <> ''
ORDER BY vendor_id FOR NO KEY UPDATE
"""
_DUE = """
SELECT v.vendor_id, v.payout_account AS destination, b.owed::bigint AS amount_minor
FROM vendors v CROSS JOIN LATERAL (
    SELECT sum(amount_minor) AS owed FROM vendor_ledger
    WHERE account = v.vendor_id AND currency = $2
) b
WHERE v.vendor_id = ANY($1) AND b.owed >= $3 ORDER BY v.vendor_id
"""
_CREATE = """
WITH made AS (
    INSERT INTO payouts (
        payout_id, run_id, vendor_id, currency, amount_minor, destination, state, created_at
    )
    SELECT payout_id, $1, vendor_id, $2, amount_minor, destination, 'created', $3
    FROM unnest($4::uuid[], $5::text[], $6::bigint[], $7::text[])
        AS due (payout_id, vendor_id, amount_minor, destination)
    RETURNING payout_id, vendor_id, amount_minor
)
INSERT INTO vendor_ledger (account, reference, kind, amount_minor, currency, booked_at)
SELECT vendor_id, 'payout/' || payout_id, 'payout', -amount_minor, $2, $3 FROM made
ORDER BY vendor_id
"""
_COLUMNS = """
payout_id, run_id, vendor_id, currency, amount_minor, state, provider_reference, failure,
created_at, closed_at
"""
_FIND_RUN = """
SELECT run_id, currency, minimum_minor, started_at FROM payout_runs WHERE run_id = $1
"""
_OF_RUN = f"SELECT {_COLUMNS} FROM payouts WHERE run_id = $1 ORDER BY payout_id"
_OF_VENDOR = f"""
SELECT {_COLUMNS} FROM payouts
WHERE vendor_id = $1 AND ($2::uuid IS NULL OR payout_id < $2)
ORDER BY payout_id DESC LIMIT $3
"""
_CLAIM = """
UPDATE payouts SET attempted_at = $1 WHERE payout_id = (
    SELECT payout_id FROM payouts
    WHERE state = 'created' AND (attempted_at IS NULL OR attempted_at <= $2)
    ORDER BY created_at, payout_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING new.payout_id, new.run_id, new.vendor_id, new.currency, new.amount_minor,
    new.destination, old.attempted_at IS NOT NULL AS attempted
"""
_CLOSE = """
UPDATE payouts SET state = $2, provider_reference = $3, failure = $4, closed_at = $5
WHERE payout_id = $1 AND state = 'created' RETURNING payout_id
"""
_CONTACT = "SELECT contact_email FROM vendors WHERE vendor_id = $1"
_TAKE_BACK = """
INSERT INTO vendor_ledger (account, reference, kind, amount_minor, currency, booked_at)
SELECT vendor_id, 'payout_reversal/' || payout_id, 'payout_reversal', amount_minor, currency, $2
FROM payouts WHERE payout_id = $1
"""


async def add_run(connection: Connection, run: Sequence[Any]) -> None:
    """Insert a run: id, currency, minimum, who started it, and when."""
    await connection.execute(_RUN, *run)


async def hold(connection: Connection) -> list[str]:
    """Return the vendors that may be paid; no other run pays them until the transaction ends."""
    return [row["vendor_id"] for row in await connection.fetch(_HOLD)]


async def due(
    connection: Connection, vendor_ids: Sequence[str], currency: str, minimum_minor: int
) -> list[Any]:
    """Return vendor, destination and amount of each held vendor that is owed enough.

    It is a statement of its own after `hold`: one that had begun before it would not see what the
    run that it waited for has paid.
    """
    return list(await connection.fetch(_DUE, list(vendor_ids), currency, minimum_minor))


async def create(
    connection: Connection,
    run_id: UUID,
    currency: str,
    at: datetime,
    payout_ids: Sequence[UUID],
    rows: Sequence[Any],
) -> None:
    """Insert payouts and take them from the vendors' balances."""
    await connection.execute(
        _CREATE,
        run_id,
        currency,
        at,
        list(payout_ids),
        [row["vendor_id"] for row in rows],
        [row["amount_minor"] for row in rows],
        [row["destination"] for row in rows],
    )


async def find_run(connection: Connection, run_id: UUID) -> Any:
    """Return a run, or None."""
    return await connection.fetchrow(_FIND_RUN, run_id)


async def of_run(connection: Connection, run_id: UUID) -> list[Any]:
    """Return the payouts of a run."""
    return list(await connection.fetch(_OF_RUN, run_id))


async def of_vendor(
    connection: Connection, vendor_id: str, before: UUID | None, limit: int
) -> list[Any]:
    """Return a vendor's payouts before one, newest first."""
    return list(await connection.fetch(_OF_VENDOR, vendor_id, before, limit))


async def claim(connection: Connection, now: datetime, given_up: datetime) -> Any:
    """Take the oldest payout that is to be sent and that nobody is sending, or None.

    Parameters
    ----------
    given_up
        Whoever took one at this time or before has died.

    Returns
    -------
    The payout, and whether somebody attempted to send it.
    """
    return await connection.fetchrow(_CLAIM, now, given_up)


async def close(
    connection: Connection,
    payout_id: UUID,
    state: str,
    provider_reference: str,
    failure: str,
    at: datetime,
) -> bool:
    """Note what became of a payout; False if that is noted already."""
    row = await connection.fetchval(_CLOSE, payout_id, state, provider_reference, failure, at)
    return row is not None


async def contact(connection: Connection, vendor_id: str) -> str:
    """Return where a vendor is written to; empty if nowhere."""
    found: str | None = await connection.fetchval(_CONTACT, vendor_id)
    return found or ""


async def take_back(connection: Connection, payout_id: UUID, at: datetime) -> None:
    """Make a payout that failed the vendor's balance again."""
    await connection.execute(_TAKE_BACK, payout_id, at)
