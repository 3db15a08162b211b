"""The SQL of followed vendors. Who is new in the list is counted by the same statement."""

from __future__ import annotations

from datetime import datetime

from storefront_api.platform.database import Connection

_EXISTS = "SELECT EXISTS (SELECT FROM products WHERE vendor_id = $1)"
_FOLLOW = """
WITH new AS (
    INSERT INTO vendor_follows (vendor_id, follower, followed_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING RETURNING vendor_id
)
INSERT INTO vendor_followers SELECT vendor_id, 1 FROM new
ON CONFLICT (vendor_id) DO UPDATE SET followers = vendor_followers.followers + 1
RETURNING followers
"""
_UNFOLLOW = """
WITH gone AS (
    DELETE FROM vendor_follows WHERE vendor_id = $1 AND follower = $2 RETURNING vendor_id
)
UPDATE vendor_followers SET followers = followers - 1 FROM gone
WHERE vendor_followers.vendor_id = gone.vendor_id RETURNING followers
"""
_FOLLOWERS = "SELECT followers FROM vendor_followers WHERE vendor_id = $1"
_FOLLOWED = """
SELECT vendor_id FROM vendor_follows WHERE follower = $1 AND vendor_id > $2
ORDER BY vendor_id LIMIT $3
"""


async def is_vendor(connection: Connection, vendor_id: str) -> bool:
    """Return whether anything in the catalogue is a vendor's."""
    return bool(await connection.fetchval(_EXISTS, vendor_id))


async def follow(
    connection: Connection, vendor_id: str, follower: str, now: datetime
) -> int | None:
    """Return how many follow a vendor with one more; None if the follower did so already."""
    followers: int | None = await connection.fetchval(_FOLLOW, vendor_id, follower, now)
    return followers


async def unfollow(connection: Connection, vendor_id: str, follower: str) -> int | None:
    """Return how many follow a vendor with one less; None if the follower did not."""
    followers: int | None = await connection.fetchval(_UNFOLLOW, vendor_id, follower)
    return followers


async def followers(connection: Connection, vendor_id: str) -> int:
    """Return how many follow a vendor."""
    return await connection.fetchval(_FOLLOWERS, vendor_id) or 0


async def followed(connection: Connection, follower: str, after: str, most: int) -> list[str]:
    """Return the vendors that somebody follows, after one, in order of their ids."""
    return [row["vendor_id"] for row in await connection.fetch(_FOLLOWED, follower, after, most)]
