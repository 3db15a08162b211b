"""The ledger's SQL. Guarded accounts are locked in order of their id, after stock and codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.ledger.transfers import Transfer
from storefront_api.platform.database import Connection

OVERDRAWN = "a_guarded_account_is_never_overdrawn"
"""The constraint that refuses what an account does not have."""

_POST = """
WITH wanted AS (
    SELECT * FROM unnest(
        $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::timestamptz[],
        $10::bigint[]
    ) AS w (account_id, kind, owner, unit, guarded, expires_at, amount)
), opened AS (
    INSERT INTO ledger_accounts (account_id, kind, owner, unit, balance, expires_at, opened_at)
    SELECT account_id, kind, owner, unit, CASE WHEN guarded THEN 0 END, expires_at, $3 FROM wanted
    ON CONFLICT DO NOTHING
), posted AS (
    INSERT INTO ledger_transfers (transfer_id, reference, entries, posted_at)
    VALUES ($1, $2, cardinality($4::text[]), $3) ON CONFLICT (reference) DO NOTHING
    RETURNING transfer_id
), written AS (
    INSERT INTO ledger_entries (transfer_id, account_id, amount)
    SELECT transfer_id, account_id, amount FROM posted, wanted
)
SELECT transfer_id FROM posted
"""
_REVERSE = """
WITH entries AS (
    SELECT e.account_id, e.amount
    FROM ledger_transfers t JOIN ledger_entries e USING (transfer_id) WHERE t.reference = $2
), posted AS (
    INSERT INTO ledger_transfers (transfer_id, reference, entries, posted_at)
    SELECT $1, $3, count(*), $4 FROM entries HAVING count(*) > 0
    ON CONFLICT (reference) DO NOTHING RETURNING transfer_id
), written AS (
    INSERT INTO ledger_entries (transfer_id, account_id, amount)
    SELECT transfer_id, account_id, -amount FROM posted, entries
)
SELECT transfer_id FROM posted
"""
_TRIAL_BALANCE = """
SELECT a.unit, a.kind,
    coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0)::bigint AS debits,
    coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0)::bigint AS credits,
    sum(e.amount)::bigint AS balance
FROM ledger_entries e JOIN ledger_accounts a USING (account_id)
GROUP BY a.unit, a.kind ORDER BY a.unit, a.kind
"""
_TRANSFER = """
SELECT t.transfer_id, t.reference, t.posted_at, e.account_id, a.unit, e.amount
FROM ledger_transfers t JOIN ledger_entries e USING (transfer_id)
JOIN ledger_accounts a USING (account_id)
WHERE t.reference = $1 ORDER BY e.account_id
"""
_LOCK = """
SELECT FROM ledger_accounts WHERE account_id = ANY($1) ORDER BY account_id FOR NO KEY UPDATE
"""


async def post(connection: Connection, transfer_id: UUID, transfer: Transfer, at: datetime) -> bool:
    """Write a transfer in one statement, its accounts too where they are new; False if it is known.

    The entries must not be empty.
    """
    accounts = list(transfer.entries)
    columns = [
        [getattr(account, name) for account in accounts]
        for name in ("account_id", "kind", "owner", "unit", "guarded", "expires_at")
    ]
    amounts = list(transfer.entries.values())
    known = await connection.fetchval(_POST, transfer_id, transfer.reference, at, *columns, amounts)
    return known is not None


async def reverse(
    connection: Connection, transfer_id: UUID, reference: str, new_reference: str, at: datetime
) -> bool:
    """Write the opposite of a transfer; False if there is none, or it is reversed already."""
    done = await connection.fetchval(_REVERSE, transfer_id, reference, new_reference, at)
    return done is not None


async def trial_balance(connection: Connection) -> list[Any]:
    """Return unit, kind, debits, credits and balance of each kind of account."""
    return list(await connection.fetch(_TRIAL_BALANCE))


async def transfer_of(connection: Connection, reference: str) -> list[Any]:
    """Return the entries of a transfer with what it says of itself; none if it is unknown."""
    return list(await connection.fetch(_TRANSFER, reference))


async def lock(connection: Connection, account_ids: Sequence[str]) -> None:
    """Lock accounts until the transaction ends."""
    await connection.execute(_LOCK, list(account_ids))
