"""What reviews and followers publish: never a text, only what it came to."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Sku

State = Literal["published", "held", "rejected", "deleted"]
Stars = Annotated[int, Field(ge=1, le=5, description="Stars.")]


class ReviewV1(Strict):
    """A review of one line of an order."""

    review_id: UUID
    order_id: UUID
    line_number: int = Field(ge=1)
    product_id: str = Field(min_length=1, max_length=64)
    sku: Sku
    vendor_id: str = Field(max_length=64)
    rating: Stars
    characters: int = Field(ge=0, le=5000, description="Length of its text.")
    state: State
    held_for: list[str] = Field(description="Rules it broke, each as <rule>@<version>.")
    revision: int = Field(ge=1, description="Of its text.")


class ModerationV1(Strict):
    """A moderator's decision about a review."""

    moderation_id: UUID
    review_id: UUID
    product_id: str = Field(min_length=1, max_length=64)
    rating: Stars
    decision: Literal["published", "rejected"]
    was: State
    revision: int = Field(ge=1, description="Of the text that was decided about.")


class VoteV1(Strict):
    """Somebody's opinion of a review."""

    review_id: UUID
    product_id: str = Field(min_length=1, max_length=64)
    helpful: bool = Field(description="False when it is taken back.")
    votes: int = Field(ge=0, description="How many there are now.")


class FollowV1(Strict):
    """A vendor and how many follow it now."""

    vendor_id: str = Field(min_length=1, max_length=64)
    followers: int = Field(ge=0)


class ReviewPostedV1(Event):
    """Somebody reviewed what they bought."""

    type: Literal["review_posted"] = "review_posted"
    version: Literal[1] = 1
    data: ReviewV1


class ReviewEditedV1(Event):
    """A review was changed by its author; carries its whole new state."""

    type: Literal["review_edited"] = "review_edited"
    version: Literal[1] = 1
    data: ReviewV1


class ReviewDeletedV1(Event):
    """A review was taken back by its author."""

    type: Literal["review_deleted"] = "review_deleted"
    version: Literal[1] = 1
    data: ReviewV1


class ReviewModeratedV1(Event):
    """A moderator decided about a review."""

    type: Literal["review_moderated"] = "review_moderated"
    version: Literal[1] = 1
    data: ModerationV1


class ReviewVotedV1(Event):
    """Somebody found a review helpful, or does not any more."""

    type: Literal["review_voted"] = "review_voted"
    version: Literal[1] = 1
    data: VoteV1


class VendorFollowedV1(Event):
    """Somebody follows a vendor."""

    type: Literal["vendor_followed"] = "vendor_followed"
    version: Literal[1] = 1
    data: FollowV1


class VendorUnfollowedV1(Event):
    """Somebody follows a vendor no more."""

    type: Literal["vendor_unfollowed"] = "vendor_unfollowed"
    version: Literal[1] = 1
    data: FollowV1
