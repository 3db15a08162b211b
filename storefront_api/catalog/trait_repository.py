"""The SQL of what products are known to be, and of listing them by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from storefront_api.catalog.repository import BELOW, SHOWN
from storefront_api.catalog.rules import Trait
from storefront_api.platform.database import Connection

# The documents' ids have a collation of their own, by which no index of other tables is used.
_MADE_OF = """EXISTS (
    SELECT FROM product_scores AS s, jsonb_array_elements(s.attributes -> 'materials') AS m
    WHERE s.product_id = d.product_id COLLATE "default" AND m ->> 'material' = ANY ({}::text[])
    HAVING sum((m ->> 'share_percent')::integer) = 100
)"""
_POINTS = """EXISTS (
    SELECT FROM product_scores AS s, jsonb_array_elements(s.parts) AS part
    WHERE s.product_id = d.product_id COLLATE "default" AND part ->> 'part' = 'materials'
        AND (part ->> 'known')::float8 = 1 AND (part ->> 'points')::float8 >= {}::float8
)"""
_PAGE = """
WITH RECURSIVE {below}, listed AS (
    SELECT d.product_id, {met} AS met FROM search_documents AS d
    WHERE EXISTS (
        SELECT FROM products AS p WHERE p.product_id = d.product_id AND p.archived_at IS NULL
            AND ($2 = '' OR p.department = $2) AND ($3 = '' OR p.category = $3)
    ) AND ($4 = '' OR d.product_id IN (
        SELECT product_id FROM product_details JOIN below USING (category_id)
    ))
), page AS (
    SELECT product_id, met FROM listed
    WHERE $6::integer IS NULL OR met < $6 OR (met = $6 AND product_id > $1)
    ORDER BY met DESC, product_id LIMIT $5
), offered AS (
    SELECT p.*, page.met FROM page JOIN products AS p USING (product_id)
    WHERE p.archived_at IS NULL
)
{shown} ORDER BY p.met DESC, p.product_id, p.sku
"""


def met(traits: Sequence[Trait], place: Callable[[Any], str]) -> str:
    """Return an expression that counts the traits which a row `d` of `search_documents` has.

    Parameters
    ----------
    place
        Takes a value into the statement and returns its placeholder.
    """
    return " + ".join(_has(trait, place) for trait in traits)


def _has(trait: Trait, place: Callable[[Any], str]) -> str:
    conditions = []
    if trait.plastic_free:
        conditions.append("d.plastic_free")
    if trait.origins:
        conditions.append(f"d.origin = ANY ({place(list(trait.origins))}::text[])")
    if trait.certificates:
        conditions.append(f"d.certificates && {place(list(trait.certificates))}::text[]")
    if trait.made_of:
        conditions.append(_MADE_OF.format(place(list(trait.made_of))))
    if trait.materials_points is not None:
        conditions.append(_POINTS.format(place(trait.materials_points)))
    return f"coalesce({' OR '.join(conditions) or 'false'}, false)::integer"


async def page(
    connection: Connection,
    traits: Sequence[Trait],
    after: tuple[int | None, str],
    department: str,
    category: str,
    under: str,
    limit: int,
) -> list[Any]:
    """Return the offered variants of the next products, those with most of the traits first.

    Parameters
    ----------
    after
        How many of the traits the last product has, None for the first page, and its id.
    under
        Id of a category of the tree that the products are in, or in one below; empty for all.
    """
    last_met, last = after
    values: list[Any] = [last, department, category, under, limit, last_met]

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    shown = SHOWN.format(source="offered")
    statement = _PAGE.format(below=BELOW, met=met(traits, place), shown=shown)
    rows: list[Any] = await connection.fetch(statement, *values)
    return rows
