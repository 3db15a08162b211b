"""What moderators decide about reviews, and what readers think of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from storefront_api.notifications import service as notifications
from storefront_api.platform import idempotency
from storefront_api.platform.auth import Caller
from storefront_api.platform.database import Connection, transaction
from storefront_api.platform.errors import ConflictError, NotFoundError
from storefront_api.platform.idempotency import Answer, Request
from storefront_api.platform.outbox import enqueue, new_id
from storefront_api.services import Services
from storefront_api.social import cursor, outgoing, repository
from storefront_api.social.cursor import Sort
from storefront_api.social.repository import Review
from storefront_api.social.schemas import DecisionIn, OwnReviewPage
from storefront_api.social.service import count_change, shown


class TextChangedError(ConflictError):
    """The review says something else now than what was read."""

    code = "text_changed"


class OwnReviewError(ConflictError):
    """Nobody votes for their own review."""

    code = "own_review"


async def held(services: Services, after: str, limit: int) -> OwnReviewPage:
    """Return a page of the reviews that wait for a moderator, longest first.

    Raises
    ------
    InvalidError
        If the cursor is not of this list.
    """
    mark = cursor.read(after, Sort.NEWEST)
    found = await repository.held(services.pool, mark, limit + 1)
    more, found = len(found) > limit, found[:limit]
    return OwnReviewPage(
        reviews=[shown(review) for review in found],
        next_cursor=cursor.write(repository.held_mark(found[-1])) if more else "",
    )


async def decide(
    services: Services,
    request: Request,
    caller: Caller,
    review_id: UUID,
    wanted: DecisionIn,
    trace_id: str,
) -> Answer:
    """Publish or reject a review, whatever it was before, and write down who did so and why.

    Raises
    ------
    NotFoundError
        If there is none, or its author deleted it.
    TextChangedError
        If its text is not the one that was read.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        given = await idempotency.claim(connection, request)
        if given is not None:
            return given
        before = await _living(connection, review_id)
        if before.revision != wanted.revision:
            raise TextChangedError(f"it is at revision {before.revision}", field="body.revision")
        after = replace(before, state=wanted.decision, held_for=[])
        moderation_id = new_id()
        await repository.decide(
            connection, moderation_id, before, wanted.decision, wanted.reason, caller.name, now
        )
        await repository.save(connection, after)
        await count_change(connection, before, after, now)
        if before.state != "published" == after.state:
            await _mail(services, connection, after, now)
        event = outgoing.moderated(
            after, moderation_id, wanted.decision, before.state, now, trace_id
        )
        await enqueue(connection, [event])
        answer = Answer(201, shown(after).model_dump_json())
        await idempotency.keep(connection, request, answer)
    return answer


async def _mail(services: Services, connection: Connection, review: Review, now: datetime) -> None:
    """Tell the author, who was not shown it at once, where an address was left with the order."""
    buyer = await repository.buyer(connection, review.review_id)
    if buyer is None or not buyer["contact_email"]:
        return
    store_url = services.settings.storefront_url.rstrip("/")
    await notifications.request(
        connection,
        cause=f"review_published/{review.review_id}/{review.revision}",
        recipient=buyer["contact_email"],
        template="review_published",
        parameters={"name": buyer["name"], "url": f"{store_url}/products/{review.product_id}"},
        now=now,
        subject=review.author,
    )


async def _living(connection: Connection, review_id: UUID) -> Review:
    review = await repository.anybodys(connection, review_id)
    if review is None or review.state == "deleted":
        raise NotFoundError(f"there is no review {review_id}", field="path.review_id")
    return review


async def vote(
    services: Services, caller: Caller, review_id: UUID, helpful: bool, trace_id: str
) -> Review:
    """Count the caller's vote for a published review once, or take it back.

    Raises
    ------
    NotFoundError
        If there is none that everybody may read.
    OwnReviewError
        If it is the caller's own.
    """
    now = services.clock()
    async with transaction(services.pool) as connection:
        review = await _living(connection, review_id)
        if review.author == caller.subject:
            raise OwnReviewError("it is your own", field="path.review_id")
        if review.state != "published":
            raise NotFoundError(f"there is no review {review_id}", field="path.review_id")
        changed = (
            await repository.vote(connection, review_id, caller.subject, now)
            if helpful
            else await repository.unvote(connection, review_id, caller.subject)
        )
        if not changed:
            return review
        after = replace(review, helpful=review.helpful + (1 if helpful else -1))
        await repository.save(connection, after)
        event = outgoing.voted(after, caller.subject, helpful, now, trace_id)
        await enqueue(connection, [event])
    return after
