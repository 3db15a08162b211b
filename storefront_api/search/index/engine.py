"""Search in an index on disk, which all processes of a host read and one of them writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tantivy import Index, Order, Query

from storefront_api.catalog.traits import named
from storefront_api.platform.errors import AwayError
from storefront_api.platform.pagination import Cursors
from storefront_api.search.engine import FACET_VALUES, FACETS, FacetValue, Found, Wanted
from storefront_api.search.index import queries, repository, schema
from storefront_api.search.index.reading import Reading
from storefront_api.search.words import MOST_WORDS, plain

_TOTAL = "total"
_BUCKETS = 65_000
"""Values that are counted before the most frequent are chosen, the most that tantivy takes."""
_COUNTS: dict[str, Any] = {
    facet: {"terms": {"field": field, "size": FACET_VALUES, "segment_size": _BUCKETS}}
    for facet, field in schema.COUNTED.items()
} | {_TOTAL: {"value_count": {"field": "by_id"}}}


class IndexSearch:
    """The search engine whose index is on disk.

    Every search runs in a thread, where tantivy lets go of the interpreter's lock.

    Parameters
    ----------
    folder
        Where the index of this version is.
    pool
        Connections to what it is made from; no search uses one.
    cursors
        Write and read where a page ended.
    """

    def __init__(self, folder: Path, pool: Any, cursors: Cursors) -> None:
        self._folder = folder
        self._index: Index | None = None
        self._pool = pool
        self._cursors = cursors

    async def search(self, wanted: Wanted) -> Found:
        """Return a page of hits; see `SearchEngine`.

        Raises
        ------
        AwayError
            While the index was never whole.
        """
        listed = "/".join(["index", wanted.sort, *filter(None, [named(wanted.prefers)])])
        last = self._cursors.read(listed, wanted.after) if wanted.after else [0, ""]
        found, end = await asyncio.to_thread(self._search, wanted, *last)
        return Found(**found, next_cursor=self._cursors.write(listed, *end) if end else "")

    async def suggest(self, text: str, limit: int) -> Sequence[str]:
        """Return completions of the last word; see `SearchEngine`."""
        return await asyncio.to_thread(self._suggest, text, limit)

    async def caught_up(self) -> bool:
        """Return whether what is committed now is known; see `SearchEngine`."""
        try:
            state = (await asyncio.to_thread(self._reading)).state
        except AwayError:
            return False
        async with self._pool.acquire() as connection:
            return not await repository.changed(connection, state)

    def _reading(self) -> Reading:
        """Return the newest state; the index is opened with the first search that finds one."""
        if self._index is None and schema.exists(self._folder):
            self._index = schema.reopen(self._folder)
        reading = Reading(self._index) if self._index is not None else None
        if reading is None or not reading.state:
            raise AwayError("the index of the search is being built")
        return reading

    def _search(
        self, wanted: Wanted, tier: int, after: str
    ) -> tuple[dict[str, Any], tuple[int, str] | None]:
        """Return what is found, and where its page ends if another follows."""
        reading = self._reading()
        asked = reading.understood(wanted.text)
        found: dict[str, Any] = {"corrected": [*asked.corrected], "product_ids": [], "total": 0}
        if not asked.needs:
            return found | {"facets": {facet: [] for facet in FACETS}}, None
        hits = queries.every(
            [
                queries.holding(reading, asked.needs, schema.TEXTS),
                *queries.filters(reading, wanted),
            ]
        )
        counted = reading.searcher.aggregate(hits, _COUNTS)
        found["total"] = int(counted[_TOTAL]["value"])
        found["facets"] = {facet: _values(counted[facet]) for facet in FACETS}
        tiers = queries.tiers(reading, asked.needs, wanted)
        keys = _page(reading, hits, tiers, wanted, tier, after)
        page = keys[: wanted.limit]
        found["product_ids"] = [schema.named(key) for _, key in page]
        return found, page[-1] if len(keys) > wanted.limit else None

    def _suggest(self, text: str, limit: int) -> list[str]:
        *before, last = plain(text).split()[:MOST_WORDS] or [""]
        reading = self._reading()
        if not last:
            return []
        if not before:
            return reading.beginning(last, limit)
        head = " ".join(before)
        hits = Query.all_query()
        if needs := reading.needs(head):
            hits = queries.holding(reading, needs, schema.TEXTS)
        ends = reading.searcher.terms_with_prefix("words", last, hits, limit)
        return [f"{head} {word}" for word, _ in ends]


def _page(
    reading: Reading, hits: Query, tiers: Sequence[Query], wanted: Wanted, tier: int, after: str
) -> list[tuple[int, str]]:
    """Return tier and key of the hits after a place, one more than fit on the page."""
    field = schema.ORDERS[wanted.sort]
    keys: list[tuple[int, str]] = []
    for number in range(tier, len(tiers)):
        parts = [hits, tiers[number]]
        if number == tier and after:
            parts.append(queries.beyond(reading, field, after))
        missing = wanted.limit + 1 - len(keys)
        found = reading.searcher.search(queries.every(parts), missing, False, field, 0, Order.Asc)
        keys += [(number, key) for key, _ in found.hits]
        if len(keys) > wanted.limit:
            break
    return keys


def _values(counted: Any) -> list[FacetValue]:
    values = [FacetValue(str(each["key"]), each["doc_count"]) for each in counted["buckets"]]
    return sorted(values, key=lambda each: (-each.products, each.value))
