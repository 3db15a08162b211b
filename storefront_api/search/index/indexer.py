"""Brings an index to where the store is: whole or not at all, and what changed alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from tantivy import Index, IndexWriter, Order, Query

from storefront_api.catalog.rules import Trait, published
from storefront_api.platform.clock import Clock
from storefront_api.platform.database import Connection
from storefront_api.search.engine import Sort
from storefront_api.search.index import repository, schema
from storefront_api.search.index.reading import Reading

log = structlog.get_logger()

HEAP_BYTES = 64_000_000
"""What the writer keeps in memory before it writes a segment."""
STATED = ("cluster", "database", "since", "prior", "products", "synonyms")


class Indexer:
    """Writes an index; nobody else does while it lives.

    A commit takes all that was written since the one before, with the state that it was made
    from; who is killed before leaves the index as it was.

    Parameters
    ----------
    index
        Where to.
    clock
        What tells by which prior products are rated.

    Raises
    ------
    ValueError
        If another process writes it.
    """

    def __init__(self, index: Index, clock: Clock) -> None:
        self._index = index
        self._writer: IndexWriter = index.writer(HEAP_BYTES, 1)
        self._clock = clock
        self._traits: Sequence[Trait] = tuple(
            trait for rules in published().values() for trait in rules.traits
        )
        self._written: dict[str, int] = {}
        """By product, a hash of what this process wrote of it."""

    async def sweep(self, connection: Connection) -> int:
        """Bring the index to what the store has now; return how many documents changed."""
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            now = self._clock()
            row = await repository.state(connection, now)
            self._index.reload()
            before = Reading(self._index)
            try:
                if since := _since(before.state, row):
                    read, changed = await self._follow(connection, before, since, row, now)
                    due = read or changed or before.state["synonyms"] != row["synonyms"]
                else:
                    changed = await self._build(connection, row, now)
                    due = True
                if due:
                    self._commit({name: row[name] for name in STATED})
            except BaseException:
                self._writer.rollback()
                self._written.clear()
                raise
        return changed

    async def _build(self, connection: Connection, state: Any, now: datetime) -> int:
        """Write everything, in the place of what there is; return how many products."""
        self._writer.delete_all_documents()
        self._written.clear()
        async for rows in repository.products(connection, "", self._traits, now):
            for row in rows:
                self._put(row)
            log.info("indexing", products=len(self._written), of=state["products"])
        async for rows in repository.words(connection, ""):
            for row in rows:
                self._count(row)
        return len(self._written)

    async def _follow(
        self, connection: Connection, before: Reading, since: str, state: Any, now: datetime
    ) -> tuple[int, int]:
        """Write what changed; return how many rows were read, and how many products changed."""
        read = changed = 0
        arrived: set[str] = set()
        async for rows in repository.products(connection, since, self._traits, now):
            read += len(rows)
            arrived |= {row["product_id"] for row in rows}
            for row in rows:
                if self._written.get(row["product_id"]) != _mark(row):
                    self._writer.delete_documents_by_term("product", row["product_id"])
                    self._put(row)
                    changed += 1
        async for rows in repository.words(connection, since):
            read += len(rows)
            for row in rows:
                self._writer.delete_documents_by_term("word", row["word"])
                self._count(row)
        gone = await _gone(connection, before, arrived, state["products"])
        for product_id in gone:
            self._writer.delete_documents_by_term("product", product_id)
            self._written.pop(product_id, None)
        return read, changed + len(gone)

    def _put(self, row: Any) -> None:
        self._writer.add_document(schema.product(row, self._traits))
        self._written[row["product_id"]] = _mark(row)

    def _count(self, row: Any) -> None:
        if row["products"] and schema.lexeme(row["word"]):
            self._writer.add_document(schema.word(row["word"], row["products"]))

    def _commit(self, state: Mapping[str, Any]) -> None:
        self._writer.delete_documents_by_term(schema.STATE, schema.STATE)
        self._writer.add_document(schema.state(state))
        self._writer.commit()


def _mark(row: Any) -> int:
    return hash(repr(tuple(row.values())))


def _since(before: Mapping[str, Any], state: Any) -> str:
    """Return since when changes are enough; empty if all is to be made anew."""
    same = before and all(before[name] == state[name] for name in ("cluster", "database", "prior"))
    # After a backup came back, transactions have the numbers of others that the index knew.
    return str(before["since"]) if same and int(before["since"]) <= state["upcoming"] else ""


async def _gone(
    connection: Connection, before: Reading, arrived: set[str], products: int
) -> set[str]:
    """Return the products of the index that the store no longer has.

    All that came is known, so there are some only if the index has more than the store.
    """
    new = sum(
        not before.searcher.search(before.term("product", each), 1, False).hits for each in arrived
    )
    if before.state["products"] + new == products:
        return set()
    field = schema.ORDERS[Sort.RELEVANCE]
    known = before.searcher.search(
        Query.exists_query(field), before.searcher.num_docs, False, field, 0, Order.Asc
    )
    return {schema.named(key) for key, _ in known.hits} - await repository.ids(connection)
