"""The SQL of sessions and of logins that wait for a second factor."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_INSERT = """
INSERT INTO account_sessions
    (session_id, account_id, refresh_hash, agent, opened_at, refreshed_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $5, $6)
"""
_ACCOUNT = "SELECT account_id FROM account_sessions WHERE session_id = $1"
_ROTATE = """
UPDATE account_sessions SET refresh_hash = $3, refreshed_at = $4, expires_at = $5
WHERE session_id = $1 AND refresh_hash = $2 AND ended_at IS NULL AND expires_at > $4
RETURNING session_id
"""
_END = """
UPDATE account_sessions SET ended_at = $3
WHERE account_id = $1 AND session_id = ANY($2) AND ended_at IS NULL AND expires_at > $3
RETURNING session_id
"""
_END_OTHERS = """
UPDATE account_sessions SET ended_at = $3
WHERE account_id = $1 AND session_id IS DISTINCT FROM $2 AND ended_at IS NULL AND expires_at > $3
RETURNING session_id
"""
_END_OLDEST = """
UPDATE account_sessions SET ended_at = $2
WHERE session_id IN (
    SELECT session_id FROM account_sessions
    WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2
    ORDER BY refreshed_at DESC, session_id DESC OFFSET $3
) AND ended_at IS NULL
RETURNING session_id
"""
_LIVE = """
SELECT session_id, agent, opened_at, refreshed_at, expires_at FROM account_sessions
WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2
ORDER BY refreshed_at DESC, session_id DESC
"""
_SEE_AGENT = """
WITH known AS (SELECT count(*) AS agents FROM account_agents WHERE account_id = $1), seen AS (
    INSERT INTO account_agents (account_id, agent, seen_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING RETURNING agent
)
SELECT agents > 0 FROM known, seen
"""
_CHALLENGE = """
INSERT INTO login_challenges (challenge_hash, account_id, epoch, expires_at)
VALUES ($1, $2, $3, $4)
"""
_CHALLENGED = """
SELECT account_id, epoch FROM login_challenges WHERE challenge_hash = $1 AND expires_at > $2
"""
_TAKE_CHALLENGE = """
DELETE FROM login_challenges WHERE challenge_hash = $1 AND expires_at > $2 RETURNING account_id
"""
_CLEAR = """
WITH tokens AS (DELETE FROM account_tokens WHERE expires_at <= $1),
     challenges AS (DELETE FROM login_challenges WHERE expires_at <= $1),
     forgotten AS (DELETE FROM guesses WHERE last_at < $2)
DELETE FROM account_sessions WHERE expires_at <= $1
"""


async def insert(
    connection: Connection,
    session_id: UUID,
    account_id: UUID,
    refresh_hash: bytes,
    agent: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Insert a session."""
    await connection.execute(_INSERT, session_id, account_id, refresh_hash, agent, now, expires_at)


async def account_of(connection: Connection, session_id: UUID) -> UUID | None:
    """Return whose session it is, live or not."""
    found: UUID | None = await connection.fetchval(_ACCOUNT, session_id)
    return found


async def rotate(
    connection: Connection,
    session_id: UUID,
    old_hash: bytes,
    new_hash: bytes,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Replace a live session's refresh token; False if the old one is not its latest."""
    row = await connection.fetchval(_ROTATE, session_id, old_hash, new_hash, now, expires_at)
    return row is not None


async def end(
    connection: Connection, account_id: UUID, session_ids: list[UUID], now: datetime
) -> list[UUID]:
    """End those of some sessions that are an account's and live, and return them."""
    rows = await connection.fetch(_END, account_id, session_ids, now)
    return [row["session_id"] for row in rows]


async def end_others(
    connection: Connection, account_id: UUID, kept: UUID | None, now: datetime
) -> list[UUID]:
    """End all live sessions of an account but one, and return them."""
    rows = await connection.fetch(_END_OTHERS, account_id, kept, now)
    return [row["session_id"] for row in rows]


async def end_oldest(
    connection: Connection, account_id: UUID, now: datetime, most: int
) -> list[UUID]:
    """End the live sessions that were not used for longest, so that ``most`` are left."""
    rows = await connection.fetch(_END_OLDEST, account_id, now, most)
    return [row["session_id"] for row in rows]


async def live(connection: Connection, account_id: UUID, now: datetime) -> list[Any]:
    """Return the live sessions of an account, the one used last first."""
    rows: list[Any] = await connection.fetch(_LIVE, account_id, now)
    return rows


async def see_agent(connection: Connection, account_id: UUID, agent: str, now: datetime) -> bool:
    """Note by what kind of client an account is used; True if others are known and this is new."""
    return await connection.fetchval(_SEE_AGENT, account_id, agent, now) is True


async def add_challenge(
    connection: Connection, challenge_hash: bytes, account_id: UUID, epoch: int, until: datetime
) -> None:
    """Store that a password was right and a second factor is awaited."""
    await connection.execute(_CHALLENGE, challenge_hash, account_id, epoch, until)


async def challenged(connection: Connection, challenge_hash: bytes, now: datetime) -> Any | None:
    """Return whose login a challenge is and the epoch it began in, if it is not over."""
    return await connection.fetchrow(_CHALLENGED, challenge_hash, now)


async def take_challenge(connection: Connection, challenge_hash: bytes, now: datetime) -> bool:
    """Finish a login; False if it is over."""
    return await connection.fetchval(_TAKE_CHALLENGE, challenge_hash, now) is not None


async def clear(connection: Connection, now: datetime, stale: datetime) -> None:
    """Delete what is over, and guesses of which the last was before an instant."""
    await connection.execute(_CLEAR, now, stale)
