"""The loyalty points' SQL; the points themselves are in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from storefront_api.loyalty.points import Lot
from storefront_api.platform.database import Connection

_INSERT_RULE = """
INSERT INTO loyalty_rules
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7
FROM loyalty_rules WHERE rule_id = $1
RETURNING *
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7236404)"
_RULE = """
SELECT * FROM loyalty_rules WHERE currency = $1 AND starts_at <= $2
ORDER BY starts_at DESC, rule_id, version DESC LIMIT 1
"""
_LOTS = """
SELECT account_id, balance AS points, expires_at FROM ledger_accounts
WHERE owner = $1 AND kind = 'points_lot' AND balance > 0 ORDER BY account_id
"""
_LOCK_LOTS = f"{_LOTS} FOR NO KEY UPDATE"
_LOCK_EXPIRED = """
SELECT account_id, owner, balance AS points, expires_at FROM ledger_accounts
WHERE kind = 'points_lot' AND balance > 0 AND expires_at <= $1
ORDER BY account_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
_EARNED = """
SELECT e.amount FROM ledger_transfers t JOIN ledger_entries e USING (transfer_id)
WHERE t.reference = 'order/' || $1 AND e.account_id = $2
"""


async def insert_rule(connection: Connection, rule: Mapping[str, Any]) -> Any:
    """Insert the next version of a rule and return it."""
    await connection.execute(_ONE_AT_A_TIME)
    return await connection.fetchrow(
        _INSERT_RULE,
        rule["rule_id"],
        rule["currency"],
        rule["earn_basis_points"],
        rule["spend_basis_points"],
        rule["expires_after_days"],
        rule["source"],
        rule["starts_at"],
    )


async def rule(connection: Connection, currency: str, at: datetime) -> Any:
    """Return the rule that holds for a currency at a time, or None."""
    return await connection.fetchrow(_RULE, currency, at)


async def lots(connection: Connection, subject: str) -> list[Lot]:
    """Return what a customer has."""
    return [Lot(**dict(row)) for row in await connection.fetch(_LOTS, subject)]


async def lock_lots(connection: Connection, subject: str) -> list[Lot]:
    """Lock what a customer has until the transaction ends, and return it."""
    return [Lot(**dict(row)) for row in await connection.fetch(_LOCK_LOTS, subject)]


async def lock_expired(connection: Connection, now: datetime, most: int) -> Sequence[Any]:
    """Lock lots whose time is over, but for those that somebody else has locked."""
    rows: Sequence[Any] = await connection.fetch(_LOCK_EXPIRED, now, most)
    return rows


async def earned(connection: Connection, order_id: str, account_id: str) -> int:
    """Return how many points an order has brought into its lot."""
    return int(await connection.fetchval(_EARNED, order_id, account_id) or 0)
