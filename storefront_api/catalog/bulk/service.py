"""Bringing a file of products in, and writing one."""

from __future__ import annotations

import csv
import io
from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import islice

from storefront_api.catalog.bulk import repository
from storefront_api.catalog.bulk.files import Table, received
from storefront_api.catalog.bulk.rows import (
    ATTRIBUTES,
    EXPORTED,
    BadRowError,
    Row,
    RowError,
    parse,
    record_of,
)
from storefront_api.catalog.bulk.schemas import BulkOut
from storefront_api.catalog.bulk.writing import Matrices, write
from storefront_api.catalog.changes import changing
from storefront_api.catalog.rules import Rules, in_force
from storefront_api.events.catalog import ImportFinishedV1, ImportV1
from storefront_api.platform.outbox import new_id
from storefront_api.services import Services

AT_ONCE = 500
"""Rows in one transaction: a longer one would hold back the events of the whole store."""
MOST_ERRORS = 1_000
"""Errors that are told; all are counted."""
PAGE = 1_000


async def import_file(services: Services, stream: AsyncIterator[bytes], trace_id: str) -> BulkOut:
    """Create and change what the good rows of a file state; name the rule that each other breaks.

    Some hundred rows are done in one transaction. A file that is sent again, after an answer or
    after none, changes only what is not yet as it says.

    Raises
    ------
    InvalidError
        If the file as a whole cannot be read: nothing is done then.
    """
    rules = in_force(services.clock())
    errors: list[RowError] = []
    counts: Counter[str] = Counter()
    async with received(stream) as file:
        table = Table(file)
        # Reading takes seconds of a large file: in a thread, or everybody else would wait for it.
        matrices = await to_thread(_matrices, table, rules)
        rows = _good_rows(table, rules, errors, counts)
        while batch := await to_thread(lambda: list(islice(rows, AT_ONCE))):
            async with changing(services, trace_id) as change:
                done = await write(change, batch, matrices)
            counts.update(done.counts)
            errors += done.errors
    errors.sort(key=lambda error: error.row)
    found = ImportV1(
        import_id=new_id(),
        rows=counts.total(),
        **{name: counts[name] for name in ("created", "updated", "unchanged", "rejected")},
    )
    changed = bool(found.created or found.updated)
    if changed:
        async with changing(services, trace_id) as change:
            await repository.finish(change.connection, found, change.now)
            change.tell(str(found.import_id), ImportFinishedV1, found)
    return BulkOut(
        import_id=found.import_id if changed else None,
        **found.model_dump(exclude={"import_id"}),
        errors=errors[:MOST_ERRORS],
    )


async def export(services: Services) -> AsyncIterator[str]:
    """Yield the variants on offer as a file that an import takes, the byte order mark first.

    The mark makes a spreadsheet read it as UTF-8.
    """
    yield "\ufeff" + _lines([list(EXPORTED)])
    after = ""
    while rows := await repository.page(services.pool, after, PAGE):
        yield _lines([record_of(row) for row in rows])
        after = rows[-1]["sku"]


def _lines(records: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(records)
    return text.getvalue()


def _matrices(table: Table, rules: Rules) -> Matrices:
    """Return the options that the good rows of a file state, by product.

    The first row of a product that states options says which it has; the others their values.
    """
    found: Matrices = {}
    for row in _good_rows(table, rules, [], Counter()):
        if not row.options:
            continue
        matrix = found.setdefault(row.product.product_id, {name: [] for name in row.options})
        if matrix.keys() != row.options.keys():
            continue
        for name, value in row.options.items():
            if value not in matrix[name]:
                matrix[name].append(value)
    return found


def _good_rows(
    table: Table, rules: Rules, errors: list[RowError], counts: Counter[str]
) -> Iterator[Row]:
    """Yield the rows that break no rule that a file alone can break; note the others."""
    skus: dict[str, int] = {}
    said: dict[str, Row] = {}
    for number, record in table:
        try:
            if isinstance(record, BadRowError):
                raise record
            row = parse(number, record, rules)
            _agree(row, skus, said)
        except BadRowError as error:
            errors += [RowError(row=number, field=f, rule=rule) for f, rule in error.broken]
            counts["rejected"] += 1
            continue
        yield row


def _agree(row: Row, skus: dict[str, int], said: dict[str, Row]) -> None:
    """Refuse a row that repeats a sku, or says of a product what an earlier one does not."""
    sku, product_id = row.product.sku, row.product.product_id
    if sku in skus:
        raise BadRowError(("sku", f"is in row {skus[sku]} already"))
    first = said.setdefault(product_id, row)
    if first.description != row.description:
        raise BadRowError(("description", f"row {first.number} says another of this product"))
    if first.attributes != row.attributes:
        other = [
            n for n in ATTRIBUTES if getattr(first.attributes, n) != getattr(row.attributes, n)
        ]
        rule = f"row {first.number} says another of this product"
        raise BadRowError(*((name, rule) for name in other))
    skus[sku] = row.number
