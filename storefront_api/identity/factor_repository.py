"""The SQL of second factors, and of the guesses that are counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection

_BEGIN = """
INSERT INTO second_factors AS f (account_id, sealed_secret, begun_at) VALUES ($1, $2, $3)
ON CONFLICT (account_id) DO UPDATE
SET sealed_secret = EXCLUDED.sealed_secret, begun_at = EXCLUDED.begun_at, last_step = 0
WHERE f.confirmed_at IS NULL
RETURNING f.account_id
"""
_FIND = """
SELECT sealed_secret, begun_at, confirmed_at, last_step FROM second_factors WHERE account_id = $1
"""
_CONFIRM = """
UPDATE second_factors SET confirmed_at = $2, last_step = $3
WHERE account_id = $1 AND confirmed_at IS NULL RETURNING account_id
"""
_USE_STEP = """
UPDATE second_factors SET last_step = $2
WHERE account_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2 RETURNING account_id
"""
_REMOVE = "DELETE FROM second_factors WHERE account_id = $1"
_ADD_CODES = """
INSERT INTO recovery_codes (account_id, code_hash) SELECT $1, * FROM unnest($2::bytea[])
"""
_USE_CODE = """
UPDATE recovery_codes SET used_at = $3
WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING account_id
"""
_CODES_LEFT = "SELECT count(*) FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL"
# Free is a time long gone, not now: of requests at once, one may be counted after a later one.
_COUNT = """
INSERT INTO guesses AS g (kind, who, made, free_at, last_at) VALUES ($1, $2, 1, to_timestamp(0), $3)
ON CONFLICT (kind, who) DO UPDATE SET
    made = CASE WHEN g.last_at < $4 THEN 1 ELSE g.made + 1 END,
    free_at = CASE
        WHEN g.last_at < $4 OR g.made + 1 < $5 THEN to_timestamp(0)
        ELSE $3 + least($6::interval * power(2, least(g.made + 1 - $5, 30)), $7::interval)
    END,
    last_at = $3
WHERE g.free_at <= $3
RETURNING made
"""
_FREE_AT = "SELECT free_at FROM guesses WHERE kind = $1 AND who = $2"
_FORGET = "DELETE FROM guesses WHERE kind = $1 AND who = $2"


async def begin(connection: Connection, account_id: UUID, sealed: bytes, now: datetime) -> bool:
    """Begin the setup of a second factor, anew if one is pending; False if there is a factor."""
    return await connection.fetchval(_BEGIN, account_id, sealed, now) is not None


async def find(connection: Connection, account_id: UUID) -> Any | None:
    """Return the second factor of an account, confirmed or not."""
    return await connection.fetchrow(_FIND, account_id)


async def confirm(connection: Connection, account_id: UUID, now: datetime, step: int) -> bool:
    """Confirm a pending second factor by the code of a time step, which is used up by that."""
    return await connection.fetchval(_CONFIRM, account_id, now, step) is not None


async def use_step(connection: Connection, account_id: UUID, step: int) -> bool:
    """Use the code of a time step up; False if it, or a later one, was used."""
    return await connection.fetchval(_USE_STEP, account_id, step) is not None


async def remove(connection: Connection, account_id: UUID) -> None:
    """Remove a second factor with its recovery codes."""
    await connection.execute(_REMOVE, account_id)


async def add_codes(connection: Connection, account_id: UUID, hashes: Sequence[bytes]) -> None:
    """Store the hashes of recovery codes."""
    await connection.execute(_ADD_CODES, account_id, list(hashes))


async def use_code(
    connection: Connection, account_id: UUID, code_hash: bytes, now: datetime
) -> bool:
    """Use a recovery code up; False if there is none like it, or if it was used."""
    return await connection.fetchval(_USE_CODE, account_id, code_hash, now) is not None


async def codes_left(connection: Connection, account_id: UUID) -> int:
    """Return how many recovery codes an account has left."""
    return int(await connection.fetchval(_CODES_LEFT, account_id))


async def count_guess(
    connection: Connection,
    kind: str,
    who: str,
    now: datetime,
    *,
    stale: datetime,
    free: int,
    wait: timedelta,
    longest: timedelta,
) -> bool:
    """Count a guess before it is looked at; False if none may be made yet.

    Parameters
    ----------
    stale
        If the last guess was before this instant, counting begins anew.
    free
        Guesses that may follow each other at once.
    wait, longest
        What has to pass after the last of these; twice as long after each further one, up to the
        longest.
    """
    row = await connection.fetchval(_COUNT, kind, who, now, stale, free, wait, longest)
    return row is not None


async def free_at(connection: Connection, kind: str, who: str) -> datetime | None:
    """Return when the next guess may be made."""
    found: datetime | None = await connection.fetchval(_FREE_AT, kind, who)
    return found


async def forget_guesses(connection: Connection, kind: str, who: str) -> None:
    """Begin counting anew."""
    await connection.execute(_FORGET, kind, who)
