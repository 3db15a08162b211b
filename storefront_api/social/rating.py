"""What the ratings of a product come to, so that one review of five stars does not lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

MOST = 5
"""Stars."""


@dataclass(frozen=True)
class Prior:
    """What is assumed of a product before anybody rated it; a row of `rating_priors`.

    Parameters
    ----------
    weight
        As many ratings the assumption counts for.
    total
        The sum of those ratings, in stars.
    source
        Where the numbers come from.
    """

    version: int
    weight: int
    total: int
    source: str
    valid_from: datetime

    @property
    def mean(self) -> Fraction:
        """What a product without a rating is shown with, in stars."""
        return Fraction(self.total, self.weight)


def mean(stars: Sequence[int]) -> Fraction | None:
    """Return the arithmetic mean in stars; None without ratings.

    Parameters
    ----------
    stars
        How many ratings of one star, of two …, of five there are.
    """
    count = sum(stars)
    return Fraction(_sum(stars), count) if count else None


def weighted(stars: Sequence[int], prior: Prior) -> Fraction:
    """Return the Bayesian average in stars: the prior's ratings and the real ones together.

    With v ratings of mean R, a prior of weight m and mean C it is vR/(v+m) + mC/(v+m), which is
    the form that IMDb publishes for its lists.
    """
    return Fraction(prior.total + _sum(stars), prior.weight + sum(stars))


def _sum(stars: Sequence[int]) -> int:
    return sum(number * count for number, count in enumerate(stars, start=1))
