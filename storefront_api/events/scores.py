"""What the catalogue publishes about sustainability."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from storefront_api.events.envelope import Event, Strict
from storefront_api.events.parts import Country

Name = Field(min_length=1, max_length=40)


class MaterialShareV1(Strict):
    """A part of what a product is made of."""

    material: str = Name
    share_percent: int = Field(ge=1, le=100, description="Of the product's mass.")


class AttributesV1(Strict):
    """What is known of a product; what is empty or null is unknown."""

    materials: list[MaterialShareV1] = Field(max_length=30)
    origin: Country
    certificates: list[str] | None = Field(
        max_length=30, description="Empty when it is known that there is none."
    )
    recyclable_percent: int | None = Field(ge=0, le=100)
    packaging: str = Field(max_length=40)
    plastic_free: bool | None = Field(description="Of product and packaging.")


class ScorePartV1(Strict):
    """One part of a score."""

    part: str = Name
    weight: int = Field(ge=1, le=100)
    known: float = Field(ge=0, le=1, description="Share of the part that is known.")
    points: float | None = Field(ge=0, le=100, description="Null when nothing of it is known.")


class ScoreV1(Strict):
    """A score with all that it was computed from."""

    product_id: str = Field(min_length=1, max_length=64)
    rules_version: str = Field(min_length=1, max_length=20)
    score: int | None = Field(ge=0, le=100, description="Null when nothing is known.")
    previous_score: int | None = Field(ge=0, le=100, description="Null when there was none.")
    confidence: float = Field(ge=0, le=1, description="Share of the weights that is known.")
    parts: list[ScorePartV1] = Field(max_length=20)
    attributes: AttributesV1


class ScoreChangedV1(Event):
    """A product's attributes changed, or the rules, and the score was computed anew."""

    type: Literal["score_changed"] = "score_changed"
    version: Literal[1] = 1
    data: ScoreV1
