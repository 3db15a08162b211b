"""Vendors that people follow."""

from __future__ import annotations

from storefront_api.platform.auth import Caller
from storefront_api.platform.database import transaction
from storefront_api.platform.errors import NotFoundError
from storefront_api.platform.outbox import enqueue
from storefront_api.services import Services
from storefront_api.social import following_repository as repository
from storefront_api.social import outgoing
from storefront_api.social.schemas import FollowedOut, FollowersOut


async def follow(
    services: Services, caller: Caller, vendor_id: str, follows: bool, trace_id: str
) -> FollowersOut:
    """Follow a vendor, or do so no more; twice is the same as once.

    Raises
    ------
    NotFoundError
        If nothing in the catalogue is the vendor's.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        if follows and not await repository.is_vendor(connection, vendor_id):
            raise NotFoundError(f"there is no vendor {vendor_id!r}", field="path.vendor_id")
        followers = (
            await repository.follow(connection, vendor_id, caller.subject, now)
            if follows
            else await repository.unfollow(connection, vendor_id, caller.subject)
        )
        if followers is None:
            followers = await repository.followers(connection, vendor_id)
        else:
            event = outgoing.followed(vendor_id, caller.subject, follows, followers, now, trace_id)
            await enqueue(connection, [event])
    return FollowersOut(vendor_id=vendor_id, followers=followers)


async def followers(services: Services, vendor_id: str) -> FollowersOut:
    """Return how many people follow a vendor; none follow one that does not exist."""
    count = await repository.followers(services.pool, vendor_id)
    return FollowersOut(vendor_id=vendor_id, followers=count)


async def followed(services: Services, caller: Caller, after: str, limit: int) -> FollowedOut:
    """Return a page of the vendors that the caller follows."""
    found = await repository.followed(services.pool, caller.subject, after, limit + 1)
    more, found = len(found) > limit, found[:limit]
    return FollowedOut(vendor_ids=found, next_cursor=found[-1] if more else "")
