"""What search does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

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
from storefront_api.social import service as social
from storefront_api.social.schemas import RatingOut


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
    rows, ratings = await _shown(services, found.product_ids)
    counted = {
        facet: [FacetCount(**asdict(value)) for value in values]
        for facet, values in found.facets.items()
    }
    return SearchPage(
        products=[
            SearchHit(**dict(row), rating=rating.weighted, reviews=rating.count)
            for row in rows
            for rating in [ratings[row["product_id"]]]
        ],
        total=found.total,
        facets=Facets(**counted),
        corrected=[CorrectedWord(**asdict(each)) for each in found.corrected],
        next_cursor=found.next_cursor,
    )


async def _shown(
    services: Services, product_ids: Sequence[str]
) -> tuple[list[Any], Mapping[str, RatingOut]]:
    if not product_ids:
        return [], {}
    async with services.pool.acquire() as connection:
        rows = await repository.cards(connection, product_ids)
        return rows, await social.ratings(connection, product_ids, services.clock())


async def suggest(engine: SearchEngine, text: str, limit: int) -> Suggestions:
    """Return completions of a text."""
    return Suggestions(suggestions=list(await engine.suggest(_typed(text), limit)))
