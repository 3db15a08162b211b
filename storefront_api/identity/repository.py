"""The SQL of accounts, their mailed tokens and their preferences.

The row of an account is the lock of all that belongs to it: who opens a session holds it shared,
who changes what the account is or may do holds it alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection
from storefront_api.platform.policy import Role
from storefront_api.platform.sessions import Standing

PREFERENCES = ("plastic_free", "local", "organic", "vegan", "low_carbon", "fair_trade")

_ACCOUNT = """
SELECT a.account_id, a.email, a.password_hash, a.role, a.vendor_id, a.epoch, a.registered_at,
       a.verified_at, f.confirmed_at IS NOT NULL AS second_factor
FROM accounts a LEFT JOIN second_factors f USING (account_id)
"""
_BY_EMAIL = _ACCOUNT + "WHERE a.email = $1"
_BY_ID = _ACCOUNT + "WHERE a.account_id = $1"
_LOCK_ALONE = "SELECT account_id FROM accounts WHERE account_id = $1 FOR UPDATE"
_LOCK_SHARED = "SELECT account_id FROM accounts WHERE account_id = $1 FOR SHARE"
_STANDING = "SELECT role, vendor_id FROM accounts WHERE account_id = $1"
_VERIFIED_EMAIL = """
SELECT email FROM accounts WHERE account_id = $1 AND verified_at IS NOT NULL
"""
_INSERT = """
INSERT INTO accounts (account_id, email, password_hash, registered_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (email) DO NOTHING RETURNING account_id
"""
_SET_PASSWORD = """
UPDATE accounts SET password_hash = $2, epoch = epoch + 1 WHERE account_id = $1
"""
_REHASH = "UPDATE accounts SET password_hash = $3 WHERE account_id = $1 AND password_hash = $2"
_NEXT_EPOCH = "UPDATE accounts SET epoch = epoch + 1 WHERE account_id = $1"
_VERIFY = """
UPDATE accounts SET verified_at = $2 WHERE account_id = $1 AND verified_at IS NULL
RETURNING account_id
"""
_ADD_TOKEN = """
INSERT INTO account_tokens (token_hash, account_id, purpose, expires_at) VALUES ($1, $2, $3, $4)
"""
_TOKEN = """
SELECT account_id FROM account_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3
"""
_TAKE_TOKEN = """
DELETE FROM account_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3
RETURNING account_id
"""
_DROP_TOKENS = "DELETE FROM account_tokens WHERE account_id = $1"
_DROP_CHALLENGES = "DELETE FROM login_challenges WHERE account_id = $1"
_LOCK_SUPER_ADMINS = """
SELECT account_id FROM accounts WHERE role = 'super_admin' OR account_id = $1
ORDER BY account_id FOR UPDATE
"""
_OTHER_SUPER_ADMINS = """
SELECT count(*) FROM accounts WHERE role = 'super_admin' AND account_id <> $1
"""
_SET_ROLE = "UPDATE accounts SET role = $2, vendor_id = $3 WHERE account_id = $1"
_PREFERENCES = f"SELECT {', '.join(PREFERENCES)} FROM preferences WHERE account_id = $1"
_SET_PREFERENCES = f"""
INSERT INTO preferences AS p (account_id, changed_at, {", ".join(PREFERENCES)})
VALUES ($1, $2, {", ".join(f"${n}" for n in range(3, 3 + len(PREFERENCES)))})
ON CONFLICT (account_id) DO UPDATE
SET changed_at = EXCLUDED.changed_at, {", ".join(f"{n} = EXCLUDED.{n}" for n in PREFERENCES)}
WHERE ROW({", ".join(f"p.{n}" for n in PREFERENCES)})
    IS DISTINCT FROM ROW({", ".join(f"EXCLUDED.{n}" for n in PREFERENCES)})
RETURNING account_id
"""


async def by_email(connection: Connection, email: str) -> Any | None:
    """Return the account of an e-mail address, if there is one."""
    return await connection.fetchrow(_BY_EMAIL, email)


async def by_id(connection: Connection, account_id: UUID) -> Any | None:
    """Return an account, if there is one."""
    return await connection.fetchrow(_BY_ID, account_id)


async def locked(connection: Connection, account_id: UUID, *, alone: bool) -> Any | None:
    """Lock an account until the transaction ends and return it as it is then.

    The lock is waited for by a statement of its own: a statement sees what was committed when it
    began, and what it joined before it waited may be old.
    """
    await connection.execute(_LOCK_ALONE if alone else _LOCK_SHARED, account_id)
    return await by_id(connection, account_id)


async def verified_email(connection: Connection, account_id: UUID) -> str:
    """Return an account's e-mail address; empty until its holder has shown to read it."""
    found: str | None = await connection.fetchval(_VERIFIED_EMAIL, account_id)
    return found or ""


async def standing_of(connection: Connection, account_id: UUID) -> Standing | None:
    """Return what an account may do; None if there is no such account."""
    row = await connection.fetchrow(_STANDING, account_id)
    return None if row is None else Standing(Role(row["role"]), row["vendor_id"])


async def insert(
    connection: Connection, account_id: UUID, email: str, password_hash: str, now: datetime
) -> bool:
    """Insert an account; False if the e-mail address has one."""
    row = await connection.fetchval(_INSERT, account_id, email, password_hash, now)
    return row is not None


async def set_password(connection: Connection, account_id: UUID, password_hash: str) -> None:
    """Replace a password; whatever was mailed or begun with the old one is void."""
    await connection.execute(_SET_PASSWORD, account_id, password_hash)
    await connection.execute(_DROP_TOKENS, account_id)
    await connection.execute(_DROP_CHALLENGES, account_id)


async def rehash(connection: Connection, account_id: UUID, old: str, new: str) -> None:
    """Replace the hash of a password that stays the same, unless it was changed meanwhile."""
    await connection.execute(_REHASH, account_id, old, new)


async def next_epoch(connection: Connection, account_id: UUID) -> None:
    """Make void what was checked before now."""
    await connection.execute(_NEXT_EPOCH, account_id)


async def verify(connection: Connection, account_id: UUID, now: datetime) -> bool:
    """Mark the e-mail address as its holder's; False if it was."""
    return await connection.fetchval(_VERIFY, account_id, now) is not None


async def add_token(
    connection: Connection, token_hash: bytes, account_id: UUID, purpose: str, expires_at: datetime
) -> None:
    """Store the hash of a token that is mailed."""
    await connection.execute(_ADD_TOKEN, token_hash, account_id, purpose, expires_at)


async def token_account(
    connection: Connection, token_hash: bytes, purpose: str, now: datetime
) -> UUID | None:
    """Return the account that a token was mailed to, if it may still be used."""
    found: UUID | None = await connection.fetchval(_TOKEN, token_hash, purpose, now)
    return found


async def take_token(
    connection: Connection, token_hash: bytes, purpose: str, now: datetime
) -> bool:
    """Use a token up; False if that was done, or if it is too old."""
    return await connection.fetchval(_TAKE_TOKEN, token_hash, purpose, now) is not None


async def drop_tokens(connection: Connection, account_id: UUID) -> None:
    """Make every token that was mailed to an account void."""
    await connection.execute(_DROP_TOKENS, account_id)


async def lock_with_super_admins(connection: Connection, account_id: UUID) -> Any | None:
    """Lock an account and all super admins, in order, and return the account."""
    await connection.execute(_LOCK_SUPER_ADMINS, account_id)
    return await by_id(connection, account_id)


async def other_super_admins(connection: Connection, account_id: UUID) -> int:
    """Return how many super admins there are beside an account."""
    return int(await connection.fetchval(_OTHER_SUPER_ADMINS, account_id))


async def set_role(connection: Connection, account_id: UUID, standing: Standing) -> None:
    """Give an account a role."""
    await connection.execute(_SET_ROLE, account_id, standing.role.value, standing.vendor_id)


async def preferences(connection: Connection, account_id: UUID) -> Any | None:
    """Return what an account prefers; None if it never said."""
    return await connection.fetchrow(_PREFERENCES, account_id)


async def set_preferences(
    connection: Connection, account_id: UUID, now: datetime, values: list[bool]
) -> bool:
    """Store what an account prefers, in the order of `PREFERENCES`; False if it was the same."""
    return await connection.fetchval(_SET_PREFERENCES, account_id, now, *values) is not None
