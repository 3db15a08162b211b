"""Reviews, ratings and followed vendors over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from storefront_api.platform.auth import Moderator, Shopper, public
from storefront_api.platform.errors import BODY, problems
from storefront_api.platform.requests import Keyed
from storefront_api.platform.tracing import TraceId
from storefront_api.services import Injected
from storefront_api.social import following, moderation, service
from storefront_api.social.cursor import Sort
from storefront_api.social.schemas import (
    DecisionIn,
    FollowedOut,
    FollowersOut,
    HelpfulOut,
    OpinionIn,
    OwnReviewOut,
    OwnReviewPage,
    RatingOut,
    ReviewIn,
    ReviewPage,
)

router = APIRouter(tags=["social"])

_NO_NUL = r"^[^\x00]+$"
ProductId = Annotated[str, Path(max_length=64, pattern=_NO_NUL)]
VendorId = Annotated[str, Path(max_length=64, pattern=_NO_NUL)]
After = Annotated[str, Query(max_length=400, description="A page's `next_cursor`.")]
Limit = Annotated[int, Query(ge=1, le=100)]


@router.post(
    "/reviews",
    status_code=201,
    response_model=OwnReviewOut,
    responses=problems(401, 403, 404, 409, *BODY, 503),
)
async def post(
    services: Injected,
    caller: Shopper,
    wanted: ReviewIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Review what the caller bought; published at once unless a rule holds it."""
    answer = await service.post(services, request, caller, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get(
    "/products/{product_id}/reviews", dependencies=[Depends(public)], responses=problems(422, 503)
)
async def page(
    services: Injected,
    product_id: ProductId,
    sort: Sort = Sort.NEWEST,
    stars: Annotated[int, Query(ge=0, le=5, description="Only these; 0 for all.")] = 0,
    after: After = "",
    limit: Limit = 20,
) -> ReviewPage:
    """Read a product's reviews."""
    return await service.page(services, product_id, sort, stars, after, limit)


@router.get(
    "/products/{product_id}/rating", dependencies=[Depends(public)], responses=problems(422, 503)
)
async def rating(services: Injected, product_id: ProductId) -> RatingOut:
    """Read what a product's ratings come to; without any it is the prior."""
    return (await service.ratings(services.pool, [product_id], services.clock()))[product_id]


@router.get("/account/reviews", responses=problems(401, 403, 422, 503))
async def mine(
    services: Injected, caller: Shopper, after: UUID | None = None, limit: Limit = 20
) -> OwnReviewPage:
    """Read the caller's reviews, those too that nobody else sees."""
    return await service.mine(services, caller, after, limit)


@router.put("/reviews/{review_id}", responses=problems(401, 403, 404, *BODY, 503))
async def edit(
    services: Injected, caller: Shopper, review_id: UUID, wanted: OpinionIn, trace_id: TraceId
) -> OwnReviewOut:
    """Change a review of the caller's."""
    return service.shown(await service.edit(services, caller, review_id, wanted, trace_id))


@router.delete("/reviews/{review_id}", status_code=204, responses=problems(401, 403, 404, 422, 503))
async def delete(services: Injected, caller: Shopper, review_id: UUID, trace_id: TraceId) -> None:
    """Delete a review of the caller's, with its text and its votes."""
    await service.delete(services, caller, review_id, trace_id)


@router.put("/reviews/{review_id}/helpful", responses=problems(401, 403, 404, 409, 422, 503))
async def vote(
    services: Injected, caller: Shopper, review_id: UUID, trace_id: TraceId
) -> HelpfulOut:
    """Find a review helpful; each person counts once."""
    review = await moderation.vote(services, caller, review_id, True, trace_id)
    return HelpfulOut(review_id=review_id, helpful=review.helpful)


@router.delete("/reviews/{review_id}/helpful", responses=problems(401, 403, 404, 409, 422, 503))
async def unvote(
    services: Injected, caller: Shopper, review_id: UUID, trace_id: TraceId
) -> HelpfulOut:
    """Take the vote back."""
    review = await moderation.vote(services, caller, review_id, False, trace_id)
    return HelpfulOut(review_id=review_id, helpful=review.helpful)


@router.get("/held-reviews", responses=problems(401, 403, 422, 503))
async def held(
    services: Injected, _: Moderator, after: After = "", limit: Limit = 50
) -> OwnReviewPage:
    """Read the reviews that wait for a moderator."""
    return await moderation.held(services, after, limit)


@router.post(
    "/reviews/{review_id}/moderations",
    status_code=201,
    response_model=OwnReviewOut,
    responses=problems(401, 403, 404, 409, *BODY, 503),
)
async def decide(
    services: Injected,
    caller: Moderator,
    review_id: UUID,
    wanted: DecisionIn,
    request: Keyed,
    trace_id: TraceId,
) -> Response:
    """Publish or reject a review; who did so and why is kept."""
    answer = await moderation.decide(services, request, caller, review_id, wanted, trace_id)
    return Response(answer.body, answer.status, media_type="application/json")


@router.put("/vendors/{vendor_id}/follow", responses=problems(401, 403, 404, 422, 503))
async def follow(
    services: Injected, caller: Shopper, vendor_id: VendorId, trace_id: TraceId
) -> FollowersOut:
    """Follow a vendor."""
    return await following.follow(services, caller, vendor_id, True, trace_id)


@router.delete("/vendors/{vendor_id}/follow", responses=problems(401, 403, 422, 503))
async def unfollow(
    services: Injected, caller: Shopper, vendor_id: VendorId, trace_id: TraceId
) -> FollowersOut:
    """Follow a vendor no more."""
    return await following.follow(services, caller, vendor_id, False, trace_id)


@router.get(
    "/vendors/{vendor_id}/followers", dependencies=[Depends(public)], responses=problems(422, 503)
)
async def followers(services: Injected, vendor_id: VendorId) -> FollowersOut:
    """Read how many people follow a vendor."""
    return await following.followers(services, vendor_id)


@router.get("/follows", responses=problems(401, 403, 422, 503))
async def followed(
    services: Injected,
    caller: Shopper,
    after: Annotated[str, Query(max_length=64, pattern=r"^[^\x00]*$")] = "",
    limit: Limit = 100,
) -> FollowedOut:
    """Read the vendors that the caller follows."""
    return await following.followed(services, caller, after, limit)
