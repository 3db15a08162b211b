"""The notifications' SQL. The row of a message is its place in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from storefront_api.platform.database import Connection

Step = Literal[
    "started", "handed_over", "accepted", "deferred", "refused", "interrupted", "unknown"
]
EVERY_CATEGORY = "*"
"""In place of a category: all that may be refused."""

_INSERT = """
INSERT INTO notifications
    (notification_id, cause, recipient, template, parameters, subject, requested_at, due_at)
SELECT *, $7::timestamptz, $7
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[])
ON CONFLICT (cause) DO NOTHING RETURNING notification_id
"""
_CLAIM = """
UPDATE notifications SET state = 'sending', attempts = attempts + 1, handed_over = false,
    due_at = $2
WHERE notification_id = (
    SELECT notification_id FROM notifications
    WHERE state IN ('queued', 'sending') AND due_at <= $1
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING notification_id, cause, recipient, template, parameters, new.subject AS subject,
    requested_at, new.attempts AS attempt, old.state = 'sending' AS was_sending,
    old.handed_over AS was_handed_over
"""
_MINE = "WHERE notification_id = $1 AND state = 'sending' AND attempts = $2"
_HAND_OVER = f"UPDATE notifications SET handed_over = true {_MINE} RETURNING true"
_AGAIN = f"""
UPDATE notifications SET state = 'queued', handed_over = false, due_at = $3 {_MINE} RETURNING true
"""
# What was said is not needed any more, and may hold links that open an account.
_SENT = f"UPDATE notifications SET state = 'sent', parameters = '{{}}' {_MINE} RETURNING true"
_FAILED = f"""
UPDATE notifications SET state = 'failed', failure = $3, parameters = '{{}}', handed_over = false
{_MINE} RETURNING true
"""
_STEP = "INSERT INTO notification_steps VALUES ($1, $2, $3, $4, $5)"
_UNSENT = """
SELECT count(*) AS messages, min(due_at) AS oldest
FROM notifications WHERE state IN ('queued', 'sending') AND due_at <= $1
"""
_SUPPRESS = "INSERT INTO suppressions VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true"
_LIFT = "DELETE FROM suppressions WHERE recipient = $1 AND category = $2 RETURNING true"
_SUPPRESSED = """
SELECT EXISTS (SELECT FROM suppressions WHERE recipient = $1 AND category = ANY($2::text[]))
"""


@dataclass(frozen=True)
class Queued:
    """A message to insert."""

    notification_id: UUID
    cause: str
    recipient: str
    template: str
    parameters: dict[str, Any]
    subject: str


@dataclass(frozen=True)
class Claimed:
    """A message that this attempt, and no other, may send.

    Parameters
    ----------
    attempt
        Its number, from 1.
    was_sending
        Whether the attempt before did not come to an end.
    was_handed_over
        Whether that attempt may have succeeded nevertheless.
    """

    notification_id: UUID
    cause: str
    recipient: str
    template: str
    parameters: dict[str, Any]
    subject: str
    requested_at: datetime
    attempt: int
    was_sending: bool
    was_handed_over: bool


async def insert(connection: Connection, messages: Sequence[Queued], now: datetime) -> set[UUID]:
    """Insert queued messages, due at once, and return the ids of those that are new."""
    columns = [
        [getattr(message, name) for message in messages] for name in Queued.__dataclass_fields__
    ]
    rows = await connection.fetch(_INSERT, *columns, now)
    return {row["notification_id"] for row in rows}


async def claim(connection: Connection, now: datetime, until: datetime) -> Claimed | None:
    """Take the message that is due longest, for this attempt alone until an instant."""
    row = await connection.fetchrow(_CLAIM, now, until)
    return None if row is None else Claimed(**dict(row))


async def hand_over(connection: Connection, message: Claimed) -> bool:
    """Note that from now on it may have been sent; False if the attempt is not ours any more."""
    return await connection.fetchval(_HAND_OVER, message.notification_id, message.attempt) is True


async def again(connection: Connection, message: Claimed, due_at: datetime) -> bool:
    """Put a message back into the queue; False if the attempt is not ours any more."""
    values = (message.notification_id, message.attempt, due_at)
    return await connection.fetchval(_AGAIN, *values) is True


async def sent(connection: Connection, message: Claimed) -> bool:
    """Note that a message was sent; False if the attempt is not ours any more."""
    return await connection.fetchval(_SENT, message.notification_id, message.attempt) is True


async def failed(connection: Connection, message: Claimed, failure: str) -> bool:
    """Give a message up; False if the attempt is not ours any more."""
    values = (message.notification_id, message.attempt, failure)
    return await connection.fetchval(_FAILED, *values) is True


async def step(
    connection: Connection,
    notification_id: UUID,
    attempt: int,
    taken: Step,
    now: datetime,
    detail: str = "",
) -> None:
    """Write down a step of an attempt."""
    await connection.execute(_STEP, notification_id, attempt, taken, detail, now)


async def unsent(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """Return how many messages are due, and since when the first of them is."""
    row = await connection.fetchrow(_UNSENT, now)
    return row["messages"], row["oldest"]


async def suppress(
    connection: Connection, recipient: str, category: str, reason: str, now: datetime
) -> bool:
    """Note that somebody gets no such messages any more; False if that is noted already."""
    return await connection.fetchval(_SUPPRESS, recipient, category, reason, now) is True


async def lift(connection: Connection, recipient: str, category: str) -> bool:
    """Forget such a note; False if there is none."""
    return await connection.fetchval(_LIFT, recipient, category) is True


async def suppressed(connection: Connection, recipient: str, category: str) -> bool:
    """Return whether somebody gets no messages of a category."""
    wanted = [category, EVERY_CATEGORY]
    return bool(await connection.fetchval(_SUPPRESSED, recipient, wanted))
