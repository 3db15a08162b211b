"""Shapley's value of channels as players.

Source: L. S. Shapley, A value for n-person games (1953); for channels, K. Zhao, S. H. Mahboobi,
S. R. Bagheri, Shapley value methods for attribution modeling in online advertising (2018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from models.attribution.journeys import Journey, channels_of


def shapley_values(journeys: Sequence[Journey]) -> dict[str, Fraction]:
    """Return how many orders each channel is worth.

    A coalition of channels is worth the orders whose journeys need no other channel. This game is
    a sum of unanimity games, one for each set of channels, and the value of such a game is shared
    equally by the set: the answer is exact for any number of channels, without trying coalitions.

    Returns
    -------
    dict
        By channel, in orders; together they are all orders.
    """
    values: dict[str, Fraction] = defaultdict(Fraction)
    for journey in journeys:
        players = set(journey.path)
        for channel in players:
            values[channel] += Fraction(journey.orders, len(players))
    return {channel: values[channel] for channel in channels_of(journeys)}
