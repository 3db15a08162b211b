"""What of a price is value added tax: arithmetic alone.

Prices include the tax. Of a line it is `total - total / (1 + rate)`, rounded half to even, once a
line; an order's tax is the sum of its lines' tax and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storefront_api.events.orders import OrderLineV1, OrderLineV2
from storefront_api.promotions.discounts import half_even

ALL_BASIS_POINTS = 10_000


@dataclass(frozen=True)
class TaxOfRate:
    """What of an order is taxed at one rate.

    Parameters
    ----------
    rate_bp
        Basis points of the price before tax.
    total_minor, tax_minor
        Sum of the lines, and of their tax, in minor units.
    """

    rate_bp: int
    total_minor: int
    tax_minor: int


def included(total_minor: int, rate_bp: int) -> int:
    """Return the tax in a price, in minor units; never more than the price.

    Parameters
    ----------
    total_minor
        The price, tax included.
    rate_bp
        Basis points of the price before tax.
    """
    return half_even(total_minor * rate_bp, ALL_BASIS_POINTS + rate_bp)


def taxed(lines: Sequence[OrderLineV1], rates: Mapping[str, int]) -> list[OrderLineV2]:
    """Return lines whose price is final with their tax.

    Parameters
    ----------
    rates
        Basis points of each sku.
    """
    return [
        OrderLineV2(
            **dict(line),
            tax_rate_bp=rates[line.sku],
            tax_minor=included(line.total_minor, rates[line.sku]),
        )
        for line in lines
    ]


def tax_of(lines: Iterable[OrderLineV2]) -> int | None:
    """Return the tax of an order's lines; None where nobody computed it."""
    known = [line.tax_minor for line in lines if line.tax_minor is not None]
    return sum(known) if known else None


def by_rate(lines: Iterable[OrderLineV2]) -> list[TaxOfRate]:
    """Return what is taxed at each rate, lowest first; nothing where nobody computed tax."""
    sums: dict[int, tuple[int, int]] = {}
    for line in lines:
        if line.tax_rate_bp is not None and line.tax_minor is not None:
            total, tax = sums.get(line.tax_rate_bp, (0, 0))
            sums[line.tax_rate_bp] = (total + line.total_minor, tax + line.tax_minor)
    return [TaxOfRate(rate, *sums[rate]) for rate in sorted(sums)]
