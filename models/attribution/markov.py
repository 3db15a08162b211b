"""The removal effect in a Markov chain of channels.

Source: E. Anderl, I. Becker, F. von Wangenheim, J. H. Schumann, Mapping the customer journey,
International Journal of Research in Marketing 33 (2016), of first order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.attribution.journeys import Journey, channels_of


def removal_effects(journeys: Sequence[Journey]) -> dict[str, float]:
    """Return which part of the orders would be lost without each channel.

    People walk from a start over channels to an order or to none, with the frequencies at which
    one followed another. Without a channel, who would have come to it is lost.

    Returns
    -------
    dict
        By channel, 1 - P(order without it) / P(order), between 0 and 1; zeros if there is no order.
    """
    channels = channels_of(journeys)
    steps, orders = _frequencies(journeys, channels)
    reached = _chance(steps, orders)
    if not reached:
        return dict.fromkeys(channels, 0.0)
    effects = {}
    for place, channel in enumerate(channels, start=1):
        left = steps.copy()
        left[:, place] = 0.0
        effects[channel] = float(1 - _chance(left, orders) / reached)
    return effects


def _frequencies(
    journeys: Sequence[Journey], channels: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how probably each state, the start first, leads to each other, and to an order."""
    places = {channel: place for place, channel in enumerate(channels, start=1)}
    steps = np.zeros((len(channels) + 1, len(channels) + 1))
    orders = np.zeros(len(channels) + 1)
    leaving = np.zeros(len(channels) + 1)
    for journey in journeys:
        people = journey.orders + journey.without_order
        before = 0
        for channel in journey.path:
            steps[before, places[channel]] += people
            leaving[before] += people
            before = places[channel]
        orders[before] += journey.orders
        leaving[before] += people
    seen = np.where(leaving > 0, leaving, 1.0)
    return steps / seen[:, None], orders / seen


def _chance(steps: NDArray[np.float64], orders: NDArray[np.float64]) -> float:
    """Return how probably the start ends in an order."""
    chances = np.linalg.solve(np.eye(len(orders)) - steps, orders)
    return float(chances[0])
