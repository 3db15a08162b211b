"""What shoppers feel about products, and what they do about it.

The formulas are in docs/simulation.md; each probability here is written to the truth beside the
outcome that was drawn from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deploy.demo.shoppers.catalogue import Catalogue
from deploy.demo.shoppers.parameters import ClickModel, Logistic
from deploy.demo.shoppers.people import People
from deploy.demo.shoppers.streams import Floats

GREEN_WEIGHT = 2.0
"""Utility of a wholly sustainable product over an average one, to whom nothing else matters."""


def utilities(
    people: People,
    person: int,
    catalogue: Catalogue,
    indices: NDArray[np.int64],
    prices_minor: Floats,
) -> Floats:
    """Return a person's utility of some products at the prices that are shown.

    It is t·v / √K + 2 g (s - ½) - β ln(p / p_ref).
    """
    taste = people.tastes[person]
    match = catalogue.vectors[indices] @ taste / math.sqrt(len(taste))
    green = GREEN_WEIGHT * people.green[person] * (catalogue.green[indices] - 0.5)
    dear = np.log(np.maximum(prices_minor, 1.0) / catalogue.reference_minor[indices])
    return np.asarray(match + green - people.price_sensitivity[person] * dear)


def chance(model: Logistic, utility: Floats | float, more: Floats | float = 0.0) -> Floats:
    """Return sigmoid(bias + scale · utility + more)."""
    return np.asarray(1.0 / (1.0 + np.exp(-(model.bias + model.scale * utility + more))))


def sigmoid(log_odds: float) -> float:
    """Return the probability of some log-odds."""
    return 1.0 / (1.0 + math.exp(-log_odds))


def examinations(model: ClickModel, count: int) -> Floats:
    """Return the chance that each position is looked at: (1/k)^η for k = 1, 2, ….

    The position-based model is Craswell et al.'s, WSDM 2008; its form Joachims et al.'s, WSDM 2017.
    """
    return np.asarray(np.arange(1, count + 1, dtype=np.float64) ** -model.eta)


def clicks(
    examination: Floats, relevance: Floats, draws: Floats, most: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which positions are examined, and which of those are clicked.

    Parameters
    ----------
    draws
        2 × positions, uniform in [0, 1).
    most
        Clicks on one page; those further down are not made.
    """
    examined = draws[0] < examination
    clicked = examined & (draws[1] < relevance)
    clicked &= np.cumsum(clicked) <= most
    return examined, clicked


def weighted(draw: float, weights: Sequence[float]) -> int:
    """Return the index that a uniform draw chooses."""
    edges = np.cumsum(weights)
    return int(min(np.searchsorted(edges, draw * edges[-1], side="right"), len(weights) - 1))
