"""The gift cards' SQL; their money is in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_INSERT = "INSERT INTO giftcards VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
_FIND = """
SELECT g.giftcard_id, g.code_hash, g.currency, g.expires_at, a.account_id, a.balance
FROM giftcards g JOIN ledger_accounts a USING (account_id) WHERE g.code_hash = ANY($1)
"""
_LOCK = f"{_FIND} ORDER BY a.account_id FOR NO KEY UPDATE OF a"


async def insert(
    connection: Connection,
    giftcard_id: UUID,
    code_hash: bytes,
    account_id: str,
    currency: str,
    issued_minor: int,
    reason: str,
    issued_at: datetime,
    expires_at: datetime | None,
) -> None:
    """Insert a gift card whose account is open already."""
    await connection.execute(
        _INSERT,
        giftcard_id,
        code_hash,
        account_id,
        currency,
        issued_minor,
        reason,
        issued_at,
        expires_at,
    )


async def find(connection: Connection, code_hash: bytes) -> Any:
    """Return a gift card with its balance, or None."""
    return await connection.fetchrow(_FIND, [code_hash])


async def lock(connection: Connection, code_hashes: Sequence[bytes]) -> dict[bytes, Any]:
    """Lock the accounts of gift cards, and return the cards with their balances by hash."""
    rows = await connection.fetch(_LOCK, list(code_hashes))
    return {row["code_hash"]: row for row in rows}
