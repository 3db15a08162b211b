"""What search does."""

from __future__ import annotations

from dataclasses import asdict, replace

from storefront_api.platform.errors import InvalidError
from storefront_api.search import repository
from storefront_api.search.engine import SearchEngine, Wanted
from storefront_api.search.schemas import (
    CorrectedWord,
    FacetCount,
    Facets,
    SearchHit,
    SearchPage,
    Suggestions,
)
from storefront_api.services import Services


def _typed(text: str) -> str:
    """Return a text without NUL, which PostgreSQL does not take; it parts words like a space."""
    return text.replace("\0", " ")


async def search(services: Services, engine: SearchEngine, wanted: Wanted) -> SearchPage:
    """Return a page of hits, with prices and stock as the store has them now.

    Raises
    ------
    InvalidError
        If the price range is empty, or the cursor is not of this search's order.
    """
    lowest, highest = wanted.price_from_minor, wanted.price_to_minor
    if lowest is not None and highest is not None and lowest > highest:
        raise InvalidError("the highest price is below the lowest", field="query.price_to_minor")
    found = await engine.search(replace(wanted, text=_typed(wanted.text)))
    rows = await repository.cards(services.pool, found.product_ids) if found.product_ids else []
    counted = {
        facet: [FacetCount(**asdict(value)) for value in values]
        for facet, values in found.facets.items()
    }
    return SearchPage(
        products=[SearchHit(**dict(row)) for row in rows],
        total=found.total,
        facets=Facets(**counted),
        corrected=[CorrectedWord(**asdict(each)) for each in found.corrected],
        next_cursor=found.next_cursor,
    )


async def suggest(engine: SearchEngine, text: str, limit: int) -> Suggestions:
    """Return completions of a text."""
    return Suggestions(suggestions=list(await engine.suggest(_typed(text), limit)))
