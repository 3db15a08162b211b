"""The events of reviews and follows, each with its topic and key."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from storefront_api.events import Event, Topic
from storefront_api.events.social import (
    FollowV1,
    ModerationV1,
    ReviewDeletedV1,
    ReviewEditedV1,
    ReviewModeratedV1,
    ReviewPostedV1,
    ReviewV1,
    ReviewVotedV1,
    State,
    VendorFollowedV1,
    VendorUnfollowedV1,
    VoteV1,
)
from storefront_api.platform.outbox import new_id
from storefront_api.social.repository import Review

Sent = tuple[Topic, str, Event]
Happened = type[ReviewPostedV1] | type[ReviewEditedV1] | type[ReviewDeletedV1]


def _envelope(subject: str, now: datetime, trace_id: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "occurred_at": now,
        "received_at": now,
        "subject": subject,
        "trace_id": trace_id,
    }


def written(happened: Happened, review: Review, now: datetime, trace_id: str) -> Sent:
    """Tell what an author did with a review."""
    data = ReviewV1(
        review_id=review.review_id,
        order_id=review.order_id,
        line_number=review.line_number,
        product_id=review.product_id,
        sku=review.sku,
        vendor_id=review.vendor_id,
        rating=review.rating,
        characters=len(review.body),
        state=cast(State, review.state),
        held_for=review.held_for,
        revision=review.revision,
    )
    event = happened(**_envelope(review.author, now, trace_id), data=data)
    return Topic.SOCIAL, str(review.review_id), event


def moderated(
    review: Review,
    moderation_id: UUID,
    decision: Literal["published", "rejected"],
    was: str,
    now: datetime,
    trace_id: str,
) -> Sent:
    """Tell what a moderator decided; about whose review it was, not by whom."""
    data = ModerationV1(
        moderation_id=moderation_id,
        review_id=review.review_id,
        product_id=review.product_id,
        rating=review.rating,
        decision=decision,
        was=cast(State, was),
        revision=review.revision,
    )
    event = ReviewModeratedV1(**_envelope(review.author, now, trace_id), data=data)
    return Topic.SOCIAL, str(review.review_id), event


def voted(review: Review, voter: str, helpful: bool, now: datetime, trace_id: str) -> Sent:
    """Tell what somebody thinks of a review."""
    data = VoteV1(
        review_id=review.review_id,
        product_id=review.product_id,
        helpful=helpful,
        votes=review.helpful,
    )
    event = ReviewVotedV1(**_envelope(voter, now, trace_id), data=data)
    return Topic.SOCIAL, str(review.review_id), event


def followed(
    vendor_id: str, follower: str, follows: bool, followers: int, now: datetime, trace_id: str
) -> Sent:
    """Tell that somebody follows a vendor, or does so no more."""
    happened = VendorFollowedV1 if follows else VendorUnfollowedV1
    data = FollowV1(vendor_id=vendor_id, followers=followers)
    event = happened(**_envelope(follower, now, trace_id), data=data)
    return Topic.SOCIAL, vendor_id, event
