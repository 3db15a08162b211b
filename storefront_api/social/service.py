"""Reviews: written by who bought the thing, once for each line of an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from storefront_api.events.social import ReviewDeletedV1, ReviewEditedV1, ReviewPostedV1
from storefront_api.marketplace.trade import scorecard
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, InvalidError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services
from storefront_api.social import cursor, outgoing, rating, repository
from storefront_api.social.cursor import Sort
from storefront_api.social.repository import Review
from storefront_api.social.schemas import (
    OpinionIn,
    OwnReviewOut,
    OwnReviewPage,
    PriorOut,
    RatingOut,
    ReviewIn,
    ReviewOut,
    ReviewPage,
)

REJECTED_BEFORE = "rejected_before@1"
"""Held because a moderator did not want an earlier text of the same review."""


class AlreadyReviewedError(ConflictError):
    """The line has a review that says something else; it can be edited."""

    code = "already_reviewed"


def shown(review: Review) -> OwnReviewOut:
    """Return a review as its author sees it."""
    return OwnReviewOut(**{name: getattr(review, name) for name in OwnReviewOut.model_fields})


async def post(
    services: Services,
    request: Request,
    caller: Caller,
    wanted: ReviewIn,
    trace_id: str,
) -> Answer:
    """Review a line of the caller's order; the same review again is answered as the first.

    Raises
    ------
    NotFoundError
        If the caller has no such order with such a line.
    InvalidError
        If the line is of another product.
    AlreadyReviewedError
        If the line has another review.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        line = await repository.bought(
            connection, wanted.order_id, wanted.line_number, caller.subject
        )
        if line is None:
            raise NotFoundError("you have no order with such a line", field="body.order_id")
        if line["product_id"] != wanted.product_id:
            raise InvalidError(
                f"the line is of the product {line['product_id']}", field="body.line_number"
            )
        fresh = Review(
            review_id=new_id(),
            **{**wanted.model_dump(), **dict(line)},
            author=caller.subject,
            state="published",
            held_for=[],
            revision=1,
            helpful=0,
            posted_at=now,
            changed_at=now,
        )
        status, review = await _post(connection, fresh, now, trace_id)
        answer = Answer(status, shown(review).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def _post(
    connection: Connection, fresh: Review, now: datetime, trace_id: str
) -> tuple[int, Review]:
    judged = await _judged(connection, fresh, now)
    if await repository.insert(connection, judged):
        await count_change(connection, None, judged, now)
    else:
        there = await repository.of_line(connection, fresh.order_id, fresh.line_number)
        if there.state != "deleted":
            if _said(there) == _said(fresh):
                return 200, there
            raise AlreadyReviewedError(
                f"the line has the review {there.review_id}", field="body.line_number"
            )
        # It was deleted, and is written anew under its old id, to which its history belongs.
        identity, revision = there.review_id, there.revision + 1
        judged = await _judged(
            connection, replace(fresh, review_id=identity, revision=revision), now
        )
        await repository.save(connection, judged)
        await count_change(connection, there, judged, now)
    await enqueue(connection, [outgoing.written(ReviewPostedV1, judged, now, trace_id)])
    return 201, judged


def _said(review: Review) -> tuple[int, str, str]:
    return review.rating, review.title, review.body


async def _judged(connection: Connection, review: Review, now: datetime) -> Review:
    text = f"{review.title}\n{review.body}"
    broken = await repository.rules_broken(connection, text, now)
    if await repository.was_rejected(connection, review.review_id):
        broken.append(REJECTED_BEFORE)
    return replace(review, state="held" if broken else "published", held_for=broken)


async def count_change(
    connection: Connection, before: Review | None, after: Review, now: datetime
) -> None:
    """Bring what a product's ratings come to from one state of a review to the next.

    The vendor's scorecard is told of it, too.

    A review stays with the product that it was written for, but for one that is written anew.
    """
    changes: dict[str, Counter[int]] = {}
    for review, by in ((before, -1), (after, 1)):
        if review is not None and review.state == "published":
            changes.setdefault(review.product_id, Counter())[review.rating] += by
    for product_id, change in sorted(changes.items()):
        if any(change.values()):
            await repository.count(connection, product_id, change)
    gives = _given(after)
    if gives != (_given(before) if before else 0):
        identity, vendor_id, order_id = after.review_id, after.vendor_id, after.order_id
        await scorecard.rated(connection, identity, vendor_id, order_id, gives, now)


def _given(review: Review) -> int:
    return review.rating if review.state == "published" else 0


async def _own(connection: Connection, review_id: UUID, caller: Caller) -> Review:
    review = await repository.own(connection, review_id, caller.subject)
    if review is None:
        raise NotFoundError(f"you have no review {review_id}", field="path.review_id")
    return review


async def edit(
    services: Services, caller: Caller, review_id: UUID, wanted: OpinionIn, trace_id: str
) -> Review:
    """Change a review of the caller's; the rules look at it anew.

    Raises
    ------
    NotFoundError
        If it is somebody else's, or was deleted.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        before = await _own(connection, review_id, caller)
        if before.state == "deleted":
            raise NotFoundError("it was deleted", field="path.review_id")
        after = replace(before, **wanted.model_dump())
        if _said(after) == _said(before):
            return before
        after = replace(after, revision=before.revision + 1, changed_at=now)
        after = await _judged(connection, after, now)
        await repository.save(connection, after)
        await count_change(connection, before, after, now)
        await enqueue(connection, [outgoing.written(ReviewEditedV1, after, now, trace_id)])
    return after


async def delete(services: Services, caller: Caller, review_id: UUID, trace_id: str) -> None:
    """Delete a review of the caller's, its text and its votes; a deleted one stays so.

    Raises
    ------
    NotFoundError
        If it is somebody else's.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        before = await _own(connection, review_id, caller)
        if before.state == "deleted":
            return
        after = replace(
            before, state="deleted", title="", body="", held_for=[], helpful=0, changed_at=now
        )
        await repository.unvote_all(connection, review_id)
        await repository.save(connection, after)
        await count_change(connection, before, after, now)
        await enqueue(connection, [outgoing.written(ReviewDeletedV1, after, now, trace_id)])


async def page(
    services: Services, product_id: str, sort: Sort, stars: int, after: str, limit: int
) -> ReviewPage:
    """Return a page of the published reviews of a product.

    Raises
    ------
    InvalidError
        If the cursor is not of this list.
    """
    mark = cursor.read(after, sort)
    found = await repository.page(services.pool, product_id, sort, mark, stars, limit + 1)
    more, found = len(found) > limit, found[:limit]
    return ReviewPage(
        reviews=[
            ReviewOut(**{name: getattr(review, name) for name in ReviewOut.model_fields})
            for review in found
        ],
        next_cursor=cursor.write(repository.mark_of(found[-1], sort)) if more else "",
    )


async def mine(services: Services, caller: Caller, after: UUID | None, limit: int) -> OwnReviewPage:
    """Return a page of the caller's reviews, whatever their state."""
    found = await repository.mine(services.pool, caller.subject, after, limit + 1)
    more, found = len(found) > limit, found[:limit]
    return OwnReviewPage(
        reviews=[shown(review) for review in found],
        next_cursor=str(found[-1].review_id) if more else "",
    )


async def ratings(
    connection: Connection, product_ids: Sequence[str], now: datetime
) -> Mapping[str, RatingOut]:
    """Return what the ratings of each product come to, in one read; for lists of products too."""
    found = await repository.ratings(connection, product_ids, now)
    return {
        product_id: _rating(product_id, stars, prior)
        for product_id, (stars, prior) in found.items()
    }


def _rating(product_id: str, stars: list[int], prior: rating.Prior) -> RatingOut:
    mean = rating.mean(stars)
    return RatingOut(
        product_id=product_id,
        count=sum(stars),
        stars=stars,
        mean=None if mean is None else round(float(mean), 2),
        weighted=round(float(rating.weighted(stars, prior)), 2),
        prior=PriorOut(
            version=prior.version,
            weight=prior.weight,
            mean=float(prior.mean),
            source=prior.source,
        ),
    )
