"""What is answered of products: variants, prices before a reduction, stock and score together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from storefront_api.catalog import repository
from storefront_api.catalog.prices import LOOK_BACK, Asked, reduction
from storefront_api.catalog.rules import in_force, published
from storefront_api.catalog.schemas import (
    ProductOut,
    Rated,
    Reduced,
    ScorePart,
    Sustainability,
    Variant,
)
from storefront_api.catalog.sustainability import Attributes, score
from storefront_api.platform.database import Connection
from storefront_api.social import service as social
from storefront_api.social.schemas import RatingOut

_OF_A_VARIANT = ("name", "vendor_id", "brand", "department", "category", "product_type")
_PLAIN = tuple(set(Variant.model_fields) - {"reduced", "archived"})


async def products(connection: Connection, rows: list[Any], now: datetime) -> list[ProductOut]:
    """Return the products of some variants, in the order of the variants."""
    ids = list(dict.fromkeys(row["product_id"] for row in rows))
    wholes = await repository.wholes(connection, ids)
    ratings = await social.ratings(connection, ids, now)
    skus = [row["sku"] for row in rows]
    asked = await repository.prices_since(connection, skus, now - LOOK_BACK)
    prices = {
        sku: [Asked(row["currency"], row["price_minor"], row["changed_at"]) for row in entries]
        for sku, entries in groupby(asked, key=lambda row: row["sku"])
    }
    found = []
    for product_id, group in groupby(rows, key=lambda row: row["product_id"]):
        variants, whole = list(group), wholes[product_id]
        # The first that is offered stands for the product, as it does in the search.
        shown = next((row for row in variants if row["archived_at"] is None), variants[0])
        found.append(
            ProductOut(
                product_id=product_id,
                **{name: shown[name] for name in _OF_A_VARIANT},
                description=whole["description"],
                category_path=whole["category_path"],
                options=whole["options"],
                images=whole["images"],
                sustainability=sustainability(whole, now),
                rating=rated(ratings[product_id]),
                archived=all(row["archived_at"] for row in variants),
                variants=[_variant(row, prices.get(row["sku"], []), now) for row in variants],
            )
        )
    return found


def rated(rating: RatingOut) -> Rated:
    """Return what is shown of a rating beside its product."""
    return Rated(weighted=rating.weighted, reviews=rating.count)


def _variant(row: Mapping[str, Any], prices: list[Asked], now: datetime) -> Variant:
    lower = reduction(prices, now)
    return Variant(
        **{name: row[name] for name in _PLAIN},
        reduced=lower
        and Reduced(since=lower.since, lowest_30_days_minor=lower.lowest_before_minor),
        archived=row["archived_at"] is not None,
    )


def sustainability(row: Mapping[str, Any], now: datetime) -> Sustainability:
    """Return a stored score with the methods and sources of its parts.

    Of a product of which nothing was ever stated, the parts are told by the rules in force.
    """
    if row["rules_version"] is None:
        return _unknown(in_force(now).version)
    return Sustainability(
        score=row["score"],
        confidence=row["confidence"],
        rules_version=row["rules_version"],
        parts=sourced(row["parts"], row["rules_version"]),
        attributes=row["attributes"],
    )


@cache
def _unknown(version: str) -> Sustainability:
    """Return what is said of every product of which nothing was stated; nobody changes it."""
    unscored = score(Attributes(), published()[version])
    return Sustainability(
        score=None,
        confidence=0,
        rules_version="",
        parts=sourced([vars(part) for part in unscored.parts], version),
        attributes=Attributes(),
    )


def sourced(parts: Sequence[Mapping[str, Any]], version: str) -> list[ScorePart]:
    """Return the parts of a score with what the rules say of each.

    Rules that only a newer release has say nothing here: both run side by side while one replaces
    the other.
    """
    methods = _methods(version)
    nothing = {"method": "", "source": "", "source_url": ""}
    return [ScorePart(**part, **methods.get(part["part"], nothing)) for part in parts]


@cache
def _methods(version: str) -> Mapping[str, Mapping[str, str]]:
    """Return the method and source of each part, by a version of the rules."""
    rules = published().get(version)
    if rules is None:
        return {}
    sources = rules.sources
    return {
        part.part: {
            "method": part.method,
            "source": sources[part.source].title,
            "source_url": sources[part.source].url,
        }
        for part in rules.parts
    }
