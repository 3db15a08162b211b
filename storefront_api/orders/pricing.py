"""What the lines of an order cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storefront_api.events.orders import OrderLineV1
from storefront_api.events.parts import Unit
from storefront_api.orders.schemas import LineIn
from storefront_api.platform.errors import InvalidError
from storefront_api.pricing.amounts import list_price
from storefront_api.pricing.repository import Price

MAX_MINOR = 2**53 - 1
"""The largest amount that an event can carry."""


def _problem(index: int, name: str, message: str) -> dict[str, Any]:
    return {"field": f"body.lines.{index}.{name}", "message": message}


def _list_minor(line: LineIn, unit: Unit, price_minor: int) -> int:
    if line.list_minor is not None:
        return line.list_minor
    return list_price(line.quantity, unit, price_minor)


def price_lines(
    lines: Sequence[LineIn], catalogue: Mapping[str, Price], currency: str
) -> list[OrderLineV1]:
    """Return the lines with their money, numbered from 1.

    Parameters
    ----------
    lines
        The wanted lines.
    catalogue
        By sku; a price is per piece or per 1,000 thousandths.
    currency
        The order's currency.

    Raises
    ------
    InvalidError
        If a sku is unknown or sold in another currency, a line without stated money has no
        quantity, a discount is larger than the list price, or the sum cannot be told.
    """
    problems, priced = [], []
    for index, line in enumerate(lines):
        known = catalogue.get(line.sku)
        if known is None:
            problems.append(_problem(index, "sku", f"there is no variant {line.sku!r}"))
            continue
        if known.currency != currency:
            rule = f"{line.sku} is sold in {known.currency}, the order is in {currency}"
            problems.append(_problem(index, "sku", rule))
            continue
        if line.quantity == 0 and line.list_minor is None:
            problems.append(_problem(index, "quantity", "must be at least 1"))
            continue
        unit = Unit(known.unit)
        list_minor = _list_minor(line, unit, known.list_price_minor)
        if list_minor > MAX_MINOR:
            rule = f"costs more than {MAX_MINOR} minor units"
            problems.append(_problem(index, "quantity", rule))
            continue
        discount_minor = line.discount_minor or 0
        if discount_minor > list_minor:
            rule = f"must not exceed the list price, {list_minor}"
            problems.append(_problem(index, "discount_minor", rule))
            continue
        priced.append(
            OrderLineV1(
                line_number=index + 1,
                sku=line.sku,
                quantity=line.quantity,
                unit=unit,
                list_minor=list_minor,
                discount_minor=discount_minor,
                total_minor=list_minor - discount_minor,
            )
        )
    if problems:
        raise InvalidError(problems[0]["message"], field=problems[0]["field"], details=problems)
    if sum(line.total_minor for line in priced) > MAX_MINOR:
        raise InvalidError(f"together cost more than {MAX_MINOR} minor units", field="body.lines")
    return priced


def stated_money(lines: Sequence[LineIn]) -> set[int]:
    """Return the numbers of lines whose money is stated, not taken from the catalogue."""
    return {
        number
        for number, line in enumerate(lines, 1)
        if line.list_minor is not None or line.discount_minor is not None
    }
