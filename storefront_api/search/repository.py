"""Search in PostgreSQL: full text, a vocabulary with trigrams, and synonyms as data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storefront_api.catalog.trait_repository import met
from storefront_api.catalog.traits import named
from storefront_api.platform.clock import Clock
from storefront_api.platform.database import Connection
from storefront_api.platform.pagination import Cursors
from storefront_api.search.engine import (
    FACET_VALUES,
    FACETS,
    SCORE_BAND,
    Correction,
    FacetValue,
    Found,
    Sort,
    Wanted,
)
from storefront_api.search.words import CANDIDATES, MOST_WORDS, closest, correctable
from storefront_api.social.repository import PRIOR, WEIGHTED

ENDINGS = 20
"""Words, those of the most products first, that may follow other words."""
SAMPLE = 500
"""Products among which a word after other words is looked for."""
_LAST = chr(0x10FFFF)

_UNDERSTAND = """
WITH asked AS MATERIALIZED (
    SELECT word, place, (tsvector_to_array(to_tsvector('english', word)))[1] AS lexeme
    FROM string_to_table(search_plain($1), ' ') WITH ORDINALITY AS t (word, place)
    WHERE word <> '' ORDER BY place LIMIT $2
), plain AS (
    SELECT plainto_tsquery('english', coalesce(string_agg(word, ' ' ORDER BY place), '')) AS query
    FROM asked
)
SELECT
    ARRAY(SELECT word FROM asked ORDER BY place) AS words,
    ARRAY(
        SELECT word FROM asked WHERE lexeme IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM search_words AS w WHERE w.lexeme = asked.lexeme AND w.products > 0
            )
            AND NOT EXISTS (SELECT FROM search_synonyms AS s WHERE asked.lexeme = ANY (s.lexemes))
        ORDER BY place
    ) AS unknown,
    (SELECT ts_rewrite(query, '
        SELECT a.target, (
            SELECT string_agg(''('' || b.phrase::text || '')'', '' | '')::tsquery
            FROM search_synonyms AS b WHERE b.meaning = a.meaning
        ) FROM search_synonyms AS a
    ') FROM plain)::text AS query
"""
_NEAR = """
WITH asked AS MATERIALIZED (SELECT search_trigrams($1) AS trigrams)
SELECT word FROM search_words
WHERE trigrams && (SELECT trigrams FROM asked) AND products > 0
    AND length(word) BETWEEN length($1) - 2 AND length($1) + 2
ORDER BY (
    SELECT count(*) FROM asked, unnest(asked.trigrams) AS t WHERE t = ANY (search_words.trigrams)
) DESC, products DESC, word
LIMIT $2
"""
_PLAIN = "SELECT string_to_array(search_plain($1), ' ')"
_COMPLETE = """
SELECT word FROM search_words WHERE word >= $1 AND word < $2 AND products > 0
    AND lexeme IS NOT NULL
ORDER BY products DESC, word LIMIT $3
"""
_COMPLETE_AFTER = """
WITH endings AS MATERIALIZED (
    SELECT word, lexeme FROM search_words
    WHERE word >= $2 AND word < $3 AND products > 0 AND lexeme IS NOT NULL
    ORDER BY products DESC, word LIMIT $4
), sample AS MATERIALIZED (
    SELECT words FROM search_documents
    WHERE document @@ ($1::tsquery && (
        SELECT string_agg(quote_literal(lexeme), ' | ')::tsquery FROM endings
    ))
    LIMIT $5
)
SELECT e.word FROM sample CROSS JOIN unnest(sample.words) AS held (word)
JOIN endings AS e USING (word)
GROUP BY e.word ORDER BY count(*) DESC, e.word LIMIT $6
"""
_KEYS = {
    Sort.RELEVANCE: "ts_rank(document, $1::tsquery)::float8",
    Sort.PRICE_ASC: "price_minor",
    Sort.PRICE_DESC: "price_minor",
    Sort.SCORE: "coalesce(score, -1)",
    Sort.RATING: WEIGHTED,
    Sort.NEWEST: "(extract(epoch FROM listed_at) * 1000000)::bigint",
}
_COUNTED = tuple(name for name in FACETS if name != "certificate")
_ALL = 2 ** len(_COUNTED) - 1
_KINDS = {_ALL - 2**bit: name for bit, name in enumerate(reversed(_COUNTED))}
"""The facets by what PostgreSQL's `grouping` says of them."""
_CERTIFICATE = -2
_PAGE = -1
_EQUAL = ("department", "category", "brand", "vendor_id", "currency", "origin")
_FIND = """
WITH hits AS MATERIALIZED (
    SELECT d.product_id, department, category, brand, origin, plastic_free::text AS plastic_free,
        ((score - score / 100) / {band} * {band})::text AS score, certificates, {key} AS key
    FROM search_documents AS d{rated} WHERE document @@ $1::tsquery{filters}
), counted AS (
    SELECT {grouping} AS kind, {value} AS value, count(*) AS products,
        row_number() OVER (PARTITION BY {grouping} ORDER BY count(*) DESC, {value}) AS place
    FROM hits GROUP BY GROUPING SETS ((), {sets})
), certified AS (
    SELECT -2 AS kind, value, count(*) AS products FROM hits, unnest(certificates) AS value
    GROUP BY value ORDER BY products DESC, value LIMIT $3
), page AS (
    SELECT product_id, key FROM hits{after} ORDER BY key {direction}, product_id LIMIT $2
)
SELECT kind, value, products, NULL::text AS product_id, NULL::float8 AS key FROM counted
WHERE place <= $3
UNION ALL
SELECT kind, value, products, NULL, NULL FROM certified
UNION ALL
SELECT -1, '', 0, product_id, key::float8 FROM page
"""
_RATED = """
    CROSS JOIN {prior} AS p
    LEFT JOIN product_ratings AS r ON r.product_id = d.product_id COLLATE "default"
"""
_IN_STOCK = "EXISTS (SELECT FROM stock WHERE sku = ANY (d.skus) AND on_hand > reserved)"
_CARDS = """
SELECT DISTINCT ON (place) p.product_id, p.name, p.vendor_id, p.brand, p.department, p.category,
    p.product_type, p.currency, v.variants, v.price_from_minor, v.price_to_minor, v.in_stock,
    v.available, d.score, coalesce(s.confidence, 0)::float8 AS confidence, d.certificates,
    d.plastic_free, d.origin
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (product_id, place)
JOIN products AS p USING (product_id) JOIN search_documents AS d USING (product_id)
LEFT JOIN product_scores AS s USING (product_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS variants, min(list_price_minor) AS price_from_minor,
        max(list_price_minor) AS price_to_minor,
        coalesce(bool_or(on_hand > reserved), false) AS in_stock,
        coalesce(sum(on_hand - reserved), 0)::bigint AS available
    FROM products AS o LEFT JOIN stock USING (sku)
    WHERE o.product_id = p.product_id AND o.archived_at IS NULL
) AS v
WHERE p.archived_at IS NULL
ORDER BY place, p.sku
"""


async def cards(connection: Connection, product_ids: Sequence[str]) -> list[Any]:
    """Return what the store now says of some products, in the given order."""
    rows: list[Any] = await connection.fetch(_CARDS, list(product_ids))
    return rows


class PostgresSearch:
    """The search engine that needs nothing beside the store's own database.

    Parameters
    ----------
    pool
        Connections to it.
    cursors
        Write and read where a page ended.
    clock
        What tells by which prior products are rated.
    """

    def __init__(self, pool: Any, cursors: Cursors, clock: Clock) -> None:
        self._pool = pool
        self._cursors = cursors
        self._clock = clock

    async def search(self, wanted: Wanted) -> Found:
        """Return a page of hits; see `SearchEngine`."""
        listed = "/".join(["search", wanted.sort, *filter(None, [named(wanted.prefers)])])
        last = self._cursors.read(listed, wanted.after) if wanted.after else []
        async with self._pool.acquire() as connection:
            query, corrected = await _understood(connection, wanted.text)
            if not query:
                return Found([], 0, {facet: [] for facet in FACETS}, corrected, "")
            statement, values = _statement(wanted, last, self._clock())
            rows = await connection.fetch(statement, query, wanted.limit + 1, FACET_VALUES, *values)
        page = [row for row in rows if row["kind"] == _PAGE]
        cursor = ""
        if len(page) > wanted.limit:
            page = page[: wanted.limit]
            cursor = self._cursors.write(listed, float(page[-1]["key"]), page[-1]["product_id"])
        return Found([row["product_id"] for row in page], *_counted(rows), corrected, cursor)

    async def suggest(self, text: str, limit: int) -> Sequence[str]:
        """Return completions of the last word; see `SearchEngine`."""
        async with self._pool.acquire() as connection:
            *before, last = (await connection.fetchval(_PLAIN, text))[:MOST_WORDS] or [""]
            if not last:
                return []
            if not before:
                rows = await connection.fetch(_COMPLETE, last, last + _LAST, limit)
                return [row["word"] for row in rows]
            head = " ".join(before)
            query = (await connection.fetchrow(_UNDERSTAND, head, MOST_WORDS))["query"]
            bounds = (last, last + _LAST)
            rows = await connection.fetch(_COMPLETE_AFTER, query, *bounds, ENDINGS, SAMPLE, limit)
            return [f"{head} {row['word']}" for row in rows]

    async def caught_up(self) -> bool:
        """Return true: it searches what is committed; see `SearchEngine`."""
        return True


async def _understood(connection: Connection, text: str) -> tuple[str, list[Correction]]:
    """Return the query of a text, with a near word for each that is nowhere in the catalogue."""
    asked = await connection.fetchrow(_UNDERSTAND, text, MOST_WORDS)
    used = {word: await _nearest(connection, word) for word in dict.fromkeys(asked["unknown"])}
    corrected = [Correction(word, near) for word, near in used.items() if near]
    if corrected:
        words = [used.get(word) or word for word in asked["words"]]
        asked = await connection.fetchrow(_UNDERSTAND, " ".join(words), MOST_WORDS)
    return asked["query"], corrected


async def _nearest(connection: Connection, word: str) -> str:
    """Return a word that begins so, else the most similar one, else nothing."""
    if not correctable(word):
        return ""
    begun = await connection.fetchval(_COMPLETE, word, word + _LAST, 1)
    if begun:
        return str(begun)
    rows = await connection.fetch(_NEAR, word, CANDIDATES)
    return closest(word, (row["word"] for row in rows))


def _statement(wanted: Wanted, last: Sequence[Any], now: datetime) -> tuple[str, list[Any]]:
    """Return the statement and its values from the fourth on.

    Only the filters in use are written, so that each gets a plan of its own.
    """
    values: list[Any] = []

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values) + 3}"

    filters = [f"{c} = {place(getattr(wanted, c))}" for c in _EQUAL if getattr(wanted, c)]
    prices = []
    if wanted.price_from_minor is not None:
        prices.append(f"p >= {place(wanted.price_from_minor)}")
    if wanted.price_to_minor is not None:
        prices.append(f"p <= {place(wanted.price_to_minor)}")
    if prices:
        filters.append(
            f"EXISTS (SELECT FROM unnest(prices_minor) AS p WHERE {' AND '.join(prices)})"
        )
    if wanted.in_stock:
        filters.append(_IN_STOCK)
    if wanted.score_from is not None:
        filters.append(f"score >= {place(wanted.score_from)}")
    if wanted.certificates:
        filters.append(f"certificates @> {place(list(wanted.certificates))}")
    if wanted.plastic_free:
        filters.append("plastic_free")
    falls = wanted.sort is not Sort.PRICE_ASC
    after = ""
    if last:
        last_key, last_id = (place(part) for part in last)
        sign = "<" if falls else ">"
        same = f"(key::float8 = {last_key} AND product_id > {last_id})"
        after = f" WHERE key::float8 {sign} {last_key} OR {same}"
    key = _KEYS[wanted.sort]
    if wanted.prefers:
        # The rank normalized by 32 is below 1, so that it orders those that have as many traits.
        key = f"(({met(wanted.prefers, place)}) + ts_rank(document, $1::tsquery, 32))::float8"
    rated = ""
    if wanted.sort is Sort.RATING:
        rated = _RATED.format(prior=PRIOR.format(at=place(now)))
    statement = _FIND.format(
        key=key,
        rated=rated,
        band=SCORE_BAND,
        grouping=f"grouping({', '.join(_COUNTED)})",
        value=f"coalesce({', '.join(_COUNTED)}, '')",
        sets=", ".join(f"({name})" for name in _COUNTED),
        filters="".join(f" AND {each}" for each in filters),
        after=after,
        direction="DESC" if falls else "ASC",
    )
    return statement, values


def _counted(rows: Sequence[Any]) -> tuple[int, dict[str, list[FacetValue]]]:
    """Return how many hits there are, and how many have each value of the facets."""
    total = 0
    facets: dict[str, list[FacetValue]] = {facet: [] for facet in FACETS}
    for row in rows:
        if row["kind"] == _ALL:
            total = row["products"]
        elif row["kind"] == _CERTIFICATE:
            facets["certificate"].append(FacetValue(row["value"], row["products"]))
        elif row["kind"] in _KINDS and row["value"]:
            facets[_KINDS[row["kind"]]].append(FacetValue(row["value"], row["products"]))
    for counted in facets.values():
        counted.sort(key=lambda each: (-each.products, each.value))
    return total, facets
