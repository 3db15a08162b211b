"""Two sides of the same money, merged by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Row = tuple[str, str, int]
"""A name, what it is of in words, and its money in minor units."""


@dataclass(frozen=True)
class Side:
    """How many names one side has, and their money in minor units."""

    count: int
    minor: int


@dataclass(frozen=True)
class Difference:
    """What is not the same on both sides.

    Parameters
    ----------
    about
        What it is in words: an order, a refund and its order, a payout and its vendor.
    ledger, marts
        Minor units; None where that side does not know it.
    """

    about: str
    ledger: int | None
    marts: int | None

    def __str__(self) -> str:
        told = ("nothing" if minor is None else f"{minor:,}" for minor in (self.ledger, self.marts))
        return "{}: {} in the ledger, {} in the marts".format(self.about, *told)


@dataclass(frozen=True)
class Outcome:
    """What came out of one comparison.

    Parameters
    ----------
    subject, table
        What was compared, and the mart that it was compared with.
    differences
        All of them, in order of their words.
    """

    subject: str
    table: str
    ledger: Side
    marts: Side
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether both sides have the same names with the same money."""
        return not self.differences


def compared(subject: str, table: str, ledger: Iterable[Row], marts: Iterable[Row]) -> Outcome:
    """Merge both sides; a name that one side has twice counts with its sum."""
    left, right = _summed(ledger), _summed(marts)
    differences = [
        Difference(
            (left.get(name) or right[name])[0],
            left[name][1] if name in left else None,
            right[name][1] if name in right else None,
        )
        for name in left.keys() | right.keys()
        if left.get(name, ("", None))[1] != right.get(name, ("", None))[1]
    ]
    return Outcome(
        subject,
        table,
        _side(left),
        _side(right),
        tuple(sorted(differences, key=lambda difference: difference.about)),
    )


def _summed(rows: Iterable[Row]) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for name, about, minor in rows:
        found[name] = (about, minor + found.get(name, ("", 0))[1])
    return found


def _side(rows: dict[str, tuple[str, int]]) -> Side:
    return Side(len(rows), sum(minor for _, minor in rows.values()))
