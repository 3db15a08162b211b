"""Writing some rows of a file in one transaction, each of them whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storefront_api.catalog import product_repository, repository, scores, variants
from storefront_api.catalog.bulk.rows import Row, RowError
from storefront_api.catalog.changes import Change
from storefront_api.catalog.options import broken_rule, options_hash
from storefront_api.catalog.telling import tell_described

Matrices = dict[str, dict[str, list[str]]]
"""By product, the values that each of its options may have."""


@dataclass(frozen=True)
class Done:
    """What came of some rows."""

    counts: Mapping[str, int]
    errors: Sequence[RowError]


async def write(change: Change, rows: Sequence[Row], stated: Matrices) -> Done:
    """Write rows; those whose options the catalogue does not allow are left out.

    Parameters
    ----------
    stated
        The options that the whole file states of each product: they become those of a product
        that has none yet. A product that has some takes no others.
    """
    products = sorted({row.product.product_id for row in rows})
    matrices = await product_repository.matrices(change.connection, products)
    new = {i: stated[i] for i in products if i in stated and i not in matrices}
    good, options, errors = await _allowed(change, rows, matrices | new)
    written = await variants.write(change, [row.product for row in good])
    first = {product_id: new[product_id] for product_id in sorted(options.keys() & new.keys())}
    if first:
        await product_repository.set_matrices(change.connection, first)
    await variants.give_options(change, options)
    described = await _describe(change, good) | first.keys()
    if described:
        await tell_described(change, sorted(described))
    attributes = {
        row.product.product_id: row.attributes for row in good if row.attributes is not None
    }
    scored = await scores.state(change, attributes, "body") if attributes else set()
    placed = {sku for sets in options.values() for sku in sets}
    counts: Counter[str] = Counter(rejected=len(errors))
    for row in good:
        sku, product_id = row.product.sku, row.product.product_id
        if sku in written.created:
            counts["created"] += 1
        elif sku in written.updated | placed or product_id in described | scored:
            counts["updated"] += 1
        else:
            counts["unchanged"] += 1
    return Done(counts, errors)


async def _allowed(
    change: Change, rows: Sequence[Row], matrices: Matrices
) -> tuple[list[Row], dict[str, dict[str, Mapping[str, str]]], list[RowError]]:
    """Part the rows by whether their options are allowed.

    Returns
    -------
    The good rows; by product and sku the option sets that are new; what is wrong with the others.
    """
    known = await repository.known(change.connection, [row.product.sku for row in rows])
    products = {row.product.product_id for row in rows}
    products |= {row["product_id"] for row in known.values()}
    sets = await product_repository.option_sets(change.connection, sorted(products))
    has = {row["sku"]: row for row in sets}
    taken = {(row["product_id"], row["options_hash"]): row["sku"] for row in sets}
    good: list[Row] = []
    new: dict[str, dict[str, Mapping[str, str]]] = {}
    errors: list[RowError] = []
    for row in rows:
        sku, product_id = row.product.sku, row.product.product_id
        former = has.get(sku)
        # A variant that goes over to another product leaves its options behind.
        present = former["options"] if former and former["product_id"] == product_id else {}
        rule = ""
        if row.options and row.options != present:
            place = (product_id, options_hash(row.options))
            if present:
                rule = f"{sku} has other options already; another set is another variant"
            elif place in taken:
                rule = f"{taken[place]} has these options already"
            else:
                rule = broken_rule(row.options, matrices.get(product_id, {}))[1]
            if not rule:
                taken[place] = sku
                new.setdefault(product_id, {})[sku] = row.options
        if rule:
            errors.append(RowError(row=row.number, field="options", rule=rule))
        else:
            good.append(row)
    return good, new, errors


async def _describe(change: Change, rows: Sequence[Row]) -> set[str]:
    """Set the products' descriptions, and return the products that had another."""
    stated = {r.product.product_id: r.description for r in rows if r.description is not None}
    present = await product_repository.details(change.connection, sorted(stated))
    other = []
    for product_id, description in stated.items():
        before, category_id = present.get(product_id, ("", ""))
        if description != before:
            other.append((product_id, description, category_id))
    return await product_repository.describe(change.connection, other) if other else set()
