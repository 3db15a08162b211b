"""What some units of a line cost, to the minor unit: arithmetic alone.

A line's amounts are split over its units by the largest remainder, which for equal units gives the
first ones a minor unit more. What a unit is given back depends on how many came back before it, so
that however the units come back, all of them together are given exactly what the line cost.
"""

from __future__ import annotations


def of_first(amount_minor: int, quantity: int, units: int) -> int:
    """Return what the first units of a line carry of one of its amounts, in minor units."""
    each, rest = divmod(amount_minor, quantity)
    return units * each + min(units, rest)


def share(amount_minor: int, quantity: int, before: int, units: int) -> int:
    """Return what further units of a line carry of one of its amounts, in minor units.

    Parameters
    ----------
    amount_minor
        The amount of the whole line: its list price, its discount, or a tax.
    quantity
        Units of the line, at least 1.
    before
        Units that came back before these.
    """
    taken = of_first(amount_minor, quantity, before)
    return of_first(amount_minor, quantity, before + units) - taken
