"""Answers of the search."""

from __future__ import annotations

from pydantic import BaseModel, Field


class SearchHit(BaseModel):
    """A product that was found, with what its variants have in common."""

    product_id: str
    name: str
    vendor_id: str
    brand: str
    department: str
    category: str
    product_type: str
    currency: str
    variants: int = Field(description="How many there are.")
    price_from_minor: int = Field(description="List price of the cheapest variant.")
    price_to_minor: int = Field(description="List price of the dearest variant.")
    in_stock: bool = Field(description="Whether any variant is.")
    available: int = Field(description="What can be bought now of all variants together.")
    score: int | None = Field(description="Sustainability, 0 to 100; null when nothing is known.")
    confidence: float = Field(description="Share of the score's weights that is known, 0 to 1.")
    certificates: list[str]
    plastic_free: bool | None = Field(description="Null when it is unknown.")
    rating: float = Field(description="Bayesian average of the reviews in stars, to the hundredth.")
    reviews: int = Field(description="How many are published.")
    origin: str = Field(description="Country; empty when it is unknown.")


class FacetCount(BaseModel):
    """How many products of all pages have a value."""

    value: str
    products: int


class Facets(BaseModel):
    """Counts over the hits of all pages; at most 20 values each, the most frequent first."""

    department: list[FacetCount]
    category: list[FacetCount]
    brand: list[FacetCount]
    origin: list[FacetCount]
    plastic_free: list[FacetCount] = Field(description="`true` or `false`, where it is known.")
    score: list[FacetCount] = Field(description="Bands of 20 points, named by their lowest.")
    certificate: list[FacetCount] = Field(description="A product counts for each that it has.")


class CorrectedWord(BaseModel):
    """A word that no product has, and the known word that was searched for instead."""

    word: str
    used: str


class SearchPage(BaseModel):
    """Some hits, counts over all of them, and where the next page begins."""

    products: list[SearchHit]
    total: int = Field(description="Hits on all pages.")
    facets: Facets
    corrected: list[CorrectedWord]
    next_cursor: str = Field(description="Pass as `after`; empty on the last page.")


class Suggestions(BaseModel):
    """Completions of what was typed, those of the most products first."""

    suggestions: list[str]
