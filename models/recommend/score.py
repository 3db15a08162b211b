"""Ranking products for a shopper with a trained model; nothing is ever fitted here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.recommend.tables import Tables, unpack

OWN = "you buy this often"
AGAIN = "you bought or looked at this lately"
WITH_CART = "often bought together with what is on the page or in the cart"
WITH_RECENT = "often bought together with your latest products"
POPULAR = "popular in the last weeks"


@dataclass(frozen=True)
class Weights:
    """How much each source of candidates counts.

    Parameters
    ----------
    own
        Of the rate at which the shopper buys the product, as training left it.
    again
        Of a latest product's rate of being bought again by anybody.
    recent, context
        Of its being bought together with the latest products and with the context's.
    popular
        Of its share of the latest orders.
    fade
        Places of the recent list after which a product counts 1/e of the first.
    """

    own: float
    again: float
    recent: float
    context: float
    popular: float
    fade: float


@dataclass(frozen=True)
class Item:
    """A product of a slate, its score within it, and why it is there."""

    sku: str
    score: float
    reason: str


class Recommender:
    """A trained model."""

    def __init__(self, tables: Tables, weights: Weights) -> None:
        self._tables = tables
        self._weights = weights
        self._places = {sku: place for place, sku in enumerate(tables.skus)}
        self._shoppers = {subject: place for place, subject in enumerate(tables.subjects)}
        self._popular = np.asarray(tables.popular * weights.popular, dtype=np.float64)

    def recommend(
        self, *, subject: str, recent: Sequence[str], context: Sequence[str], k: int
    ) -> list[Item]:
        """Rank what the shopper buys, what goes with it and with the context, and the rest.

        Parameters
        ----------
        subject
            The shopper; one that training did not meet is known by `recent` alone.
        recent
            SKUs that the shopper met, latest first; unknown ones are passed over.
        context
            SKUs of the page or cart; none of them is recommended.
        k
            Products wanted; fewer come back only if the model knows fewer.
        """
        met, faded = self._known(recent)
        near, _ = self._known(context)
        parts = np.zeros((5, len(self._tables.skus)))
        weights = self._weights
        self._add_own(parts[0], subject)
        parts[1][met] = weights.again * faded * self._tables.again[met]
        if len(met):
            self._add_neighbours(parts[2], met, weights.recent * faded)
        if len(near):
            self._add_neighbours(parts[3], near, np.full(len(near), weights.context / len(near)))
        parts[4] = self._popular
        totals = parts.sum(axis=0)
        totals[near] = -np.inf
        best = _best(totals, min(max(k, 0), len(totals) - len(near)))
        reasons = (OWN, AGAIN, WITH_RECENT, WITH_CART, POPULAR)
        strongest = parts[:, best].argmax(axis=0)
        return [
            Item(self._tables.skus[place], float(totals[place]), reasons[source])
            for place, source in zip(best, strongest, strict=True)
        ]

    def _known(self, skus: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the places of the known products, each once, and how far each has faded."""
        ranked = [
            (self._places[s], r) for r, s in enumerate(dict.fromkeys(skus)) if s in self._places
        ]
        places = np.array([place for place, _ in ranked], dtype=np.int64)
        ranks = np.array([rank for _, rank in ranked], dtype=np.float64)
        return places, np.exp(-ranks / self._weights.fade)

    def _add_own(self, totals: NDArray[np.float64], subject: str) -> None:
        shopper = self._shoppers.get(subject)
        if shopper is not None:
            row = slice(self._tables.own_starts[shopper], self._tables.own_starts[shopper + 1])
            totals[self._tables.own_places[row]] = self._weights.own * self._tables.own_rates[row]

    def _add_neighbours(
        self,
        totals: NDArray[np.float64],
        places: NDArray[np.int64],
        weights: NDArray[np.float64],
    ) -> None:
        for place, weight in zip(places, weights, strict=True):
            row = slice(self._tables.starts[place], self._tables.starts[place + 1])
            # A row names each neighbour once, so plain indexed addition loses nothing.
            totals[self._tables.neighbours[row]] += weight * self._tables.strengths[row]


def _best(totals: NDArray[np.float64], wanted: int) -> NDArray[np.int64]:
    """Return the places of the highest totals, the highest first and the first among equals."""
    if wanted == 0:
        return np.array([], dtype=np.int64)
    least = np.partition(totals, len(totals) - wanted)[len(totals) - wanted]
    candidates = np.flatnonzero(totals >= least)
    return candidates[np.argsort(-totals[candidates], kind="stable")[:wanted]]


def load(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Recommender:
    """Return the scorer of an artifact.

    Raises
    ------
    KeyError
        If a file, a table or the weights are missing.
    """
    return Recommender(unpack(files), Weights(**manifest["params"]["weights"]))
