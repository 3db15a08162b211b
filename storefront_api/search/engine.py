"""The port behind which a search engine stands: PostgreSQL, or an index of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from storefront_api.catalog.traits import Traits

FACETS = ("department", "category", "brand", "origin", "plastic_free", "score", "certificate")
"""What the hits are counted by; a product counts once for each of its certificates."""
SCORE_BAND = 20
"""Scores are counted in bands of so many points, each named by its lowest."""
FACET_VALUES = 20
"""Most values of a facet that are told, those with the most products first."""


class Sort(StrEnum):
    """The order of the hits."""

    RELEVANCE = "relevance"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    NEWEST = "newest"
    SCORE = "score"
    """The highest sustainability score first, those without one last."""
    RATING = "rating"
    """The highest Bayesian average of the reviews first; without a review it is the prior's."""


@dataclass(frozen=True)
class Wanted:
    """What is searched for; an empty filter lets everything through.

    Parameters
    ----------
    text
        Words as they were typed; a hit holds all of them.
    price_from_minor, price_to_minor
        Bounds of a list price, both included; one variant within them makes a hit.
    in_stock
        Whether a hit needs a variant that is in stock.
    score_from
        Least sustainability score; products without a score are below every score.
    certificates
        All of them a hit has.
    plastic_free
        Whether a hit is known to be without plastic.
    origin
        Country that a hit is from.
    prefers
        Traits that lift hits by relevance: those with more of them come first.
    after
        The `next_cursor` of the page before; empty for the first.
    """

    text: str
    department: str = ""
    category: str = ""
    brand: str = ""
    vendor_id: str = ""
    currency: str = ""
    price_from_minor: int | None = None
    price_to_minor: int | None = None
    in_stock: bool = False
    score_from: int | None = None
    certificates: tuple[str, ...] = ()
    plastic_free: bool = False
    origin: str = ""
    sort: Sort = Sort.RELEVANCE
    prefers: Traits = ()
    after: str = ""
    limit: int = 20


@dataclass(frozen=True)
class Correction:
    """A word without a hit, and the known word that was used for it."""

    word: str
    used: str


@dataclass(frozen=True)
class FacetValue:
    """How many hits have a value."""

    value: str
    products: int


@dataclass(frozen=True)
class Found:
    """A page of hits, and counts over all pages."""

    product_ids: Sequence[str]
    total: int
    facets: Mapping[str, Sequence[FacetValue]]
    corrected: Sequence[Correction]
    next_cursor: str


class SearchEngine(Protocol):
    """Finds products.

    What it knows is as new as the catalogue's last import, or follows it within seconds: then
    `caught_up` tells when it has.
    """

    async def search(self, wanted: Wanted) -> Found:
        """Return a page of hits.

        Raises
        ------
        InvalidCursorError
            If the cursor does not belong to this search's order.
        """

    async def suggest(self, text: str, limit: int) -> Sequence[str]:
        """Return completions of a text's last word, those of the most products first."""

    async def caught_up(self) -> bool:
        """Return whether all that was committed before the call is known."""
