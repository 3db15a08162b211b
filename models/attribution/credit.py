"""From what a channel is worth to its share of the money, in whole minor units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import pandas as pd

from models.attribution.journeys import Journey
from models.attribution.markov import removal_effects
from models.attribution.shapley import shapley_values

COLUMNS = ("model", "channel", "share", "orders", "credit_minor")


def _fractions(journeys: Sequence[Journey]) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in removal_effects(journeys).items()}


MODELS: Mapping[str, Callable[[Sequence[Journey]], dict[str, Fraction]]] = {
    "markov": _fractions,
    "shapley": shapley_values,
}
"""What each model says that channels are worth, in any unit."""


def credits(journeys: Sequence[Journey]) -> pd.DataFrame:
    """Return what each model credits each channel with.

    Parameters
    ----------
    journeys
        All of them, each path once.

    Returns
    -------
    pandas.DataFrame
        The columns `COLUMNS`, a row per model and channel, sorted by both: the channel's share
        (0 to 1), the orders that it makes, and its minor units. A model's minor units add up to
        all that was paid, whatever is left going to the largest remainders, of equal ones to the
        first channel.
    """
    orders = sum(journey.orders for journey in journeys)
    paid = sum(journey.total_minor for journey in journeys)
    rows = []
    for model, worth in MODELS.items():
        values = worth(journeys)
        whole = sum(values.values(), Fraction())
        shares = {name: value / whole for name, value in values.items()} if whole else {}
        split = _split(paid, shares)
        rows += [
            (model, name, float(share), float(share * orders), split[name])
            for name, share in sorted(shares.items())
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _split(amount: int, shares: Mapping[str, Fraction]) -> dict[str, int]:
    parts = {name: int(amount * share) for name, share in shares.items()}
    rest = {name: amount * share - parts[name] for name, share in shares.items()}
    left = amount - sum(parts.values())
    for name in sorted(rest, key=lambda name: (-rest[name], name))[:left]:
        parts[name] += 1
    return parts
