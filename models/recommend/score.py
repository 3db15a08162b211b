"""Ranking products for a shopper with a trained model; nothing is ever fitted here."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SKUS_FILE = "skus.json"
TABLES_FILE = "tables.npz"
AGAIN = "you bought or looked at this lately"
WITH_CART = "often bought together with what is on the page or in the cart"
WITH_RECENT = "often bought together with your latest products"
POPULAR = "popular in the last weeks"


@dataclass(frozen=True)
class Weights:
    """How much each source of candidates counts.

    Parameters
    ----------
    again
        Of a product's own rate of being bought again.
    recent, context
        Of its being bought together with the latest products and with the context's.
    popular
        Of its share of the latest orders.
    fade
        Places of the recent list after which a product counts 1/e of the first.
    """

    again: float
    recent: float
    context: float
    popular: float
    fade: float


@dataclass(frozen=True)
class Tables:
    """What training leaves, one entry a product, in the order of `skus`.

    Parameters
    ----------
    skus
        The products.
    starts, neighbours, strengths
        Products bought together with each, in compressed rows; product i's lie in
        ``[starts[i], starts[i + 1])``.
    again
        Rate at which a buyer buys the product again within weeks, 0 to 1.
    popular
        Share of the latest orders that contain it, 0 to 1.
    """

    skus: tuple[str, ...]
    starts: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    strengths: NDArray[np.float32]
    again: NDArray[np.float32]
    popular: NDArray[np.float32]


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
        self._popular = np.asarray(tables.popular * weights.popular, dtype=np.float64)

    def recommend(self, *, recent: Sequence[str], context: Sequence[str], k: int) -> list[Item]:
        """Rank what the shopper met lately, what goes with it and with the context, and the rest.

        Parameters
        ----------
        recent
            SKUs that the shopper met, latest first; unknown ones are passed over.
        context
            SKUs of the page or cart; none of them is recommended.
        k
            Products wanted; fewer come back only if the model knows fewer.
        """
        met, faded = self._known(recent)
        near, _ = self._known(context)
        parts = np.zeros((4, len(self._tables.skus)))
        weights = self._weights
        np.add.at(parts[0], met, weights.again * faded * self._tables.again[met])
        if len(met):
            self._add_neighbours(parts[1], met, weights.recent * faded)
        if len(near):
            self._add_neighbours(parts[2], near, np.full(len(near), weights.context / len(near)))
        parts[3] = self._popular
        totals = parts.sum(axis=0)
        totals[near] = -np.inf
        wanted = min(max(k, 0), len(totals) - len(near))
        best = np.argsort(-totals, kind="stable")[:wanted]
        reasons = (AGAIN, WITH_RECENT, WITH_CART, POPULAR)
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


def save(tables: Tables) -> dict[str, bytes]:
    """Return the tables as an artifact's files; the same tables give the same bytes."""
    content = io.BytesIO()
    np.savez(
        content,
        starts=tables.starts,
        neighbours=tables.neighbours,
        strengths=tables.strengths,
        again=tables.again,
        popular=tables.popular,
    )
    return {SKUS_FILE: json.dumps(tables.skus).encode(), TABLES_FILE: content.getvalue()}


def load(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Recommender:
    """Return the scorer of an artifact.

    Raises
    ------
    KeyError
        If a file, a table or the weights are missing.
    """
    with np.load(io.BytesIO(files[TABLES_FILE]), allow_pickle=False) as arrays:
        tables = Tables(
            skus=tuple(json.loads(files[SKUS_FILE])),
            starts=arrays["starts"],
            neighbours=arrays["neighbours"],
            strengths=arrays["strengths"],
            again=arrays["again"],
            popular=arrays["popular"],
        )
    return Recommender(tables, Weights(**manifest["params"]["weights"]))
