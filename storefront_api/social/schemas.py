"""Requests and answers about reviews and followed vendors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from storefront_api.events.social import State

_NO_NUL = r"^[^\x00]*$"
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=_NO_NUL)]
Body = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000, pattern=_NO_NUL),
]


class OpinionIn(BaseModel):
    """What somebody thinks of what they bought."""

    model_config = ConfigDict(extra="forbid")

    rating: int = Field(ge=1, le=5, description="Stars.")
    title: Title = ""
    body: Body


class ReviewIn(OpinionIn):
    """A review of a line of the caller's own order."""

    product_id: str = Field(min_length=1, max_length=64)
    order_id: UUID
    line_number: int = Field(ge=1, le=10_000, description="Each line has one review at most.")


class ReviewOut(BaseModel):
    """A review as everybody sees it; its author bought the product."""

    review_id: UUID
    product_id: str
    sku: str
    rating: int
    title: str
    body: str
    helpful: int = Field(description="How many people found it helpful.")
    posted_at: datetime
    changed_at: datetime


class OwnReviewOut(ReviewOut):
    """A review as its author and the moderators see it."""

    order_id: UUID
    line_number: int
    state: State
    held_for: list[str] = Field(description="Rules for which it waits, each with its version.")
    revision: int = Field(description="Which text this is; a decision names it.")


class ReviewPage(BaseModel):
    """Some reviews, and where the next page begins."""

    reviews: list[ReviewOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class OwnReviewPage(BaseModel):
    """Some reviews as their authors see them, and where the next page begins."""

    reviews: list[OwnReviewOut]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class DecisionIn(BaseModel):
    """What a moderator decides."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["published", "rejected"]
    revision: int = Field(ge=1, description="The text that was read; another one is refused.")
    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_NO_NUL),
    ]


class HelpfulOut(BaseModel):
    """How many people found a review helpful."""

    review_id: UUID
    helpful: int


class PriorOut(BaseModel):
    """What is assumed of a product before anybody rated it."""

    version: int
    weight: int = Field(description="As many ratings it counts for.")
    mean: float = Field(description="In stars.")
    source: str


class RatingOut(BaseModel):
    """What the published reviews of a product come to."""

    product_id: str
    count: int
    stars: list[int] = Field(description="How many ratings of one star, of two …, of five.")
    mean: float | None = Field(description="In stars, to the hundredth; null without ratings.")
    weighted: float = Field(
        description="The Bayesian average, to the hundredth: with few ratings near the prior's."
    )
    prior: PriorOut


class FollowersOut(BaseModel):
    """How many people follow a vendor."""

    vendor_id: str
    followers: int


class FollowedOut(BaseModel):
    """Vendors that the caller follows."""

    vendor_ids: list[str]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")
