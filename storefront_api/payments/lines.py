"""Which lines of an order bear a refund, and how much of it is value added tax.

The tax goes back with the price in the steps in which commission does: of a line it is the tax of
all that was given back so far, rounded half to even, less what went back before. So every refund
states its exact share, no line ever gives back more than its tax, and a line that is refunded whole
has given back all of it, whatever the steps were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storefront_api.events.orders import RefundedLineV1
from storefront_api.marketplace.commission.arithmetic import part_undone, spread


@dataclass(frozen=True)
class PaidLine:
    """A line of an order, and what was given back of it.

    Parameters
    ----------
    total_minor, tax_minor
        What it cost, and the part of that which is tax; None where nobody computed it.
    refunded_minor
        Given back before.
    """

    line_number: int
    sku: str
    total_minor: int
    tax_minor: int | None
    refunded_minor: int

    @property
    def left_minor(self) -> int:
        """What can still be given back."""
        return self.total_minor - self.refunded_minor


def refunded_lines(
    lines: Sequence[PaidLine],
    amount_minor: int,
    skus: frozenset[str] = frozenset(),
    by_line: Mapping[int, int] | None = None,
) -> list[RefundedLineV1]:
    """Return the lines that bear a refund, each with its part of it and the tax in that.

    Parameters
    ----------
    amount_minor
        What is given back of the goods' price, at most what is left of all lines.
    skus, by_line
        Which lines bear it first, as `commission.arithmetic.spread` says.
    """
    borne = spread(lines, amount_minor, skus, by_line)
    return [
        RefundedLineV1(
            line_number=line.line_number,
            amount_minor=borne[line.line_number],
            tax_minor=_tax(line, borne[line.line_number]),
        )
        for line in lines
        if borne[line.line_number]
    ]


def _tax(line: PaidLine, amount_minor: int) -> int | None:
    if line.tax_minor is None:
        return None
    return part_undone(line.tax_minor, line.total_minor, line.refunded_minor, amount_minor)


def tax_of(lines: Sequence[RefundedLineV1]) -> int | None:
    """Return the tax in a refund; None where nobody computed the order's."""
    known = [line.tax_minor for line in lines if line.tax_minor is not None]
    return sum(known) if known else None
