"""The reviews' SQL. A review's row is locked before the counts that it goes into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection
from storefront_api.social.cursor import Mark, Sort
from storefront_api.social.rating import Prior


@dataclass(frozen=True)
class Review:
    """A review as it is stored."""

    review_id: UUID
    order_id: UUID
    line_number: int
    product_id: str
    sku: str
    vendor_id: str
    author: str
    rating: int
    title: str
    body: str
    state: str
    held_for: list[str]
    revision: int
    helpful: int
    posted_at: datetime
    changed_at: datetime


_NAMES = tuple(each.name for each in fields(Review))
_COLUMNS = ", ".join(_NAMES)
_VALUES = ", ".join(f"${number}" for number in range(1, len(_NAMES) + 1))
_BOUGHT = """
SELECT l.sku, p.product_id, p.vendor_id
FROM orders o JOIN order_lines l USING (order_id) JOIN products p USING (sku)
WHERE o.order_id = $1 AND o.subject = $2 AND l.line_number = $3 AND l.quantity > 0
"""
_BROKEN = """
SELECT rule_id || '@' || version AS rule FROM review_rules
WHERE $1 ~ pattern AND valid_from <= $2 AND (valid_to IS NULL OR valid_to > $2)
ORDER BY rule_id, version
"""
_REJECTED = """
SELECT EXISTS (SELECT FROM review_moderations WHERE review_id = $1 AND decision = 'rejected')
"""
# A review that its author deleted may be written anew; it keeps its id, and so its history.
_INSERT = f"""
INSERT INTO reviews ({_COLUMNS}) VALUES ({_VALUES})
ON CONFLICT (order_id, line_number) DO NOTHING RETURNING review_id
"""
_OF_LINE = f"SELECT {_COLUMNS} FROM reviews WHERE order_id = $1 AND line_number = $2 FOR UPDATE"
_OWN = f"SELECT {_COLUMNS} FROM reviews WHERE review_id = $1 AND author = $2 FOR UPDATE"
_ANY = f"SELECT {_COLUMNS} FROM reviews WHERE review_id = $1 FOR UPDATE"
_SAVE = f"UPDATE reviews SET ({_COLUMNS}) = ({_VALUES}) WHERE review_id = $1"
_OPEN_COUNT = "INSERT INTO product_ratings (product_id) VALUES ($1) ON CONFLICT DO NOTHING"
_COUNT = f"""
UPDATE product_ratings SET {", ".join(f"stars_{n} = stars_{n} + ${n + 1}" for n in range(1, 6))}
WHERE product_id = $1
"""
PRIOR = """(
    SELECT * FROM rating_priors WHERE valid_from <= {at}
    ORDER BY valid_from DESC, version DESC LIMIT 1
)"""
"""The prior in force at an instant."""
WEIGHTED = (
    f"(p.total + coalesce({' + '.join(f'{n} * r.stars_{n}' for n in range(1, 6))}, 0))::float8"
    f" / (p.weight + coalesce({' + '.join(f'r.stars_{n}' for n in range(1, 6))}, 0))"
)
"""The Bayesian average in stars, of a prior `p` and a row `r` of `product_ratings`, if any."""
_RATINGS = f"""
SELECT w.product_id, p.*, r.stars_1, r.stars_2, r.stars_3, r.stars_4, r.stars_5
FROM unnest($1::text[]) AS w (product_id)
CROSS JOIN {PRIOR.format(at="$2")} p
LEFT JOIN product_ratings r USING (product_id)
"""
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_ORDERS = {
    Sort.NEWEST: ("posted_at", "<", "DESC", "'infinity'::timestamptz", _LAST),
    Sort.HELPFUL: ("helpful", "<", "DESC", "9223372036854775807", _LAST),
    Sort.HIGHEST: ("rating", "<", "DESC", "9223372036854775807", _LAST),
    Sort.LOWEST: ("rating", ">", "ASC", "0::bigint", _FIRST),
}
# Where there is no mark a bound takes its place, so that each page is one range of an index.
_PAGES = {
    sort: f"""
SELECT {_COLUMNS} FROM reviews
WHERE product_id = $1 AND state = 'published' AND ($4 = 0 OR rating = $4)
AND ({key}, review_id) {beyond} (coalesce($2, {bound}), coalesce($3, '{identity}'::uuid))
ORDER BY {key} {way}, review_id {way} LIMIT $5
"""
    for sort, (key, beyond, way, bound, identity) in _ORDERS.items()
}
_MINE = f"""
SELECT {_COLUMNS} FROM reviews
WHERE author = $1 AND state <> 'deleted' AND review_id < coalesce($2, '{_LAST}'::uuid)
ORDER BY review_id DESC LIMIT $3
"""
_HELD = f"""
SELECT {_COLUMNS} FROM reviews
WHERE state = 'held' AND (changed_at, review_id)
    > (coalesce($1, '-infinity'::timestamptz), coalesce($2, '{_FIRST}'::uuid))
ORDER BY changed_at, review_id LIMIT $3
"""
_BUYER = """
SELECT o.contact_email, p.name
FROM reviews r JOIN orders o USING (order_id) JOIN products p USING (sku) WHERE r.review_id = $1
"""
_DECIDE = "INSERT INTO review_moderations VALUES ($1, $2, $3, $4, $5, $6, $7)"
_VOTE = "INSERT INTO review_votes VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true"
_UNVOTE = "DELETE FROM review_votes WHERE review_id = $1 AND voter = $2 RETURNING true"
_UNVOTE_ALL = "DELETE FROM review_votes WHERE review_id = $1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _review(row: Any) -> Review | None:
    return None if row is None else Review(**dict(row))


def _reviews(rows: Sequence[Any]) -> list[Review]:
    return [Review(**dict(row)) for row in rows]


def _values(review: Review) -> list[object]:
    return [getattr(review, name) for name in _NAMES]


async def bought(
    connection: Connection, order_id: UUID, line_number: int, subject: str
) -> Any | None:
    """Return sku, product and vendor of a line of somebody's own order; None if there is none."""
    return await connection.fetchrow(_BOUGHT, order_id, subject, line_number)


async def rules_broken(connection: Connection, text: str, now: datetime) -> list[str]:
    """Return the rules in force that a text breaks, each with its version."""
    return [row["rule"] for row in await connection.fetch(_BROKEN, text, now)]


async def was_rejected(connection: Connection, review_id: UUID) -> bool:
    """Return whether a moderator ever rejected a text of a review."""
    return bool(await connection.fetchval(_REJECTED, review_id))


async def insert(connection: Connection, review: Review) -> bool:
    """Insert a review; False if its line has one already."""
    return await connection.fetchval(_INSERT, *_values(review)) is not None


async def of_line(connection: Connection, order_id: UUID, line_number: int) -> Review:
    """Return the review of a line that has one, locked."""
    return Review(**dict(await connection.fetchrow(_OF_LINE, order_id, line_number)))


async def own(connection: Connection, review_id: UUID, author: str) -> Review | None:
    """Return a review if it is the author's, locked."""
    return _review(await connection.fetchrow(_OWN, review_id, author))


async def anybodys(connection: Connection, review_id: UUID) -> Review | None:
    """Return a review, locked."""
    return _review(await connection.fetchrow(_ANY, review_id))


async def buyer(connection: Connection, review_id: UUID) -> Any | None:
    """Return the address that was left with a review's order, and the name of what it is of."""
    return await connection.fetchrow(_BUYER, review_id)


async def save(connection: Connection, review: Review) -> None:
    """Store a review that was locked."""
    await connection.execute(_SAVE, *_values(review))


async def count(connection: Connection, product_id: str, change: Mapping[int, int]) -> None:
    """Change how many published ratings of each number of stars a product has."""
    await connection.execute(_OPEN_COUNT, product_id)
    await connection.execute(_COUNT, product_id, *(change.get(n, 0) for n in range(1, 6)))


async def ratings(
    connection: Connection, product_ids: Sequence[str], now: datetime
) -> dict[str, tuple[list[int], Prior]]:
    """Return the counts of each number of stars, and the prior in force, by product.

    One read of two primary keys a product, and of one row of the priors.
    """
    rows = await connection.fetch(_RATINGS, list(product_ids), now)
    names = [each.name for each in fields(Prior)]
    return {
        row["product_id"]: (
            [row[f"stars_{number}"] or 0 for number in range(1, 6)],
            Prior(**{name: row[name] for name in names}),
        )
        for row in rows
    }


def mark_of(review: Review, sort: Sort) -> Mark:
    """Return the place of a review in an order."""
    at: Any = getattr(review, _ORDERS[sort][0])
    key = (at - _EPOCH) // timedelta(microseconds=1) if sort is Sort.NEWEST else at
    return Mark(sort=sort, key=key, review_id=review.review_id)


async def page(
    connection: Connection, product_id: str, sort: Sort, after: Mark | None, stars: int, most: int
) -> list[Review]:
    """Return the published reviews of a product that follow a mark; of all stars for 0."""
    key: Any = after and after.key
    if after and sort is Sort.NEWEST:
        key = _EPOCH + timedelta(microseconds=after.key)
    at = after and after.review_id
    return _reviews(await connection.fetch(_PAGES[sort], product_id, key, at, stars, most))


async def mine(connection: Connection, author: str, after: UUID | None, most: int) -> list[Review]:
    """Return the reviews of an author, newest first, that follow one."""
    return _reviews(await connection.fetch(_MINE, author, after, most))


async def held(connection: Connection, after: Mark | None, most: int) -> list[Review]:
    """Return reviews that wait for a moderator, longest first, that follow a mark."""
    at = _EPOCH + timedelta(microseconds=after.key) if after else None
    return _reviews(await connection.fetch(_HELD, at, after and after.review_id, most))


def held_mark(review: Review) -> Mark:
    """Return the place of a review among those that wait."""
    key = (review.changed_at - _EPOCH) // timedelta(microseconds=1)
    return Mark(sort=Sort.NEWEST, key=key, review_id=review.review_id)


async def decide(
    connection: Connection,
    moderation_id: UUID,
    review: Review,
    decision: str,
    reason: str,
    moderator: str,
    now: datetime,
) -> None:
    """Write down a moderator's decision."""
    identity, revision = review.review_id, review.revision
    values = (moderation_id, identity, revision, decision, reason, moderator, now)
    await connection.execute(_DECIDE, *values)


async def vote(connection: Connection, review_id: UUID, voter: str, now: datetime) -> bool:
    """Insert a vote; False if there is one."""
    return await connection.fetchval(_VOTE, review_id, voter, now) is True


async def unvote(connection: Connection, review_id: UUID, voter: str) -> bool:
    """Delete a vote; False if there is none."""
    return await connection.fetchval(_UNVOTE, review_id, voter) is True


async def unvote_all(connection: Connection, review_id: UUID) -> None:
    """Delete every vote for a review."""
    await connection.execute(_UNVOTE_ALL, review_id)
