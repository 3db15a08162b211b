"""Stripe's contract: one key answers one request, always the same; another request is refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storefront_api.platform import metrics
from storefront_api.platform.database import Connection
from storefront_api.platform.errors import KeyInFlightError, KeyReusedError

KEPT_FOR = timedelta(hours=24)
"""How long an answer is kept; Stripe's: https://docs.stripe.com/api/idempotent_requests."""
PURGED_AT_ONCE = 1_000
_CLAIM = """
INSERT INTO idempotency_keys (caller, key, request_sha256)
SELECT $1, $2, $3 WHERE pg_try_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 0))
ON CONFLICT DO NOTHING RETURNING key
"""
_FIND = "SELECT request_sha256, status, body FROM idempotency_keys WHERE caller = $1 AND key = $2"
_KEEP = "UPDATE idempotency_keys SET status = $3, body = $4 WHERE caller = $1 AND key = $2"

_PURGE = """
WITH old AS (
    SELECT caller, key FROM idempotency_keys WHERE created_at < $1
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM idempotency_keys k USING old
    WHERE k.caller = old.caller AND k.key = old.key RETURNING 1
)
SELECT count(*) FROM gone
"""


@dataclass(frozen=True)
class Request:
    """One request under an idempotency key.

    Parameters
    ----------
    caller
        Whose key it is; keys of different callers never meet.
    key
        The key.
    body
        Path and body as they came.
    """

    caller: str
    key: str
    body: bytes

    @property
    def sha256(self) -> bytes:
        """Digest that tells whether a second request is the same."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True)
class Answer:
    """A stored answer."""

    status: int
    body: str


async def find(connection: Connection, request: Request) -> Answer | None:
    """Return the answer that was given under the request's key, if one was.

    Raises
    ------
    KeyReusedError
        If it was given to another request.
    """
    row = await connection.fetchrow(_FIND, request.caller, request.key)
    if row is None or row["status"] is None:
        return None
    if row["request_sha256"] != request.sha256:
        raise KeyReusedError(
            "this key was used for another request; use a new key", field="header.Idempotency-Key"
        )
    return Answer(row["status"], row["body"])


async def claim(connection: Connection, request: Request) -> Answer | None:
    """Take the request's key for this transaction, or return the answer it already has.

    Raises
    ------
    KeyReusedError
        If the key was used for another request.
    KeyInFlightError
        If a request with the same key is under way.
    """
    if await connection.fetchval(_CLAIM, request.caller, request.key, request.sha256):
        return None
    given = await find(connection, request)
    if given is None:
        raise KeyInFlightError(
            "a request with this key is under way; send it again later",
            field="header.Idempotency-Key",
        )
    return given


async def keep(connection: Connection, request: Request, answer: Answer) -> None:
    """Store the answer of a claimed key."""
    await connection.execute(_KEEP, request.caller, request.key, answer.status, answer.body)


async def purge(pool: Any, now: datetime) -> int:
    """Forget the oldest of the keys that are older than `KEPT_FOR`, and return how many.

    A batch is bounded, so that it holds no lock and no snapshot for long.
    """
    purged = await pool.fetchval(_PURGE, now - KEPT_FOR, PURGED_AT_ONCE)
    metrics.PURGED.inc(purged)
    return int(purged)
