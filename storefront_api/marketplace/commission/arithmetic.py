"""What a commission is, and how much of it comes back: whole numbers alone.

A line's commission is `sale * rate / 10000`, rounded half to even, line by line. What comes back
is the commission of all that was undone so far, rounded likewise, less what came back before: so
steps add up, and when all of a sale is undone, all of its commission has come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from storefront_api.promotions.discounts import split

BASIS_POINTS = 10_000


class Bearing(Protocol):
    """A line that can bear a part of what is given back."""

    @property
    def line_number(self) -> int:
        """Its number."""

    @property
    def sku(self) -> str:
        """What it sold."""

    @property
    def left_minor(self) -> int:
        """What can still be given back of it, in minor units."""


@dataclass(frozen=True)
class Line:
    """A line of an order as it was frozen, and what was undone of it.

    Parameters
    ----------
    commission_minor
        Of the whole sale, in minor units, as `sale_minor`.
    undone_minor
        Refunded and charged back so far; at most `sale_minor`.
    """

    line_number: int
    vendor_id: str
    sku: str
    sale_minor: int
    commission_minor: int
    undone_minor: int

    @property
    def left_minor(self) -> int:
        """What can still be undone."""
        return self.sale_minor - self.undone_minor


@dataclass(frozen=True)
class Share:
    """What one line bears of a refund or chargeback, and the commission that comes back."""

    line: Line
    sale_minor: int
    commission_minor: int


def half_even(numerator: int, denominator: int) -> int:
    """Return the quotient of two numbers that are not negative, rounded half to even."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2))


def commission(sale_minor: int, rate_bp: int) -> int:
    """Return the commission of a line, in minor units."""
    return half_even(sale_minor * rate_bp, BASIS_POINTS)


def returned(line: Line, sale_minor: int) -> int:
    """Return the commission that comes back when so much more of a line is undone."""
    return part_undone(line.commission_minor, line.sale_minor, line.undone_minor, sale_minor)


def part_undone(part_minor: int, sale_minor: int, before_minor: int, more_minor: int) -> int:
    """Return what of a part of a line comes back when more of the line is undone.

    Whatever the steps, all of the part has come back when all of the line is undone, and never
    more of it.

    Parameters
    ----------
    part_minor, sale_minor
        The part, and the whole line, above 0.
    before_minor, more_minor
        What was undone of the line before, and what is undone of it now.
    """
    before = half_even(part_minor * before_minor, sale_minor)
    return half_even(part_minor * (before_minor + more_minor), sale_minor) - before


def spread(
    lines: Sequence[Bearing],
    amount_minor: int,
    skus: frozenset[str] = frozenset(),
    stated: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """Return what each line of an order bears of a refund or chargeback, by line number.

    Parameters
    ----------
    amount_minor
        What is given back. What exceeds the sale that is left is nobody's: the store bears it.
    skus
        What came back: its lines bear first, all others only what these cannot.
    stated
        Minor units by line number, if it was said which lines it is for; these bear first.

    Returns
    -------
    0 for a line that bears nothing; within what `skus` and `stated` leave open, each bears in
    proportion to what is left of it, by the largest remainder.
    """
    borne = dict.fromkeys((line.line_number for line in lines), 0)
    left = min(amount_minor, sum(line.left_minor for line in lines))
    for number, wanted in (stated or {}).items():
        line = next((line for line in lines if line.line_number == number), None)
        if line is not None:
            borne[number] = min(wanted, line.left_minor, left)
            left -= borne[number]
    for first in (True, False):
        among = [line for line in lines if (line.sku in skus) is first]
        weights = [line.left_minor - borne[line.line_number] for line in among]
        amount = min(left, sum(weights))
        for line, part in zip(among, split(amount, weights), strict=True):
            borne[line.line_number] += part
        left -= amount
    return borne


def shares(
    lines: Sequence[Line],
    amount_minor: int,
    skus: frozenset[str] = frozenset(),
    stated: Mapping[int, int] | None = None,
) -> list[Share]:
    """Return the lines that bear a refund or chargeback, as `spread` has it, with commission."""
    borne = spread(lines, amount_minor, skus, stated)
    return [
        Share(line, borne[line.line_number], returned(line, borne[line.line_number]))
        for line in lines
        if borne[line.line_number]
    ]
