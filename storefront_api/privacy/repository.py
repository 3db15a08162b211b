"""The SQL of erasures and exports."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection
from storefront_api.privacy.holdings import HOLDINGS, Holding

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('erasure/' || $1, 0))"
_MARK = "SET LOCAL storefront.erases = 'yes'"
_ACCOUNT = "SELECT account_id, email, role FROM accounts WHERE account_id = $1 FOR UPDATE"
_ACCOUNT_IDS = "SELECT account_id FROM accounts"
_OPEN = "SELECT EXISTS (SELECT FROM checkouts WHERE owner = $1 AND state = 'open')"
_SELLS = """
SELECT EXISTS (
    SELECT FROM vendors WHERE (applicant = $1 OR account_id = $2) AND state <> 'rejected'
)
"""
_KEEP = "INSERT INTO erasures (erasure_id, subject, erased_at, rows) VALUES ($1, $2, $3, $4)"
_LATEST = """
SELECT erasure_id, subject, erased_at, rows FROM erasures WHERE subject = $1
ORDER BY erased_at DESC, erasure_id DESC LIMIT 1
"""
_BY_ID = "SELECT erasure_id, subject, erased_at, rows FROM erasures WHERE erasure_id = $1"
_ROWS = "SELECT to_jsonb(t) - $1::text[] AS held FROM {table} t WHERE {whose}"


@dataclass(frozen=True)
class Person:
    """Whom it is about.

    Parameters
    ----------
    subject
        The pseudonym.
    account_id
        The account; None for a guest.
    email
        The account's address; empty for a guest.
    email_subject
        Pseudonym of the address; empty for a guest.
    """

    subject: str
    account_id: UUID | None = None
    email: str = ""
    email_subject: str = ""

    @property
    def values(self) -> tuple[str, UUID | None, str, str]:
        """What statements know the person by."""
        return self.subject, self.account_id, self.email, self.email_subject


async def lock(connection: Connection, subject: str) -> None:
    """Have one erasure of a person at a time, until the transaction ends."""
    await connection.execute(_LOCK, subject)


async def account(connection: Connection, account_id: UUID) -> Any | None:
    """Lock an account and return it."""
    return await connection.fetchrow(_ACCOUNT, account_id)


async def account_ids(connection: Connection) -> list[UUID]:
    """Return the accounts that there are."""
    return [row["account_id"] for row in await connection.fetch(_ACCOUNT_IDS)]


async def has_open_checkout(connection: Connection, subject: str) -> bool:
    """Tell whether goods are kept for somebody."""
    return bool(await connection.fetchval(_OPEN, subject))


async def sells(connection: Connection, person: Person) -> bool:
    """Tell whether somebody has applied to sell, and was not turned away."""
    return bool(await connection.fetchval(_SELLS, person.subject, person.account_id))


async def erase(connection: Connection, person: Person) -> dict[str, int]:
    """Erase somebody from every table and return how many rows it was, by table."""
    await connection.execute(_MARK)
    rows: dict[str, int] = {}
    for holding in HOLDINGS:
        statement, values = numbered(holding.erase, person)
        status = await connection.execute(statement, *values)
        count = int(status.rpartition(" ")[2])
        if count:
            rows[holding.table] = count
    return rows


async def held(connection: Connection, person: Person) -> AsyncIterator[tuple[str, list[Any]]]:
    """Yield the rows about somebody, table by table, without secrets."""
    for holding in HOLDINGS:
        yield holding.table, await _rows(connection, holding, person)


async def _rows(connection: Connection, holding: Holding, person: Person) -> list[Any]:
    whose, values = numbered(holding.whose, person, first=2)
    statement = _ROWS.format(table=holding.table, whose=whose)
    rows = await connection.fetch(statement, list(holding.hidden), *values)
    return [row["held"] for row in rows]


def numbered(statement: str, person: Person, first: int = 1) -> tuple[str, list[Any]]:
    """Return a statement with the parameters that it uses alone, as PostgreSQL demands.

    Parameters
    ----------
    first
        Number of the first of them.
    """
    used = sorted({int(number) for number in re.findall(r"\$(\d)", statement)})
    places = {number: place for place, number in enumerate(used, first)}
    text = re.sub(r"\$(\d)", lambda found: f"${places[int(found.group(1))]}", statement)
    return text, [person.values[number - 1] for number in used]


async def keep(
    connection: Connection, erasure_id: UUID, subject: str, now: datetime, rows: dict[str, int]
) -> None:
    """Write a receipt."""
    await connection.execute(_KEEP, erasure_id, subject, now, rows)


async def latest(connection: Connection, subject: str) -> Any | None:
    """Return the latest receipt of somebody, if there is one."""
    return await connection.fetchrow(_LATEST, subject)


async def by_id(connection: Connection, erasure_id: UUID) -> Any | None:
    """Return a receipt, if there is one."""
    return await connection.fetchrow(_BY_ID, erasure_id)
