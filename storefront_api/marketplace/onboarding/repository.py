"""The vendors' SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_INSERT = """
INSERT INTO vendors (
    vendor_id, applicant, account_id, state, display_name, legal_name, country,
    registration_number, contact_email, about, created_at, updated_at
) VALUES ($1, $2, $3, 'submitted', $4, $5, $6, $7, $8, $9, $10, $10)
ON CONFLICT DO NOTHING RETURNING *
"""
_ADMIT = """
INSERT INTO vendors (vendor_id, state, display_name, created_at, updated_at)
SELECT id, 'approved', id, $2, $2 FROM unnest($1::text[]) AS id ORDER BY id
ON CONFLICT DO NOTHING RETURNING vendor_id
"""
_FIND = "SELECT * FROM vendors WHERE vendor_id = $1"
_OWN = "SELECT * FROM vendors WHERE vendor_id = $1 AND (applicant = $2 OR vendor_id = $3)"
_FOR_CHANGE = " FOR NO KEY UPDATE"
_PAGE = """
SELECT vendor_id, state, display_name, country, updated_at FROM vendors
WHERE vendor_id > $1 AND ($2 = '' OR state = $2) ORDER BY vendor_id LIMIT $3
"""
_MOVE = """
UPDATE vendors SET state = $3, updated_at = $4 WHERE vendor_id = $1 AND state = $2 RETURNING *
"""
_DESCRIBE = """
UPDATE vendors SET display_name = $2, legal_name = $3, country = $4, registration_number = $5,
    contact_email = $6, about = $7
WHERE vendor_id = $1
"""
_PAY_TO = "UPDATE vendors SET payout_account = $2, updated_at = $3 WHERE vendor_id = $1"
_LOG = """
INSERT INTO vendor_log (vendor_id, action, state, actor, note, logged_at)
SELECT id, $2, $3, $4, $5, $6 FROM unnest($1::text[]) AS id
"""
_LOG_OF = """
SELECT entry_id, action, state, actor, note, logged_at FROM vendor_log
WHERE vendor_id = $1 ORDER BY entry_id
"""
_REVIEW = """
SELECT max(entry_id) FROM vendor_log WHERE vendor_id = $1 AND action = 'begin_review'
"""
_PAPERS = """
SELECT paper_id, kind, filename, media_type, size_bytes, encode(sha256, 'hex') AS sha256,
    uploaded_at
FROM vendor_papers WHERE vendor_id = $1 ORDER BY paper_id
"""
_ADD_PAPER = """
INSERT INTO vendor_papers VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (vendor_id, kind, sha256) DO NOTHING RETURNING paper_id
"""
_CONTENT = """
SELECT filename, media_type, content FROM vendor_papers WHERE vendor_id = $1 AND paper_id = $2
"""
_ADD_CHECK = "INSERT INTO vendor_checks VALUES ($1, $2, $3, $4, $5, $6)"
_CHECKS = """
SELECT check_id, outcome, provider_reference, checked_at, review_entry FROM vendor_checks
WHERE vendor_id = $1 ORDER BY check_id
"""
DESCRIPTION = (
    "display_name",
    "legal_name",
    "country",
    "registration_number",
    "contact_email",
    "about",
)


async def insert(
    connection: Connection,
    vendor_id: str,
    applicant: str,
    account_id: UUID | None,
    description: Sequence[str],
    now: datetime,
) -> Any:
    """Insert a submitted vendor; None if the applicant has one that was not rejected."""
    return await connection.fetchrow(_INSERT, vendor_id, applicant, account_id, *description, now)


async def admit(connection: Connection, vendor_ids: Sequence[str], now: datetime) -> list[str]:
    """Insert vendors that nobody knows as approved and return them."""
    return [row["vendor_id"] for row in await connection.fetch(_ADMIT, list(vendor_ids), now)]


async def find(connection: Connection, vendor_id: str) -> Any:
    """Return a vendor, whoever's it is, or None."""
    return await connection.fetchrow(_FIND, vendor_id)


async def hold(connection: Connection, vendor_id: str) -> Any:
    """Return a vendor that nobody else changes until the transaction ends, or None."""
    return await connection.fetchrow(_FIND + _FOR_CHANGE, vendor_id)


async def own(connection: Connection, vendor_id: str, applicant: str, works_for: str) -> Any:
    """Return a vendor if the caller applied for it or works for it, or None."""
    return await connection.fetchrow(_OWN, vendor_id, applicant, works_for)


async def hold_own(connection: Connection, vendor_id: str, applicant: str, works_for: str) -> Any:
    """Return what `own` returns, and let nobody else change it until the transaction ends."""
    return await connection.fetchrow(_OWN + _FOR_CHANGE, vendor_id, applicant, works_for)


async def page(connection: Connection, after: str, state: str, limit: int) -> list[Any]:
    """Return the next vendors after an id."""
    return list(await connection.fetch(_PAGE, after, state, limit))


async def move(
    connection: Connection, vendor_id: str, before: str, after: str, now: datetime
) -> Any:
    """Move a vendor from one state to another and return it; None if it is not in the first."""
    return await connection.fetchrow(_MOVE, vendor_id, before, after, now)


async def describe(connection: Connection, vendor_id: str, description: Sequence[str]) -> None:
    """Replace what a vendor says of itself."""
    await connection.execute(_DESCRIBE, vendor_id, *description)


async def pay_to(connection: Connection, vendor_id: str, account: str, now: datetime) -> None:
    """Note where a vendor's money goes."""
    await connection.execute(_PAY_TO, vendor_id, account, now)


async def log(
    connection: Connection,
    vendor_ids: Sequence[str],
    action: str,
    state: str,
    actor: str,
    note: str,
    now: datetime,
) -> None:
    """Append what somebody did to vendors."""
    await connection.execute(_LOG, list(vendor_ids), action, state, actor, note, now)


async def log_of(connection: Connection, vendor_id: str) -> list[Any]:
    """Return what was done to a vendor, oldest first."""
    return list(await connection.fetch(_LOG_OF, vendor_id))


async def review(connection: Connection, vendor_id: str) -> int | None:
    """Return the log's entry with which the latest review began."""
    found: int | None = await connection.fetchval(_REVIEW, vendor_id)
    return found


async def papers(connection: Connection, vendor_id: str) -> list[Any]:
    """Return a vendor's papers without their content, oldest first."""
    return list(await connection.fetch(_PAPERS, vendor_id))


async def add_paper(connection: Connection, paper: Sequence[Any]) -> bool:
    """Insert a paper; False if the vendor has the same one already."""
    return await connection.fetchval(_ADD_PAPER, *paper) is not None


async def content(connection: Connection, vendor_id: str, paper_id: UUID) -> Any:
    """Return filename, media type and content of a vendor's paper, or None."""
    return await connection.fetchrow(_CONTENT, vendor_id, paper_id)


async def add_check(connection: Connection, check: Sequence[Any]) -> None:
    """Append what a check found."""
    await connection.execute(_ADD_CHECK, *check)


async def checks(connection: Connection, vendor_id: str) -> list[Any]:
    """Return what the checks of a vendor found, oldest first."""
    return list(await connection.fetch(_CHECKS, vendor_id))
